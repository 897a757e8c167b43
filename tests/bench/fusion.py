"""What fusion costs a finding among 150,000 things; in storms of several shapes, and with the store: 10,000 at once."""

import argparse
import asyncio
import json
import statistics
import time
from datetime import UTC, datetime
from uuid import UUID

import numpy as np

from analytics.fusion.finding import Finding
from analytics.fusion.follow import Follower
from analytics.fusion.fusion import Fusion
from analytics.fusion.rules import FusionRule
from devices.places.grid import Grid
from hub.store.pool import connect
from tests.support.stores import open_any_store

THINGS, FINDINGS, PASS = 150_000, 10_000, 500
SECOND = 1_000_000
NONE: frozenset[str] = frozenset()
MINUTES = 60 * SECOND
RULES = [
    FusionRule("fire", frozenset({"smoke"}), NONE, NONE, "near", 200.0, 5 * MINUTES, 2, 0.0, 4, 3, None),
    FusionRule("water", frozenset({"flood"}), NONE, NONE, "near", 1500.0, 30 * MINUTES, 3, 0.0, 3, 3, None),
    FusionRule("dark", frozenset({"offline"}), NONE, NONE, "parent", 1.0, 5 * MINUTES, 3, 0.5, None, 3, None),
]
SEED = """
insert into profile (code, name) values ('p', 'p');
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 2);
insert into device (code, name, profile_id, region, lon, lat)
    select 'd' || n, 'd', p.id, '330106001002', 119.9 + random() * 0.6, 30.0 + random() * 0.5
    from profile p, generate_series(1, %(things)s) n
"""
STORM = """
with a as (
    insert into alert (id, rule_id, target, device_id, title, level, peak_level, handling, opened_at, changed_at, seq,
                       origin)
    select gen_random_uuid(), r.id, d.code, d.id, 't', 2, 2, 'open', now(), now(), 1, 'rule'
    from rule r, (select * from device order by random() limit %(findings)s) d returning id
)
insert into alert_change (id, alert_id, seq, kind, picture) select gen_random_uuid(), id, 1, 'raised', '{}' from a
"""


def city(things: int, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Places in a city of 58 by 55 km, half of them in a tenth of it."""
    random = np.random.default_rng(seed)
    core = random.random(things) < 0.5
    lon = 119.9 + 0.6 * np.where(core, 0.4 + 0.2 * random.random(things), random.random(things))
    lat = 30.0 + 0.5 * np.where(core, 0.4 + 0.2 * random.random(things), random.random(things))
    return lon, lat


def storm(name: str, lon: np.ndarray, lat: np.ndarray, findings: int) -> list[Finding]:
    """10,000 findings: spread over an hour and the city, at once all over it, in one street, or behind one gateway."""
    random = np.random.default_rng(2)
    which = random.choice(len(lon), findings, replace=False)
    at = random.integers(0, 3600 * SECOND if name == "hour" else 60 * SECOND, findings)
    what = {"gateway": "offline"}.get(name)
    lons, lats = lon[which], lat[which]
    if name == "street":
        lons, lats = 120.15 + 0.001 * random.random(findings), 30.25 + 0.001 * random.random(findings)
    return [
        Finding(
            UUID(int=n + 1), f"d{n}", what or ("smoke", "flood", "offline")[n % 3], False, int(at[n]), float(lons[n]),
            float(lats[n]), 1 if what else int(which[n]) // 30, 2, True,
        )
        for n in range(findings)
    ]  # fmt: skip


def measured(findings: list[Finding]) -> tuple[float, int]:
    """Microseconds of processor time for a finding, and the incidents."""
    fusion, incidents = Fusion(RULES), set[UUID]()
    sizes = dict.fromkeys({each.hub for each in findings if each.hub is not None}, 30)
    began = time.process_time()
    for begin in range(0, len(findings), PASS):
        for each in fusion.take(findings[begin : begin + PASS], sizes):
            incidents -= set(each.absorbed)
            incidents.add(each.incident)
    return (time.process_time() - began) * 1e6 / len(findings), len(incidents)


def near_us(lon: np.ndarray, lat: np.ndarray, radius_m: float, asked: int = 2000) -> tuple[float, float]:
    """Microseconds to find what lies near a thing, and how many that are on average; all things are in the grid."""
    grid, which = Grid(lon, lat), np.random.default_rng(3).choice(len(lon), asked)
    began = time.process_time()
    found = [len(grid.near(float(lon[each]), float(lat[each]), radius_m).places) for each in which]
    return (time.process_time() - began) * 1e6 / asked, statistics.mean(found)


async def stored_s(things: int, findings: int) -> dict[str, float]:
    """Seconds from 10,000 stored alerts to their incidents, on a real store."""
    with open_any_store() as store, store.database() as url:
        async with await connect(url) as conn:
            for statement in SEED.split(";"):
                await conn.execute(statement.encode(), {"things": things} if "things" in statement else None)
            await conn.execute(STORM.encode(), {"findings": findings})
            await conn.execute("analyze")
            began, cpu = time.perf_counter(), time.process_time()
            await Follower().work(conn)
            took, cpu = time.perf_counter() - began, time.process_time() - cpu
            counts = "select count(distinct incident_id), count(*) from incident_member"
            row = await (await conn.execute(counts)).fetchone()
        assert row is not None
        return {"stored_s": took, "hub_cpu_s": cpu, "stored_incidents": row[0], "stored_members": row[1]}


def main() -> None:
    """Print a table, or JSON."""
    parser = argparse.ArgumentParser(prog="./run bench fusion", description=__doc__)
    parser.add_argument("--things", type=int, default=THINGS)
    parser.add_argument("--findings", type=int, default=FINDINGS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--no-store", action="store_true", help="without the part on a real store")
    given = parser.parse_args()
    lon, lat = city(given.things)
    began = time.process_time()
    Grid(lon, lat)
    told: dict[str, object] = {
        "at": f"{datetime.now(UTC):%Y-%m-%d}",
        "things": given.things,
        "findings": given.findings,
    }
    told["grid_ms"] = round((time.process_time() - began) * 1000, 1)
    for radius_m in (200, 1500):
        us, count = near_us(lon, lat, radius_m)
        told |= {f"near_{radius_m}m_us": round(us, 1), f"near_{radius_m}m_things": round(count, 1)}
    costs = {}
    for name in ("hour", "at_once", "street", "gateway"):
        us, incidents = measured(storm(name, lon, lat, given.findings))
        costs[name] = us
        told |= {f"{name}_us_per_finding": round(us, 1), f"{name}_incidents": incidents}
    told["us_per_finding"] = round(max(costs.values()), 1)
    if not given.no_store:
        stored = asyncio.run(stored_s(given.things, given.findings))
        told |= {name: round(value, 2) for name, value in stored.items()}
    if given.json:
        print(json.dumps(told))  # noqa: T201 a bench tells what it measured
        return
    for name, value in told.items():
        print(f"{name:28} {value}")  # noqa: T201


if __name__ == "__main__":
    main()
