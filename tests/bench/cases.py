"""How fast figures and lists of cases are: ./run bench cases --cases 1000000 [--json].

Fills a database with three years of cases as the hub leaves them, then asks the API, in this process: indicators of
months, quarters, years and all three, with each filter and group that the page has; the lists behind their figures;
and the monthly report.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import httpx
import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from hub.cases.indicators import COUNTS
from tests.support.served_api import api_context, client_of
from tests.support.stores import open_any_store

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
YEARS = (date(2023, 11, 1), date(2026, 10, 31))
STEP = 50_000
FILL = """
insert into case_file (id, number, title, source, category_kind, category, category_version, level, region,
                       organisation, reported_at, reported_by, stage, stage_at, stage_by, seq, visits, updated_at,
                       responsible, accepted_at, filed_at, dispatched_at, handled_at, closed_at, closed_how, ended_at,
                       due_at, returned, reworked, extended, suspended, suspended_at, supervised)
select gen_random_uuid(), to_char(t, 'YYYYMMDD') || '-' || n, '暴露垃圾', 'entered',
       case when n %% 3 = 0 then 'part' else 'event' end,
       '0' || 1 + h(n, 1) %% 9 || lpad((1 + h(n, 2) %% 12)::text, 2, '0'), 1, 1 + h(n, 3) %% 4,
       '3301' || lpad((1 + h(n, 4) %% 10)::text, 2, '0') || lpad((1 + h(n, 5) %% 15)::text, 3, '0')
              || lpad((1 + h(n, 6) %% 12)::text, 3, '0'),
       'org-' || h(n, 7) %% 20, t, 'desk',
       case when out = 'open' then 'handling' else out end, t, 'desk', 8, 7, t, 'office-' || h(n, 8) %% 60,
       t + interval '10 min', case when out <> 'rejected' then t + interval '1 hour' end,
       case when out <> 'rejected' then t + interval '2 hours' end, null,
       case when out = 'closed' then t + took end, case when out = 'closed' then 'handled' end,
       case when out <> 'open' then t + took end,
       case when out <> 'rejected' and not stands then t + interval '5 days' end,
       (h(n, 9) %% 8 = 0)::int, (h(n, 10) %% 12 = 0)::int, (h(n, 11) %% 10 = 0)::int,
       (stands or h(n, 12) %% 20 = 0)::int, case when stands then t + interval '1 day' end, (h(n, 13) %% 50 = 0)::int
from (select n, timestamptz '2023-11-01+08' + n * interval '1096 days' / %(cases)s as t,
             interval '1 hour' * (1 + h(n, 14) %% 150) as took,
             case when h(n, 15) %% 100 = 0 then 'rejected'
                  when h(n, 15) %% 300 = 1 then 'open' else 'closed' end as out,
             h(n, 15) %% 300 = 1 and h(n, 16) %% 3 = 0 as stands
      from generate_series(%(first)s::int, %(last)s::int) n) c"""
CLOCKS = """
insert into case_clock (case_id, visit, stage, entered_at, working, left_at, working_s)
select id, v.visit, v.stage, v.entered, false, v.left_at, extract(epoch from v.left_at - v.entered)
from case_file, lateral (values (1, 'reported', reported_at, accepted_at), (2, 'accepted', accepted_at, filed_at),
                                (3, 'filed', filed_at, dispatched_at), (4, 'handling', dispatched_at, closed_at),
                                (5, 'case', filed_at, closed_at)) v (visit, stage, entered, left_at)
