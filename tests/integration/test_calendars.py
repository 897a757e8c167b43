"""Calendars of workdays: imported by the year, shown, missed from December on."""

import asyncio
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.check.calendars import check_calendars
from app.serve.calendars import look
from app.serve.housekeeping import housekeeping
from hub.settings import Database, Settings
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of

CSV = {"content-type": "text/csv"}
OF_2026 = "date,workday,name\n2026-10-01,false,国庆节\n2026-10-10,true,国庆节调休\n"
NOVEMBER, DECEMBER, NEW_YEAR = date(2026, 11, 30), date(2026, 12, 1), date(2027, 1, 1)


async def test_a_calendar_is_imported_by_the_year_and_missed_when_it_is_not(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:

        async def missing(today: date) -> list[str]:
            async with context.hub_pool.connection() as conn:
                await look(conn, today)
            found = (await client.get("/alerts?active=true")).json()["items"]
            return sorted(each["target"] for each in found)

        assert await missing(DECEMBER) == [], "who has no calendar and no rota by workdays misses none"

        put = await client.put("/calendars/2026", content=OF_2026, headers=CSV)
        assert (put.status_code, put.json()["named"], put.json()["workdays"]) == (200, 2, 261), put.text
        again = "date,workday,name\n2026-10-01,false,National Day\n"
        assert (await client.put("/calendars/2026", content=again, headers=CSV)).json()["workdays"] == 260
        shown = (await client.get("/calendars/2026")).json()["days"]
        assert shown == [{"date": "2026-10-01", "workday": False, "name": "National Day"}], "it replaces the former one"
        assert [each["year"] for each in (await client.get("/calendars")).json()["items"]] == [2026]

        unknown = await client.get("/calendars/2027", headers={"accept-language": "zh"})
        assert (unknown.status_code, "尚未导入" in unknown.json()["detail"]) == (404, True)
        wrong = await client.put("/calendars/2027", content=OF_2026, headers={**CSV, "accept-language": "zh"})
        assert (wrong.status_code, "随 2026 年日历导入" in wrong.json()["detail"]) == (422, True), wrong.text
        assert (await client.put("/calendars/2027", json={})).status_code == 415
        assert (await client.put("/calendars/99", content=OF_2026, headers=CSV)).status_code == 422

        assert await missing(NOVEMBER) == []
        assert await missing(DECEMBER) == ["calendar_missing:2027"]
        assert await missing(DECEMBER) == ["calendar_missing:2027"], "told once"
        assert await missing(NEW_YEAR) == ["calendar_missing:2027"]
        await client.put("/calendars/2027", content=OF_2026.replace("2026", "2027"), headers=CSV)
        assert await missing(NEW_YEAR) == []


async def test_a_deadline_in_working_time_misses_this_years_calendar_too(database: str) -> None:
    settings = Settings(database=Database(url=database))
    async with api_context(database) as context, context.hub_pool.connection() as conn:
        await conn.execute("insert into case_deadline (version, stage, seconds, working) values (1, 'case', 60, false)")
        await conn.commit()
        assert await check_calendars(settings) == [], "all time needs none"
        await conn.execute("update case_deadline set working = true")
        await conn.commit()
        year = datetime.now(ZoneInfo("Asia/Shanghai")).year
        advice = [finding.advice for finding in await check_calendars(settings)]  # of the next year, too, in December
        assert advice[0] == f"hub calendar import FILE --year {year}"


async def test_a_rota_by_workdays_misses_this_years_calendar_too(database: str) -> None:
    settings = Settings(database=Database(url=database))
    assert await check_calendars(settings) == []
    async with api_context(database) as context, client_of(context) as client:
        async with context.hub_pool.connection() as conn:
            await conn.execute("insert into organisation (code, name) values ('desk', 'Desk')")
            await conn.execute(
                """insert into rota (code, name, organisation, zone, shifts, unit, from_date)
                   values ('city', 'City', 'desk', 'Asia/Shanghai', '[{"days": ["workday"]}]', 'day', '2020-01-01')"""
            )
        year = datetime.now(ZoneInfo("Asia/Shanghai")).year
        advice = [finding.advice for finding in await check_calendars(settings)]
        assert advice[0] == f"hub calendar import FILE --year {year}"

        tasks = dict(housekeeping(settings, context.hub_pool))
        running = asyncio.ensure_future(tasks.pop("calendars"))
        for other in tasks.values():
            other.close()  # coroutines, none of which has begun

        async def told() -> bool:
            targets = [each["target"] for each in (await client.get("/alerts?active=true")).json()["items"]]
            return f"calendar_missing:{year}" in targets

        await eventually(told, "calendars are among what a hub watches")
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
