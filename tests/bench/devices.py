"""How long a hub takes to know its devices, their memory, a look-up, a changed one: ./run bench devices --json."""

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from analytics.rules.rulebook import RuleBook
from devices.registry.registry import Registry
from hub.models import Batch
from hub.settings import Database
from hub.stage import run_steps
from hub.store.pool import Pool, open_pool
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.hub import Hub
from tests.support.measure import rss_mb
from tests.support.stores import open_any_store

METRICS = 5
RULES = 10_000
CHANGES = 20


def main() -> None:
    """Register so many devices with five metrics and a rule on each series, start a hub, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
    parser.add_argument("--json", action="store_true", help="one JSON object, as without it")
    given = parser.parse_args()
    program = find_mosquitto()
    if program is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    with open_any_store() as store, store.database() as url, tempfile.TemporaryDirectory() as folder:
        figures: dict[str, object] = {"devices": given.devices, "series": given.devices * METRICS, "store": store.mode}
        broker = Mosquitto(program, Path(folder)).start()
        hub = Hub(url, broker.port, Path(folder))
        try:
            figures["empty_rss_mb"] = round(_started(hub)[1])
            open_for_long = psycopg.connect(url)
            open_for_long.execute("select pg_current_xact_id()")
            with psycopg.connect(url) as conn:
                _register(conn, given.devices)
            seconds, rss = _started(hub)
            figures |= {"start_s": round(seconds, 2), "rss_mb": round(rss)}
            grown = (rss - float(str(figures["empty_rss_mb"]))) * 2**20
            figures["bytes_a_series"] = round(grown / (given.devices * METRICS))
            figures["look_up_us"] = round(asyncio.run(_look_up(url, given.devices)), 2)
            with psycopg.connect(url) as conn:
                _add_rules(conn)
            figures |= asyncio.run(_refreshes(url, open_for_long))
        finally:
            hub.close()
            broker.stop()
    sys.stdout.write(json.dumps(figures) + "\n")


async def _look_up(url: str, devices: int) -> float:
    """Microseconds from the code of a device and a metric to its series, over all devices at random."""
    registry = Registry()
    async with open_pool(Database(url=url)) as pool:
        await registry.refresh(pool)
    wanted = [(f"bench-{number}", "m3") for number in random.sample(range(1, devices + 1), devices)]
    known, found = registry.devices, 0
    began = time.perf_counter()
    for code, metric in wanted:
        device = known[code]
        found += device.first + device.layout[metric]
    seconds = time.perf_counter() - began
    if found < devices:
        sys.exit("a look-up failed")
    return seconds / devices * 1e6


async def _refreshes(url: str, open_for_long: psycopg.Connection) -> dict[str, float]:
    """Milliseconds of the event loop until a change of one device is known to all: while a transaction is open that
    began before all devices were registered, and without it."""
    async with open_pool(Database(url=url)) as pool:
        registry = Registry()
        book = RuleBook(registry)
        await registry.refresh(pool)
        async with pool.connection() as conn:
            await book.restore(conn)
        long = await _refresh_one(url, pool, registry, book)
        open_for_long.close()
        one = await _refresh_one(url, pool, registry, book)
    return {"rules": RULES + METRICS, "refresh_one_ms": one, "refresh_one_ms_long_transaction": long}


async def _refresh_one(url: str, pool: Pool, registry: Registry, book: RuleBook) -> float:
    """CPU of the loop's thread, in the middle of some changes; what the server takes does not hold up the loop."""
    taken = []
    with psycopg.connect(url, autocommit=True) as conn:
        for number in range(1, CHANGES + 1):
            conn.execute("update device set name = name || '!' where code = %s", (f"bench-{number}",))
            began = time.thread_time()
            await book.refresh(pool)
            changed = await registry.refresh(pool)
            run_steps(book, Batch([]))
            taken.append((time.thread_time() - began) * 1000)
            if changed != 1:
                sys.exit(f"{changed} devices were read again, not the one that changed")
    return round(statistics.median(taken), 2)


def _started(hub: Hub) -> tuple[float, float]:
    began = time.monotonic()
    hub.start()
    seconds, rss = time.monotonic() - began, rss_mb(hub.pid)
    hub.terminate()
    return seconds, rss


def _register(conn: psycopg.Connection, devices: int) -> None:
    conn.execute(
        "insert into profile (code, name, metrics)"
        " select 'bench', 'bench', jsonb_object_agg('m' || m, '{}'::jsonb) from generate_series(1, %s) m",
        (METRICS,),
    )
    conn.execute(
        "insert into device (code, name, profile_id)"
        " select 'bench-' || n, 'bench', p.id from profile p, generate_series(1, %s) n",
        (devices,),
    )
    conn.execute(
        "insert into rule (code, name, profile_id, metric, direction, thresholds)"
        " select 'bench-' || m, 'bench', p.id, 'm' || m, 'above', '{\"red\": 1e12}'"
        " from profile p, generate_series(1, %s) m",
        (METRICS,),
    )


def _add_rules(conn: psycopg.Connection) -> None:
    """A city has many profiles: of each of these there is one device, with a rule on each metric."""
    profiles = RULES // METRICS
    conn.execute(
        "insert into profile (code, name, metrics) select 'bench-' || n, 'bench', p.metrics"
        " from profile p, generate_series(1, %s) n where p.code = 'bench'",
        (profiles,),
    )
    conn.execute(
        "insert into device (code, name, profile_id) select 'rare-' || p.code, 'rare', p.id"
        " from profile p where p.code like 'bench-%'"
    )
    conn.execute(
        "insert into rule (code, name, profile_id, metric, direction, thresholds)"
        " select p.code || '-' || m, 'rare', p.id, 'm' || m, 'above', '{\"red\": 1e12}'"
        " from profile p, generate_series(1, %s) m where p.code like 'bench-%%'",
        (METRICS,),
    )


if __name__ == "__main__":
    main()
