"""How long a hub takes to know its devices, their memory, and a look-up: ./run bench devices --devices 100000."""

import argparse
import asyncio
import json
import random
import sys
import tempfile
import time
from pathlib import Path

import psycopg

from devices.registry.registry import Registry
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.hub import Hub
from tests.support.measure import rss_mb
from tests.support.stores import open_any_store

METRICS = 5


def main() -> None:
    """Register so many devices with five metrics and a rule on each series, start a hub, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--devices", type=int, default=100_000)
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
            with psycopg.connect(url) as conn:
                _register(conn, given.devices)
            seconds, rss = _started(hub)
            figures |= {"start_s": round(seconds, 2), "rss_mb": round(rss)}
            grown = (rss - float(str(figures["empty_rss_mb"]))) * 2**20
            figures["bytes_a_series"] = round(grown / (given.devices * METRICS))
            figures["look_up_us"] = round(asyncio.run(_look_up(url, given.devices)), 2)
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


if __name__ == "__main__":
    main()
