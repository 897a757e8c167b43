"""What health costs: adopting who was heard, flushing it, and deciding who is there.

./run bench health [--devices 100000]
"""

import argparse
import asyncio
import time
from collections.abc import Awaitable, Callable

import psycopg

from devices.health.heartbeat import HeartbeatRow
from devices.health.last_seen import LastSeen, SeenDevices
from devices.health.presence import Presence
from hub.models import HUB, Batch, Delivery, now_micros
from hub.settings import Database, Settings
from hub.store.pool import connect, open_pool
from tests.support.stores import open_store

SEED = """
insert into profile (code, name, metrics, interval_s) values ('p', 'P', '{}', 60);
insert into device (code, name, profile_id)
    select 'd' || n, 'D', p.id from profile p, generate_series(1, {devices}) n;
update device set parent_id = id / 50 * 50 where id % 50 <> 0 and id >= 50;
analyze
"""


class _Nowhere:
    """A sink that takes nothing: no finding is told here."""

    full = False

    async def submit(self, delivery: Delivery) -> None:
        raise AssertionError(f"a finding of {HUB}: {delivery.raws[0].origin.address}")


async def timed(what: str, work: Callable[[], Awaitable[object]], times: int = 5) -> None:
    """The best of some runs."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        await work()
        best = min(best, time.perf_counter() - began)
    print(f"{what:56}{best * 1e3:10.1f} ms")  # noqa: T201 a script's output


async def measure(url: str, devices: int) -> None:
    settings = Settings(database=Database(url=url))
    seen, presence = LastSeen(), Presence(settings, _Nowhere())
    async with open_pool(settings.database) as pool, await connect(url) as conn:
        row = HeartbeatRow(pool, "bench", ears=True, seen=seen)
        begun = now_micros()

        def batch(count: int) -> Batch:
            now = now_micros()
            made = Batch([])
            made.put(SeenDevices(dict.fromkeys(range(1, count + 1), (now, now - 50_000))))
            return made

        async def adopt() -> None:
            seen.adopt(small)

        async def flush() -> None:
            seen.adopt(batch(devices))
            await row.put(begun, now_micros())

        async def decide() -> None:
            await row.put(begun, now_micros())
            await presence.evaluate(conn)

        small = batch(min(devices, 20_000))
        await timed(f"adopt a batch with {len(small.of(SeenDevices)):,} devices", adopt)
        await timed(f"flush {devices:,} devices", flush)
        await timed(f"decide {devices:,} devices that become online", decide, 1)
        await timed(f"decide {devices:,} devices, nothing changed", decide)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=100_000)
    given = parser.parse_args()
    store = open_store("postgresql")
    try:
        with store.database() as url:
            with psycopg.connect(url, autocommit=True) as conn:
                for statement in SEED.split(";"):
                    conn.execute(statement.replace("{devices}", str(given.devices)).encode())
            asyncio.run(measure(url, given.devices))
    finally:
        store.close()


if __name__ == "__main__":
    main()