where v.left_at is not null"""
HASH = (
    "create function h(n int, salt int) returns int language sql immutable as 'select abs(hashint4(n * 31 + salt) / 2)'"
)


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5, help="questions of each kind")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with (
        open_any_store(given.store, SETTINGS) as store,
        store.database() as url,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        began = time.perf_counter()
        fill(url, given.cases, progress)
        figures: dict[str, Any] = {"cases": given.cases, "store": store.told}
        figures["fill_s"] = round(time.perf_counter() - began, 1)
        figures |= asyncio.run(measure(url, given.rounds, progress))
    if given.json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
    else:
        show(figures)


def fill(url: str, cases: int, progress: Progress) -> None:
    """Cases and their clocks; indexes and the tally are made after the rows, as a restore does."""
    task = progress.add_task("filling", total=cases)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(HASH)
        conn.execute("set maintenance_work_mem = '256MB'")
        conn.execute("set work_mem = '256MB'")
        conn.execute("insert into organisation select 'org-' || n, '单位' || n from generate_series(0, 19) n")
        conn.execute("insert into organisation select 'office-' || n, '处置' || n from generate_series(0, 59) n")
        conn.execute("alter table case_file disable trigger user")
        kept = conn.execute(
            """select indexname, indexdef from pg_indexes
               where tablename = 'case_file' and indexname not in
                   (select conname from pg_constraint where conrelid = 'case_file'::regclass)"""
        ).fetchall()
        for name, _ in kept:
            conn.execute(f"drop index {name}")
        for first in range(1, cases + 1, STEP):
            last = min(first + STEP - 1, cases)
            conn.execute(FILL, {"cases": cases, "first": first, "last": last})
            progress.update(task, completed=last)
        rest = [
            *(definition for _, definition in kept),
            CLOCKS,
            "select case_tally_add(null, array_agg(c)) from case_file c group by date_trunc('month', c.reported_at)",
            "alter table case_file enable trigger user",
            "vacuum analyze",
        ]
        for number, statement in enumerate(rest, 1):
            progress.update(task, description=f"filling: the rest, {number} of {len(rest)}")
            conn.execute(statement)
    progress.remove_task(task)


def questions(chance: random.Random) -> Iterator[tuple[str, dict[str, str]]]:
    """A question of each kind: its name and its parameters."""
    first, last = YEARS
    month = (first + timedelta(days=chance.randrange(1000))).replace(day=1)
    somewhere = first + timedelta(days=chance.randrange(700))
    spans = {
        "month": (month, month + timedelta(days=27)),
        "quarter": (month.replace(month=1), month.replace(month=3, day=31)),
        "year": (date(2025, 1, 1), date(2025, 12, 31)),
        "three years": (first, last),
        "any days": (somewhere, somewhere + timedelta(days=chance.randrange(300))),
    }
    county, town = f"3301{chance.randrange(1, 11):02}", f"3301{chance.randrange(1, 11):02}{chance.randrange(1, 16):03}"
    main = {"category_kind": chance.choice(["part", "event"]), "category": f"{chance.randrange(1, 10):02}"}
    filters: dict[str, dict[str, str]] = {
        "all": {}, "county": {"region": county}, "town": {"region": town}, "category": main,
        "organisation": {"organisation": f"org-{chance.randrange(20)}"},
        "responsible": {"responsible": f"office-{chance.randrange(60)}"},
        "county, category": {"region": county, **main},
    }  # fmt: skip
    for span, (begin, end) in spans.items():
        days = {"from": str(begin), "to": str(end)}
        for name, only in filters.items():
            yield f"{span}, {name}", {**days, **only}
        for by in ("region", "responsible", "category", "month"):
            yield f"{span}, by {by}", {**days, "by": by}


async def measure(url: str, rounds: int, progress: Progress) -> dict[str, Any]:
    """Milliseconds of figures and of lists, of each kind and of all; seconds of the report."""
    chance = random.Random(1)
    figures: dict[str, Any] = {}
    asked: dict[str, list[float]] = {}
    lists: dict[str, list[float]] = {}
    task = progress.add_task("asking", total=rounds)
    async with api_context(url) as context, client_of(context, timeout=120) as client:
        await timed(client, "/indicators/cases", {}, [])  # what a process does once
        for _ in range(rounds):
            for name, params in questions(chance):
                await timed(client, "/indicators/cases", params, asked.setdefault(name, []))
                what = chance.choice(COUNTS)
                await timed(
                    client, "/indicators/cases/list", {k: v for k, v in params.items() if k != "by"} | {"count": what},
                    lists.setdefault(what, []),
                )  # fmt: skip
            progress.advance(task)
        report_s = await report(client)
        stages: list[float] = []
        await timed(client, "/indicators/cases/stages", {"from": "2026-09-01", "to": "2026-09-30"}, stages)
    for key, told in (("indicators_ms", asked), ("list_ms", lists)):
        figures[f"{key}_p95"] = p95([each for taken in told.values() for each in taken])
        figures[key] = {name: p95(taken) for name, taken in told.items()}
    return figures | {"report_s": report_s, "stages_of_a_month_ms": round(stages[0], 1)}


async def report(client: httpx.AsyncClient) -> float:
    """Seconds until the report of the last month that is filled is there, as a document."""
    began = time.perf_counter()
    answer = await client.get("/indicators/report.pdf", params={"month": f"{YEARS[1]:%Y-%m}", "lang": "zh"})
    assert answer.content.startswith(b"%PDF-"), answer.text
    return round(time.perf_counter() - began, 2)


async def timed(client: httpx.AsyncClient, path: str, params: dict[str, Any], into: list[float]) -> None:
    """Ask; the milliseconds go `into`."""
    began = time.perf_counter()
    answer = await client.get(path, params=params)
    into.append((time.perf_counter() - began) * 1000)
    assert answer.status_code == 200, answer.text


def p95(taken: list[float]) -> float:
    """Of some milliseconds."""
    return round(sorted(taken)[min(len(taken) - 1, round(0.95 * len(taken)))], 1)


def show(figures: dict[str, Any]) -> None:
    """Tables."""
    out = Console()
    for key, target in (("indicators_ms", 300), ("list_ms", 100)):
        table = Table(key, "p95", title=f"{figures['cases']:,} cases, {figures['store']}")
        for name, value in figures[key].items():
            table.add_row(name, f"{value:g}", style="red" if value > target else "")
        out.print(table)
    for name in ("indicators_ms_p95", "list_ms_p95", "report_s", "stages_of_a_month_ms", "fill_s"):
        out.print(f"{name}: {figures[name]}")


if __name__ == "__main__":
    main()
