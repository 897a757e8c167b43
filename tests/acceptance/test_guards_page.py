"""What is not guarded, and SIM cards that end, on the page: in a real browser, in both languages."""

import asyncio
from collections.abc import Callable

from tests.acceptance.test_duty_page import shot
from tests.acceptance.test_page import LINK, browser
from tests.support.chromium import Chromium
from tests.support.served_api import api_context, client_of, register, served

__all__ = ["browser"]
SEED = """
update device set name = '文三路烟感' where code = 'air-0';
insert into guard_off (device_id, part, kind, since, told) select id, '', 'removed', now() - interval '2 hours', true
    from device where code = 'air-0';
insert into guard_off (device_id, part, kind, since) select id, 'pm25', 'calibration', now() - interval '1 minute'
    from device where code = 'air-1';
update device set sim_expires = current_date - 1 where code = 'air-1';
update device set sim_expires = current_date + 12 where code = 'air-2';
update device set sim_expires = current_date + 31 where code = 'air-3';
insert into latest (series_id, ts, value, quality) select min(id), now(), 41.75, 2 + 128 from series;
"""
ROWS = """[...document.querySelectorAll('#guard-rows li')]
    .map((row) => `${row.dataset.state}: ${[...row.children].map((each) => each.textContent).join(' ').trim()}`)"""
TITLE = "document.getElementById('guards-title').textContent"
FLAG = "document.querySelector('#reading-rows .flag')?.textContent"


async def test_what_is_not_guarded_and_which_cards_end_is_on_the_page(
    database: str, browser: Callable[[], Chromium]
) -> None:
    async with api_context(database) as context:
        async with client_of(context) as client:
            await register(client, 4)
        async with context.hub_pool.connection() as conn:
            for statement in SEED.split(";\n")[:-1]:
                await conn.execute(statement.encode())
        async with served(context) as url:

            def look() -> None:
                with browser() as page:
                    page.resize(1280, 900)
                    page.open(url)
                    page.wait_for(f"{LINK} === 'live'", "the page follows the hub")
                    page.wait_for(f"{ROWS}.length === 4", "guards and cards are there")
                    first, second, ended, ends = page.evaluate(ROWS)
                    assert first.startswith("nobody: 文三路烟感 removed · since ")
                    assert first.endswith("too long: an alert was raised")
                    assert "calibration (pm25) · since " in second
                    assert ended.startswith("nobody: ")
                    assert "SIM card ended on " in ended
                    assert ends.startswith("absent: ")
                    assert ends.endswith(", in 12 days")
                    page.wait_for(f"{FLAG} === 'out of range, maintenance'", "all flags have their names")
                    shot(page, "guards-en")
                    page.evaluate("document.getElementById('language').click()")
                    page.wait_for(f"{ROWS}[0]?.includes('超时，已产生告警')", "in Chinese")
                    page.wait_for(f"{TITLE} === '当前失防与物联网卡到期'", "in Chinese")
                    assert page.evaluate(ROWS)[3].endswith("到期，剩 12 天")
                    assert page.evaluate(FLAG) == "超出量程、维护"
                    shot(page, "guards-zh")
                    assert page.complaints == []

            await asyncio.to_thread(look)
