"""Years of a city's cases, made fast: some are stepped through the hub, and copied in the database.

A copy lies whole weeks before its pattern, so that working time is the same, in another county, of other
organisations, of another category. tests/integration/test_case_city.py steps copies through the hub and compares them.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta

import psycopg

from hub.settings import Database
from hub.store.pool import open_pool
from hub.store.statements import statements
from tests.support.district_steps import TABLES, stepped
from tests.support.district_year import CHINA, Event, Spread, district_year

SQL = statements(__name__)
WEEKS = 156
"""Three years."""
PATTERNS = 1_300
"""Cases that are stepped, at most: of more there are several copies a week."""
OLD_WEEKS = 9
"""Before now: patterns begin in a week after which most are over."""
SETTINGS = {"jit": "off", "maintenance_work_mem": "512MB", "work_mem": "256MB", "session_replication_role": "replica"}
"""Of the connection that fills. A replica's: no triggers, no checks of references."""
Told = Callable[[str, int, int], None]
"""What is done, how much of it, of how much."""


def tables(years: Sequence[int]) -> list[str]:
    """Of the district, with calendars in which each week is like the others: else nothing is known of working time."""
    sundays = [date(year, 1, 7) - timedelta(days=date(year, 1, 7).isoweekday() % 7) for year in years]
    return [
        *(each for each in TABLES if "calendar_day" not in each),
        *(f"insert into calendar_day values ('{day}', false, '星期日')" for day in sundays),
    ]


def patterns(cases: int, now: datetime) -> list[Event]:
    """The steps that are taken through the hub."""
    begin = datetime.combine(now.astimezone(CHINA).date() - timedelta(weeks=OLD_WEEKS), datetime.min.time(), CHINA)
    return district_year(cases, spread=Spread(begin, 7, now))


def fill(url: str, cases: int, told: Told, steps: bool = True, weeks: int = WEEKS, now: datetime | None = None) -> int:
    """Make about so many cases with their clocks, counts and, if wanted, steps; returns how many they are."""
    now = now or datetime.now(UTC)
    number = max(1, min(PATTERNS, round(cases / weeks)))
    asyncio.run(_step(url, patterns(number, now), now))
    copies = max(0, round(cases / number) - 1)
    with psycopg.connect(url, autocommit=True) as conn:
        for name, value in SETTINGS.items():
            conn.execute(f"set {name} = '{value}'".encode())
        conn.execute(SQL.prepare.encode())
        kept = conn.execute(SQL.indexes.encode()).fetchall()
        for name, _ in kept:
            conn.execute(f"drop index {name}".encode())
        for n in range(1, copies + 1):
            which = {"n": n, "weeks": n % weeks}
            for statement in (SQL.cases, SQL.clocks, *([SQL.steps] if steps else [])):
                conn.execute(statement.encode(), which)
            told("copying", n, copies)
        _finish(conn, [definition for _, definition in kept], told)
    return number * (copies + 1)


def _finish(conn: psycopg.Connection, indexes: Sequence[str], told: Told) -> None:
    for n, definition in enumerate(indexes, 1):
        conn.execute(definition.encode())
        told("indexes", n, len(indexes))
    conn.execute("truncate case_tally, case_stage_time")
    conn.execute(SQL.stage_times.encode())
    months = [month for (month,) in conn.execute(SQL.months.encode()).fetchall()]
    done = 0

    def count(month: datetime) -> None:
        nonlocal done
        with psycopg.connect(conn.info.dsn, autocommit=True) as own:
            own.execute("set work_mem = '128MB'")
            own.execute(SQL.tally.encode(), {"month": month})
        done += 1
        told("counts", done, len(months))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(count, months))
    conn.execute("vacuum analyze")


async def _step(url: str, steps: Sequence[Event], now: datetime) -> None:
    async with open_pool(Database(url=url)) as pool:
        years = [now.year - ago for ago in range(-2, 6)]
        await stepped(pool, steps, tables(years))
