"""What 1,000 alert changes of one commit cost, beside 1,000 round trips of the function that applied them before 0011.

./run bench alert-changes [--store postgresql] [--pairs 5] [--json]
"""

import argparse
import asyncio
import json
import statistics
import sys
import time
from collections.abc import Sequence
from uuid import UUID, uuid5

import psycopg

from hub.alerts.apply import apply
from hub.models import AlertChange, Micros, from_micros
from hub.store.pool import connect
from tests.support.old_schema import migrate_to
from tests.support.stores import MODES, open_any_store

CHANGES = 1000
SPACE = UUID("5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de01")
START: Micros = 1_767_225_600_000_000
SEED = """
insert into profile (code, name, metrics) values ('gauge', 'River gauge', '{"level": {}}');
insert into device (code, name, profile_id, region)
    select 'gauge-' || n, 'River gauge ' || n, 1, '330106001002' from generate_series(1, 1000) n;
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 3);
insert into consumer (code, url, secret) values ('all', 'http://127.0.0.1:9/', 'whsec_AAAA'),
    ('red', 'http://127.0.0.1:9/', 'whsec_AAAA');
analyze
"""
ONE = b"""
select alert_apply(
    p_change => %(id)s, p_alert => %(alert_id)s, p_kind => %(kind)s, p_changed_at => %(changed_at)s,
    p_actor => null, p_note => null, p_rule => %(rule_id)s, p_target => %(target)s, p_device => %(device_id)s,
    p_series => %(series_id)s, p_title => %(title)s, p_level => %(level)s, p_value => %(value)s,
    p_threshold => %(threshold)s)
"""


def course(number: int) -> list[AlertChange]:
    """Half of them raise, a quarter rises to red, a quarter clears: each round at targets of its own."""
    made: list[AlertChange] = []
    for at in range(CHANGES):
        kind, place, level = ("raised", at, 3) if at < CHANGES // 2 else ("updated", at - CHANGES // 2, 4)
        if at >= CHANGES * 3 // 4:
            kind, level = "cleared", 3
        target = f"gauge-{place + 1}/{number}"
        alert = uuid5(SPACE, target)
        change = uuid5(alert, f"{kind} {at}")
        title = f"River gauge {place + 1}: level 4.31 (orange)"
        ts = START + at * 1000
        made.append(AlertChange(change, alert, kind, ts, 1, target, place + 1, None, level, title, 4.31, 4.0))
    return made


async def one_by_one(conn: psycopg.AsyncConnection, changes: Sequence[AlertChange]) -> float:
    """Milliseconds of a commit with a round trip for each change."""
    began = time.perf_counter()
    async with conn.transaction():
        for change in changes:
            values = {name: getattr(change, name) for name in AlertChange.__slots__}
            await conn.execute(ONE, {**values, "changed_at": from_micros(change.ts)})
    return (time.perf_counter() - began) * 1000


async def together(conn: psycopg.AsyncConnection, changes: Sequence[AlertChange]) -> float:
    """Milliseconds of a commit with all of them at once."""
    began = time.perf_counter()
    async with conn.transaction():
        results = await apply(conn, changes)
    took = (time.perf_counter() - began) * 1000
    refused = [result for result in results if result.outcome != "applied"]
    if refused:
        raise RuntimeError(f"{len(refused)} were not applied, such as {refused[0]}")
    return took


async def measure(old: str, new: str, pairs: int) -> tuple[list[float], list[float]]:
    """Milliseconds of each commit, old and new in turn; the first pair warms up and does not count."""
    before: list[float] = []
    after: list[float] = []
    async with await connect(old) as slow, await connect(new) as fast:
        for number in range(pairs + 1):
            before.append(await one_by_one(slow, course(number)))
            after.append(await together(fast, course(number)))
    return before[1:], after[1:]


def main() -> None:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=MODES)
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with open_any_store(given.store) as store, store.empty() as old, store.database() as new:
        migrate_to(old, store.mode, 10)
        for url in (old, new):
            with psycopg.connect(url, autocommit=True) as conn:
                for statement in SEED.split(";"):
                    conn.execute(statement.encode())
        before, after = asyncio.run(measure(old, new, given.pairs))
        told = store.told
    round_trips, changes = statistics.median(before), statistics.median(after)
    found = {
        "store": told,
        "changes_ms": round(changes, 1),
        "round_trips_ms": round(round_trips, 1),
        "ratio": round(changes / round_trips, 3),
    }
    if given.json:
        sys.stdout.write(json.dumps(found) + "\n")
        return
    sys.stdout.write(
        f"{CHANGES:,} changes in one commit on {told}: {changes:.1f} ms at once, {round_trips:.1f} ms one by one, "
        f"ratio {changes / round_trips:.3f}\n"
    )


if __name__ == "__main__":
    main()
