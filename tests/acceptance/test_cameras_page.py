"""The cameras on the page: what is wrong, what it costs, how far the patrol is, and a picture; in a real browser."""

import asyncio
from collections.abc import Callable

import numpy as np

from tests.acceptance.test_duty_page import shot
from tests.acceptance.test_page import LINK, browser
from tests.support.chromium import Chromium
from tests.support.pictures import jpeg
from tests.support.served_api import api_context, client_of, register, served

__all__ = ["browser"]
THREE = """
insert into camera_connection (device_id, kind, url, state, since, heard_at, patrolled, figures, last_error)
select d.id, 'rtsp', 'rtsp://10.0.0.1/' || d.code, v.state, now(), now(), v.patrolled, v.figures::jsonb, v.error
from device d join (values
    ('air-0', 'up', false, '{"pace": "full", "encoding": "H264", "width": 1280, "height": 720, "cpu": 0.031,
        "analysed_per_s": 5, "bits_per_s": 2000000, "dropped": 0}', null),
    ('air-1', 'down', false, null, 'nothing answers at 10.0.0.1:554'),
    ('air-2', 'up', true, '{"source": "patrol", "result": "faults", "seconds": 3.2, "faults": {"blur": 0.9}}', null)
) v (code, state, patrolled, figures, error) on v.code = d.code
"""
ROUND = """
insert into patrol_visit (device_id, visited_at, result, faults, round)
select id, now(), 'faults', '{blur}', 7 from device where code = 'air-2'
"""
BEGUN = """
insert into patrol_round (began_at, ended_at, last_s, last_cameras, number)
values (now() - interval '10 min', now() - interval '8 min', 106, 4000, 7)
"""
PICTURE = """
with e as (insert into event (id, device_id, ts, received_at, kind, state, attributes)
    select gen_random_uuid(), id, now(), now(), 'video_quality', 'active', '{"code": "blurry"}'
    from device where code = 'air-2' returning id, device_id)
insert into event_picture (event_id, device_id, received_at, width, height, whole, content)
select id, device_id, now(), 320, 180, false, %(jpeg)s from e
"""
THOUSAND = """
with many as (insert into device (code, name, profile_id)
    select 'cam-' || lpad(n::text, 4, '0'), 'Camera ' || n, (select profile_id from device where code = 'air-0')
    from generate_series(4, 1000) n returning id, code)
insert into camera_connection (device_id, kind, url, state, since, heard_at, figures)
select id, 'rtsp', 'rtsp://10.0.0.2/' || code, case when right(code, 1) = '7' then 'down' else 'up' end, now(), now(),
       '{"pace": "full", "cpu": 0.01}' from many
"""
ROWS = "document.querySelectorAll('#camera-rows > li').length"
TEXT = "document.getElementById('cameras-dialog').textContent"
AGAIN = "document.getElementById('cameras-again')"
HELD = """window.real = fetch;
    window.fetch = (path, ...rest) => (path.includes('/camera-patrol')
        ? new Promise((_, failed) => { window.fail = () => failed(new TypeError('away')); }) : real(path, ...rest));"""


def choose(which: str) -> str:
    select = "document.getElementById('cameras-which')"
    return f"{select}.value = '{which}'; {select}.dispatchEvent(new Event('change'));"


async def test_cameras_are_told_with_what_is_wrong_and_their_newest_picture(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context:
        async with client_of(context) as client:
            await register(client, 3)
        async with served(context) as url:
            loop = asyncio.get_running_loop()

            async def run(statement: str, **told: bytes) -> None:
                async with context.hub_pool.connection() as conn:
                    await conn.execute(statement.encode(), told or None)

            def store(statement: str, **told: bytes) -> None:
                asyncio.run_coroutine_threadsafe(run(statement, **told), loop).result(30)

            def look() -> None:
                with browser() as page:
                    page.resize(1280, 900)
                    page.open(url)
                    page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                    page.evaluate(HELD)
                    assert "Loading" in page.evaluate(f"(document.getElementById('cameras').click(), {TEXT})")
                    page.wait_for("window.fail !== undefined", "it is asked")
                    page.evaluate("fail()")
                    page.wait_for(f"{TEXT}.includes('The hub does not answer')", "it is said that it failed")
                    assert "Loading" not in page.evaluate(TEXT)
                    shot(page, "cameras-failed")
                    page.evaluate("window.fetch = real")
                    page.evaluate("document.querySelector('#cameras-dialog .again').click()")
                    page.wait_for(f"{TEXT}.includes('No camera is looked at yet')", "there is none")
                    assert page.evaluate("document.getElementById('cameras-wrong').hidden"), "it is over"
                    shot(page, "cameras-0")
                    for statement in (THREE, ROUND, BEGUN):
                        store(statement)
                    store(PICTURE, jpeg=jpeg(np.full((180, 320, 3), 90, np.uint8)))
                    page.evaluate(f"{AGAIN}.click()")
                    page.wait_for(f"{TEXT}.includes('3 cameras, 2 with something wrong')", "what is wrong comes first")
                    page.evaluate(choose("wrong"))
                    assert page.evaluate(ROWS) == 2
                    told = page.evaluate(TEXT)
                    assert "blur" in told
                    assert "nothing answers at 10.0.0.1:554" in told
                    assert "the last whole round took 106 s for 4,000 cameras" in told
                    rows = "[...document.querySelectorAll('#camera-rows > li')]"
                    blurred = f"{rows}.find((li) => li.textContent.includes('air-2'))"
                    page.evaluate(f"{blurred}.querySelector('button').click()")
                    page.wait_for(f"{blurred}.querySelector('canvas')?.width === 320", "its picture")
                    page.evaluate(choose(""))
                    shot(page, "cameras-3")
                    store(THOUSAND)
                    page.evaluate(f"{AGAIN}.click()")
                    page.wait_for(f"{TEXT}.includes('1,000 cameras, 102 with something wrong')", "a thousand")
                    assert page.evaluate(ROWS) == 50
                    page.evaluate("document.getElementById('cameras-more').click()")
                    assert page.evaluate(ROWS) == 100
                    page.resize(390, 844, phone=True)
                    page.evaluate("document.getElementById('language').click()")
                    page.evaluate(f"{AGAIN}.click()")
                    page.wait_for(f"{TEXT}.includes('共 1,000 路摄像机，102 路异常')", "in Chinese")
                    shot(page, "cameras-1000-phone-zh")
                    wide = "document.getElementById('cameras-dialog')"
                    assert page.evaluate(f"{wide}.scrollWidth <= {wide}.clientWidth"), "nothing is beyond the screen"
                    assert page.complaints == []

            await asyncio.to_thread(look)
