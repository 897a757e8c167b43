"""How fast figures and lists of cases are, and whether desks lose a step: ./run bench cases [--cases N] [--json].

Fills a database with three years of cases as the hub leaves them (tests/support/case_city.py), then asks over HTTP:
indicators of months, quarters, years and all three with each filter and group, times of stages, and lists with each
filter, from the top, from deep within and of what there is none of; as somebody who sees all, one county, one
organisation, or has several grants; and for the report of a month. At last 200 desks step the same 20 cases at once.
"""

import argparse
import asyncio
import json
import random
import statistics
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from tests.support import case_desks
from tests.support.case_city import OLD_WEEKS, WEEKS, fill
from tests.support.case_questions import CALLERS, NamedDoor, Question, figures, lists, stages
from tests.support.served_api import api_context, served
from tests.support.stores import open_any_store

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
TARGETS = {"indicators_ms": 300.0, "stages_ms": 300.0, "list_ms": 100.0}
"""Milliseconds of 95 in 100 answers."""
KINDS: dict[str, Callable[[random.Random, date, date], Iterator[Question]]] = {
    "indicators_ms": figures, "stages_ms": stages, "list_ms": lists,
}  # fmt: skip


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3, help="questions of each kind")
    parser.add_argument("--desks", type=int, default=200)
    parser.add_argument(
        "--steps", action="store_true", help="fill in the steps of each case, too: no question reads them"
    )
    parser.add_argument("--quick", action="store_true", help="600 cases, one round, 20 desks")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    if given.quick:
        given.cases, given.rounds, given.desks, given.steps = 600, 1, 20, True
    with (
        open_any_store(given.store, SETTINGS) as store,
        store.database() as url,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        began = time.perf_counter()
        cases = filled(url, given, progress)
        told: dict[str, Any] = {"cases": cases, "store": store.told, "fill_s": round(time.perf_counter() - began, 1)}
        told |= asyncio.run(measure(url, given, progress))
    if given.json:
        sys.stdout.write(json.dumps(told, ensure_ascii=False) + "\n")
    else:
        show(told)
    sys.exit(1 if told["desks"]["lost"] or told["desks"]["out_of_order"] else 0)


def filled(url: str, given: argparse.Namespace, progress: Progress) -> int:
    """How many cases there are then."""
    task = progress.add_task("stepping patterns", total=None)
    weeks = min(WEEKS, max(3, given.cases // 50))
    cases = fill(url, given.cases, lambda what, n, of: progress.update(task, description=what, completed=n, total=of),
                 given.steps, weeks)  # fmt: skip
    progress.remove_task(task)
    return cases


async def measure(url: str, given: argparse.Namespace, progress: Progress) -> dict[str, Any]:
    """Milliseconds of each kind of question and caller, and what the desks did."""
    last = date.today() - timedelta(weeks=OLD_WEEKS - 1)  # noqa: DTZ011  of this machine, as the fill is
    first = last - timedelta(weeks=WEEKS)
    told: dict[str, Any] = {}
    async with api_context(url) as context, served(context, door=NamedDoor()) as base:
        async with httpx.AsyncClient(base_url=base + "/api/v1", timeout=300) as client:
            await ask(client, "all", Question("", "/indicators/cases", {}))  # what a process does once
            for kind, questions in KINDS.items():
                taken: dict[str, list[float]] = defaultdict(list)
                task = progress.add_task(kind, total=given.rounds * len(CALLERS))
                for number in range(given.rounds):
                    for caller in CALLERS:
                        for question in questions(random.Random(number), first, last):
                            taken[f"{question.name} ({caller})"].append(await ask(client, caller, question))
                        progress.advance(task)
                progress.remove_task(task)
                told |= summary(kind, taken)
            told["report_s"] = await report(client, last)
        desks = await case_desks.run(url, base, given.desks, steps=5)
    return told | {"desks": {"at_once": given.desks, **desks._asdict()}}


async def report(client: httpx.AsyncClient, last: date) -> float:
    """Seconds until the report of a whole month is there, as a document."""
    began = time.perf_counter()
    month = last.replace(day=1) - timedelta(days=1)
    answer = await client.get("/indicators/report.pdf", params={"month": f"{month:%Y-%m}", "lang": "zh"})
    assert answer.content.startswith(b"%PDF-"), answer.text
    return round(time.perf_counter() - began, 2)


async def ask(client: httpx.AsyncClient, caller: str, question: Question) -> float:
    """Milliseconds until the answer was there."""
    began = time.perf_counter()
    answer = await client.get(question.path, params=question.params, headers={"caller": caller})
    taken = (time.perf_counter() - began) * 1000
    assert answer.status_code == 200, answer.text
    return taken


def summary(kind: str, taken: dict[str, list[float]]) -> dict[str, Any]:
    """The median and the 95th percentile of all, that of each caller, and the slowest 20 questions."""
    every = [each for of_one in taken.values() for each in of_one]
    of_caller = {
        caller: p95([each for name, of_one in taken.items() if name.endswith(f"({caller})") for each in of_one])
        for caller in CALLERS
    }
    slowest = sorted(((p95(of_one), name) for name, of_one in taken.items()), reverse=True)[:20]
    return {
        f"{kind}_p50": round(statistics.median(every), 1),
        f"{kind}_p95": p95(every),
        f"{kind}_p95_of": of_caller,
        f"{kind}_slowest": {name: value for value, name in slowest},
        f"{kind}_asked": len(every),
    }


def p95(taken: list[float]) -> float:
    """Of some milliseconds."""
    return round(sorted(taken)[min(len(taken) - 1, round(0.95 * len(taken)))], 1)


def show(told: dict[str, Any]) -> None:
    """Tables."""
    out = Console()
    for kind, target in TARGETS.items():
        table = Table(kind, "ms", title=f"{told['cases']:,} cases, {told['store']}; target: p95 {target:g} ms")
        rows = {"p50": told[f"{kind}_p50"], "p95": told[f"{kind}_p95"]}
        rows |= {f"p95 of {caller}": value for caller, value in told[f"{kind}_p95_of"].items()}
        for name, value in {**rows, **told[f"{kind}_slowest"]}.items():
            table.add_row(name, f"{value:g}", style="red" if value > target else "")
        out.print(table)
    out.print(f"report: {told['report_s']} s; desks: {told['desks']}; filled in {told['fill_s']} s")


if __name__ == "__main__":
    main()
