"""Years of a city's cases, made fast: some are stepped through the hub, and copied in the database.

A copy lies whole weeks before its pattern, so that working time is the same, in another county, of other
organisations, of another category. tests/integration/test_case_city.py steps copies through the hub and compares them.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from itertools import count
from queue import SimpleQueue
from typing import Any

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
CONNECTIONS = 2
"""That fill at once: as many as a small machine has processors."""
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
    with _connected(url) as conn:
        conn.execute(SQL.prepare.encode())
        kept = conn.execute(SQL.indexes.encode()).fetchall()
        for name, _ in kept:
            conn.execute(f"drop index {name}".encode())
        parts = (SQL.cases, SQL.clocks, *([SQL.steps] if steps else []))
        copied = [(part, {"n": n, "weeks": n % weeks}) for n in range(1, copies + 1) for part in parts]
        _together(url, "copying", copied, told)
        conn.execute("truncate case_fact, case_tally, case_stage_time")
        _together(url, "facts and times of stages", [(SQL.facts, {}), (SQL.stage_times, {})], told)
        _together(url, "indexes", [(definition, {}) for _, definition in kept], told)
        conn.execute("analyze")
        cells = conn.execute(SQL.cells.encode()).fetchall()
        _together(url, "counts", [(SQL.tally, {"cell": cell, "by_main": by_main}) for cell, by_main in cells], told)
        conn.execute("vacuum analyze")
    return number * (copies + 1)


def _connected(url: str) -> psycopg.Connection:
    conn = psycopg.connect(url, autocommit=True)
    for name, value in SETTINGS.items():
        conn.execute(f"set {name} = '{value}'".encode())
    return conn


def _together(url: str, what: str, jobs: Sequence[tuple[str, Mapping[str, Any]]], told: Told) -> None:
    """Run statements on a few connections at once."""
    done = count(1)
    with ExitStack() as opened, ThreadPoolExecutor(CONNECTIONS) as pool:
        free: SimpleQueue[psycopg.Connection] = SimpleQueue()
        for _ in range(min(CONNECTIONS, len(jobs))):
            free.put(opened.enter_context(_connected(url)))

        def run(job: tuple[str, Mapping[str, Any]]) -> None:
            conn = free.get()
            try:
                conn.execute(job[0].encode(), job[1] or None)
            finally:
                free.put(conn)
            told(what, next(done), len(jobs))

        list(pool.map(run, jobs))


async def _step(url: str, steps: Sequence[Event], now: datetime) -> None:
    async with open_pool(Database(url=url)) as pool:
        years = [now.year - ago for ago in range(-2, 6)]
        await stepped(pool, steps, tables(years))
