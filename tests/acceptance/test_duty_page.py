"""Who is on duty, on the page, and the desk that is asked whether somebody is there: in a real browser."""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path

from tests.acceptance.test_login_page import fill, press, with_accounts
from tests.acceptance.test_page import LINK, RUNG, browser
from tests.support.accounts import PASSWORD
from tests.support.chromium import Chromium
from tests.support.served_api import api_context, served

__all__ = ["browser"]
ROTAS = """
insert into organisation (code, name) values ('desk', 'Desk');
update account set must_change = false;
insert into rota (code, name, organisation, zone, shifts, unit, from_date, leader)
select r.code, r.name, 'desk', 'Asia/Shanghai', shifts::jsonb, 'day', '2026-01-01', p.id
from principal p, (values
    ('city', '城市应急值守', '[{"name": "day", "begin": 0, "end": 1440, "days": ["every"]}]'),
    ('water', '防汛值班', '[{"name": "work", "begin": 0, "end": 1440, "days": ["workday"]}]')) as r (code, name, shifts)
where p.name = 'admin';
insert into rota_member select r.code, 0, p.id from rota r, principal p where p.name = 'li.wei';
"""
ROWS = """[...document.querySelectorAll('#duty-rows li')]
    .map((row) => `${row.dataset.state}: ${[...row.children].map((each) => each.textContent).join(' ').trim()}`)
    .join(' | ')"""
HIDDEN = "document.querySelector('#duty-rows [data-handover=make]').hidden"
ASKED = "!document.getElementById('desk').hidden && document.getElementById('desk-text').textContent"
UNTIL = "document.getElementById('desk-until').textContent"
SHOTS = os.environ.get("HUB_TEST_SHOTS")
"""A folder, to look at what the page shows."""


async def test_a_desk_shows_who_is_on_duty_and_is_asked_whether_somebody_is_there(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context:
        context = await with_accounts(context)
        async with context.hub_pool.connection() as conn:
            for statement in ROTAS.split(";\n")[:-1]:
                await conn.execute(statement.encode())
        await context.logins.refresh(context.hub_pool)
        running = asyncio.create_task(context.desks.run(context.hub_pool))
        loop = asyncio.get_running_loop()

        async def nearly_over() -> None:
            async with context.hub_pool.connection() as conn:
                await conn.execute("update desk_presence set clicked_until = now() + interval '2 minutes'")

        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.resize(1280, 800)
                    page.open(url)
                    fill(page, "login-form", login_name="li.wei", login_password=PASSWORD)
                    page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                    page.wait_for(ASKED, "who is on duty and has not clicked is asked")
                    assert "You are on duty" in page.evaluate(ASKED)
                    assert "absent: 城市应急值守" in page.evaluate(ROWS)
                    assert "nobody: 防汛值班 nobody: the calendar of its year is not imported" in page.evaluate(ROWS)
                    assert page.evaluate(HIDDEN) is True, "by the clock shifts are not handed over"
                    shot(page, "asked")
                    page.evaluate(RUNG)
                    press(page, "sound")
                    page.wait_for("window.rung.length >= 2", "the question is heard")
                    press(page, "desk-here")
                    page.wait_for(f"{UNTIL}.startsWith('You are at the desk until')", "the click counts")
                    page.wait_for(f"{ROWS}.includes('present: 城市应急值守')", "the stream counts, too", 40)
                    assert page.evaluate(ASKED) is False
                    page.evaluate("document.getElementById('language').click()")
                    page.wait_for(f"{ROWS}.includes('在岗 · 带班：admin')", "in Chinese")
                    shot(page, "there")
                    asyncio.run_coroutine_threadsafe(nearly_over(), loop).result(10)
                    page.wait_for(f"({ASKED} || '').startsWith('还在岗吗')", "asked again before it is over", 40)
                    shot(page, "still")
                    assert page.complaints == []

            await asyncio.to_thread(look)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def shot(page: Chromium, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"{name}.png")
