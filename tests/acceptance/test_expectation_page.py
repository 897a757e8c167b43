"""The chart of what was expected, in a real browser: around the moment of an alert, and of a device's series."""

import asyncio
import os
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.acceptance.test_page import LINK, browser
from tests.support.chromium import Chromium
from tests.support.served_api import RULE, api_context, client_of, raise_alert, register, served

__all__ = ["browser"]
SHOTS = os.environ.get("HUB_TEST_SHOTS")
"""A folder, to look at what the page shows."""
LEAP = (datetime.now(UTC) - timedelta(minutes=5)).replace(second=0, microsecond=0)
FILL = """
insert into reading (ts, series_id, value, quality)
select %(leap)s::timestamptz + make_interval(mins => 30 * n), s.id,
       20 + 5 * sin(2 * pi() * n / 48) + (n %% 7 + d.id %% 3) / 10.0 + greatest(n + 40, 0) / 2.0
       + case when n >= 0 and d.code = 'air-0' then 60 else 0 end, 0
from series s join device d on d.id = s.device_id, generate_series(-1488, 0) n"""
"""Four stations, of which one leaps while all rise."""
NEAR = "update device set lon = 120, lat = 30 + 0.003 * id"
APART = {"thresholds": {"blue": 2}, "signal": "unshared"}
LATEST = """
insert into latest (series_id, ts, value, quality)
select s.id, now(), 80, 0 from series s join device d on d.id = s.device_id where d.code = 'air-0'"""
TOLD = "document.getElementById('timeline-expected').textContent"
CLASSES = ["usual-band", "usual", "came", "odd", "moment", "shared-band", "shared"]
LINES = f"{CLASSES}.map((name) => document.querySelectorAll('.' + name).length)"


async def test_what_was_expected_is_drawn_around_the_moment(database: str, browser: Callable[[], Chromium]) -> None:
    async with api_context(database) as context, client_of(context) as client, served(context) as url:
        await register(client, 4)
        (await client.put("/rules/apart", json={**RULE, **APART})).raise_for_status()
        async with context.hub_pool.connection() as conn:
            for day in range(33):
                await conn.execute("select ensure_partition(%s::date)", (LEAP - timedelta(days=day - 1),))
            await conn.execute(NEAR)
            await conn.execute(FILL, {"leap": LEAP})
            await conn.execute(LATEST)
        await raise_alert(context.hub_pool)

        def look() -> None:
            with browser() as page:
                page.resize(1280, 800)
                page.open(url)
                page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                there = "document.querySelector('#alert-cards [data-desk=timeline]')"
                page.wait_for(f"{there} !== null", "the alert is there")
                page.evaluate(f"{there}.click()")
                page.wait_for(f"{TOLD}.includes('at that hour it was')", "the chart says what was usual")
                band, usual, came, odd, moment, *shared = page.evaluate(LINES)
                assert (band, usual, came, moment, odd > 0) == (1, 1, 1, 1, True)
                assert shared == [1, 1], "and what its neighbours let expect"
                assert "with its 3 neighbours it was expected from" in page.evaluate(TOLD)
                _shot(page, "en")
                page.evaluate("document.getElementById('language').click()")
                page.evaluate("document.getElementById('timeline-again').click()")
                page.wait_for(f"{TOLD}.includes('同时段常态')", "in Chinese")
                _shot(page, "zh")
                page.evaluate("document.getElementById('timeline-close').click()")
                page.evaluate("document.querySelector('#reading-rows .link-like').click()")
                drawn = "document.querySelectorAll('#device-course .usual-band').length"
                page.wait_for(f"{drawn} === 1", "the course of a device's series is drawn")
                of_course = LINES.replace("'.' + name", "'#device-course .' + name")
                assert page.evaluate(of_course)[4] == 0, "no alert is marked"
                assert "同时段" in page.evaluate("document.getElementById('device-course').textContent")
                page.evaluate("document.getElementById('device-period').value = '168'")
                page.evaluate("document.getElementById('device-period').dispatchEvent(new Event('change'))")
                early = "document.querySelector('#device-course .ends').firstChild.textContent"
                day = page.evaluate(early)
                page.wait_for(f"{early} !== {day!r}", "of a week")
                assert page.evaluate("document.querySelectorAll('#device-rows tr').length") == 1
                _shot(page, "device")
                assert page.complaints == []

        await asyncio.to_thread(look)


def _shot(page: Chromium, name: str) -> None:
    if SHOTS:
        page.screenshot(Path(SHOTS) / f"expectation-{name}.png")
