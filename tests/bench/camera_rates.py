"""Measures the rates of 20,000 cameras over a month, and how long it takes to judge all of them.

./run bench camera-rates [--cameras 20000] [--json]

A day has some changes of each camera. Asked are the API's route without a filter and by each group, for a caller that
sees all and for one with a county's grant. Keys: rates_ms_p95 (all of these), rates_scoped_ms_p95, judged_s;
rates_cpu_ms: processor time of the database for one, which is the same on a machine that is busy with something else.
"""

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import psycopg

from devices.camera_state.rates import Which, now, times
from devices.camera_state.states import day_of, judge
from hub.access.scope import Scope
from hub.access.scoped_pool import ScopedPool
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.measure import cpu_s
from tests.support.stores import open_any_store

DAYS, TURNS, TIMES = 30, 4, 15
GROUPS: tuple[Any, ...] = ("none", "region", "organisation", "area", "platform")
FILL = """
insert into profile (code, name, category, metrics) values ('cam', 'Camera', 'video', '{}');
insert into organisation (code, name) select 'o' || n, 'O' || n from generate_series(0, 19) n;
insert into device (code, name, profile_id, region, organisation)
    select 'nvr-' || n, '', 1, '3301' || lpad((n %% 13)::text, 2, '0') || '001001', 'o' || n %% 20
    from generate_series(0, %(cameras)s / 32) n;
insert into device (code, name, profile_id, parent_id, region, organisation)
    select 'cam-' || n, '', 1, g.id, g.region, g.organisation
    from generate_series(1, %(cameras)s) n join device g on g.code = 'nvr-' || n / 32;
insert into device_health (device_id, online, since) select id, true, '2026-01-01' from device;
insert into camera_total (day, device_id, sound_s, offline_s)
    select %(today)s::date - %(days)s + n, d.id, n * 80000, n * 6400
    from generate_series(0, %(days)s) n cross join device d where d.parent_id is not null order by 1, 2;
insert into camera_state (device_id, from_at, to_at, state)
    select d.id, b.at, case when n < %(turns)s then b.at + %(step)s * interval '1 s' end,
           case when n %% 2 = 0 then 'sound' else 'offline' end
    from device d cross join generate_series(0, %(turns)s) n
    cross join lateral (select %(now)s::timestamptz - (%(turns)s + 1 - n) * %(step)s * interval '1 s' as at) b
    where d.parent_id is not null;
insert into camera_watch (at) values (%(now)s);
"""


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cameras", type=int, default=20_000)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    with open_any_store(None, {}) as store, store.database() as url:
        found = asyncio.run(_measured(url, given.cameras))
    sys.stdout.write((json.dumps(found) if given.json else "\n".join(f"{k:22} {v}" for k, v in found.items())) + "\n")


async def _measured(url: str, cameras: int) -> dict[str, Any]:
    at = datetime.now(UTC)
    values = {"cameras": cameras, "today": day_of(at), "days": DAYS, "turns": TURNS, "step": 3600, "now": at}
    with psycopg.connect(url, autocommit=True) as conn, psycopg.ClientCursor(conn) as cursor:
        cursor.execute(FILL, values)
        conn.execute("vacuum analyze")
    async with open_pool(Database(url=url)) as pool:
        county = ScopedPool(pool, Scope(frozenset({"/330101"})))
        waits, cpu = await _asked(pool, at)
        scoped, _ = await _asked(county, at)  # type: ignore[arg-type]
        async with pool.connection() as judging:
            began = time.monotonic()
            await judge(judging, at + timedelta(seconds=20))
            judged = time.monotonic() - began
    p95 = [round(float(np.percentile(each, 95)), 1) for each in (waits, scoped)]
    return {
        "cameras": cameras, "days": DAYS, "rates_ms_p95": p95[0], "rates_scoped_ms_p95": p95[1],
        "judged_s": round(judged, 2), "rates_cpu_ms": round(cpu, 1),
    }  # fmt: skip


async def _asked(pool: Pool, at: datetime) -> tuple[list[float], float]:
    """Milliseconds of each, and of processor time of the database on average."""
    last, waits, used = day_of(at), list[float](), 0.0
    for _ in range(TIMES):
        for by in GROUPS:
            async with pool.connection() as conn:
                before, began = cpu_s([conn.info.backend_pid]), time.monotonic()
                told = await times(conn, last - timedelta(days=DAYS - 1), last, Which(), by, 6)
                await now(conn, Which(), by, 6)
                waits.append((time.monotonic() - began) * 1000)
                used += cpu_s([conn.info.backend_pid]) - before
            assert told.groups
    return waits, 1000 * used / len(waits)


if __name__ == "__main__":
    main()
