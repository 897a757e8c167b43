"""The clip of an event on the card and in the timeline of its alert: in a real browser, played, paused and moved in."""

import asyncio
from collections.abc import Callable

import numpy as np

from hub.clip import Clip
from ingest.clips.making import made
from ingest.clips.place import Place
from ingest.clips.ring import Ring
from tests.acceptance.test_duty_page import shot
from tests.acceptance.test_page import LINK, browser
from tests.support.chromium import Chromium
from tests.support.pictures import jpeg
from tests.support.scene_clips import fire_at_house
from tests.support.served_api import api_context, client_of, raise_alert, register, served

__all__ = ["browser"]
S = 1_000_000
SEED = """
with a as (update alert set event_kind = 'fire' where id = %(alert)s returning device_id, opened_at),
e as (insert into event (id, device_id, ts, received_at, kind, state)
      select gen_random_uuid(), device_id, opened_at + n * interval '1 s', now(), 'fire', 'active'
      from a, generate_series(1, 2) n returning id, device_id, ts),
p as (insert into event_picture (event_id, device_id, received_at, why, width, height, whole, content)
      select e.id, e.device_id, e.ts, case when e.ts = a.opened_at + interval '1 s' then 'too_slow' end,
             320, 180, false,
             case when e.ts > a.opened_at + interval '1 s' then %(jpeg)s::bytea end from e, a)
insert into event_clip (event_id, device_id, received_at, why, width, height, seconds, before_s, whole, content)
select id, device_id, now(), w.why, 320, 180, %(seconds)s, %(before_s)s, false, w.content
from (select e.*, row_number() over (order by ts) as n from e) e
join (values (1, null, %(webp)s::bytea), (2, 'shed', null)) w (n, why, content) on w.n = e.n
"""
CANVAS = "document.querySelector('#timeline-pictures canvas')"
PLACE = "Number(document.querySelector('#timeline-pictures input').value)"
TIME = "document.querySelector('#timeline-pictures .player .small').textContent"
FIRE = f"""[...{CANVAS}.getContext('2d').getImageData(0, 0, 320, 180).data]
    .filter((value, at, all) => at % 4 === 0 && value > 120 && value - all[at + 2] > 70).length"""


TIMELINE = "document.getElementById('timeline-dialog').textContent"
CARD = "document.querySelector('#alert-cards .seen')"
ON_CARD = f"{CARD}.querySelectorAll('button').length"
ASKED = "performance.getEntriesByType('resource').filter(({ name }) => name.includes('/pictures?')).length"
LATER = """new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))
    .then(() => fetch('/api/v1/alerts/{alert}/pictures?lang=en')).then((answer) => answer.text())"""
LIST = "document.getElementById('timeline-pictures').textContent"
MOVE = """{{ const slider = document.querySelector('#timeline-pictures input');
    slider.value = {}; slider.dispatchEvent(new Event('input')); }}"""


def button(text: str) -> str:
    buttons = "[...document.querySelectorAll('#timeline-pictures button')]"
    return f"{buttons}.find((each) => each.textContent.startsWith('{text}'))"


def clip() -> Clip:
    place, ring = Place(3, S, b"gate"), Ring(4)
    for t, frame in fire_at_house(12.0):
        if t in (1.0, 2.0, 3.0, 4.0, 5.0):
            place.learn(round((t + 1) * 2 * S), frame)
        if t >= 8:
            ring.put(t, frame)
    return made(ring.cut(8, 12), 10.2, place)


async def test_a_clip_is_played_in_the_timeline_of_its_alert(database: str, browser: Callable[[], Chromium]) -> None:
    fire = clip()
    async with api_context(database) as context:
        async with client_of(context) as client:
            await register(client, 1)
        alert = await raise_alert(context.hub_pool)
        async with context.hub_pool.connection() as conn:
            told = {"alert": alert, "webp": fire.webp, "seconds": fire.seconds, "before_s": fire.before_s}
            still = jpeg(np.full((180, 320, 3), 90, np.uint8))
            await conn.execute(SEED.encode(), {**told, "jpeg": still})
        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.resize(390, 200)
                    page.open(url)
                    page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                    page.wait_for("document.querySelector('#alert-cards [data-desk=timeline]') !== null", "the alert")
                    page.evaluate(LATER.format(alert=alert))
                    assert page.evaluate(f"[{ASKED}, {ON_CARD}]") == [1, 0], "nothing else is asked for out of view"
                    page.resize(1280, 1000)
                    page.wait_for(f"{ON_CARD} === 2", "the card says that there are a picture and a clip")
                    assert page.evaluate(f"[{ASKED}, {CARD}.querySelectorAll('canvas').length]") == [2, 0]
                    for kind, begin in (("picture", "Picture of "), ("clip", "Clip of ")):
                        shown = f"{CARD}.querySelector('.{kind}')"
                        assert page.evaluate(f"{shown}.textContent").startswith(begin)
                        assert page.evaluate(f"{shown}.firstChild.ariaDescribedByElements[0].tagName") == "H3"
                        page.evaluate(f"{shown}.querySelector('button').click()")
                        page.wait_for(f"{shown}.querySelector('canvas')?.width === 320", "it is shown there")
                    shot(page, "card-en")
                    page.evaluate("document.getElementById('language').click()")
                    page.wait_for(f"/的图片.*的短片/.test({CARD}.textContent)", "both in Chinese")
                    page.evaluate("document.getElementById('language').click()")
                    opening = "document.querySelector('#alert-cards [data-desk=timeline]').click()"
                    assert "Loading" in page.evaluate(f"({opening}, {TIMELINE})"), "it is said at once"
                    page.wait_for(f"{button('Clip of')} !== undefined", "there is a clip")
                    page.wait_for("document.querySelector('#timeline-dialog .busy').textContent === ''", "it has come")
                    assert "There is no clip: no clips are made while" in page.evaluate(LIST)
                    page.evaluate(f"{button('Clip of')}.click()")
                    page.wait_for(f"{CANVAS} !== null && {PLACE} > 3", "it is played")
                    page.evaluate(f"{button('Pause')}.click()")
                    assert page.evaluate(f"{CANVAS}.width") == 320
                    page.evaluate(MOVE.format(0))
                    page.wait_for(f"{TIME} === '−{fire.before_s:.1f} s' && {FIRE} < 50", "its begin, before the fire")
                    page.evaluate(MOVE.format(18))
                    page.wait_for(f"{TIME}.startsWith('+') && {FIRE} > 200", "and the fire, after it has begun")
                    shot(page, "clip-en")
                    page.evaluate("document.getElementById('language').click()")
                    page.evaluate("document.getElementById('timeline-again').click()")
                    page.wait_for(f"{button('收起短片')} === undefined && {LIST}.includes('短片')", "in Chinese")
                    assert page.complaints == []

            await asyncio.to_thread(look)
        async with context.hub_pool.connection() as conn:
            counted = "select action, count(*)::int from audit where action in ('clip.read', 'picture.read') group by 1"
            read: dict[str, int] = dict(await (await conn.execute(counted)).fetchall())
        assert read == {"picture.read": 1, "clip.read": 2}, "each reading is in the audit"
