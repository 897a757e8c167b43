"""How fast a page of the catalogue is, for each kind of search: ./run bench catalogue --devices 1000000 [--json].

Fills a database with devices as a province has them (codes and names go with the profile, as they do in real ones),
then asks the API, in this process, for pages of 100: the first ones, those that follow, and some far behind. Then the
counts, an export, and what 100,000 more rows cost.
"""

import argparse
import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from typing import Any, NamedTuple

import httpx
import psycopg
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from api.cursors import decode, encode
from devices.catalogue.counts import count_all
from hub.access.roles import Role
from tests.support.doors import CallerDoor
from tests.support.served_api import api_context, client_of
from tests.support.stores import open_any_store

SETTINGS = {"shared_buffers": "512MB", "max_wal_size": "4GB"}
STEP = 50_000
COUNTY = "330505"
PROFILES = {
    "air": "空气站", "camera": "固定摄像机", "electric": "电气火灾", "gas": "可燃气体", "level": "水位站",
    "manhole": "井盖", "noise": "噪声站", "parking": "停车", "pole": "智慧灯杆", "rain": "雨量站", "smoke": "烟感",
    "tilt": "桥梁倾斜",
}  # fmt: skip
STREETS = ["文三路", "古墩路", "莫干山路", "天目山路", "环城北路", "人民路", "解放路", "学院路", "沿江大道", "望江路"]
FILL = """
    insert into device (code, name, profile_id, organisation, region, lon, lat, tags, state)
    select p.code || '-' || lpad(n::text, 7, '0'),
           (%(streets)s::text[])[1 + abs(hashint4(n)) %% %(n_streets)s] || (1 + abs(hashint4(n + 7)) %% 999) || '号'
               || p.name,
           p.id, 'org-' || (1 + abs(hashint4(n + 1)) %% 60),
           33 || lpad((abs(hashint4(n + 2)) %% 11)::text, 2, '0') || lpad((abs(hashint4(n + 3)) %% 12)::text, 2, '0')
              || lpad((abs(hashint4(n + 4)) %% 15)::text, 3, '0') || 200 + abs(hashint4(n + 5)) %% 20,
           118 + abs(hashint4(n + 8)) %% 100000 / 20000.0, 28 + abs(hashint4(n + 9)) %% 100000 / 30000.0,
           case when n %% 50 = 0 then jsonb_build_object('batch', n / 50 %% 100) else '{}' end,
           case when n %% 500 = 0 then 'pending' when n %% 33 = 0 then 'suspended' else 'active' end
    from generate_series(%(first)s::int, %(last)s::int) n
    join (select row_number() over (order by code) as place, * from profile) p
        on p.place = 1 + (n - 1)::bigint * 12 / %(devices)s"""
REST = [
    "insert into catalogue_unheard select id from device where state = 'active'",
    """insert into region (code, name, level)
       select distinct rpad(left(d.region, v.digits), 12, '0'), '区划' || left(d.region, v.digits), v.level
       from device d,
            (values (2, 'province'), (4, 'city'), (6, 'county'), (9, 'town'), (12, 'village')) v (digits, level)
       on conflict do nothing""",
    """insert into device_health (device_id, online, since)
       select id, case when state = 'active' then hashint4(id) % 16 <> 0 end, now() from device where id % 200 <> 7""",
    """insert into device_seen (device_id, seen_at)
       select id, now() - id * interval '1 ms' from device where id % 200 <> 7""",
    """insert into completeness (device_id, day, expected, received, counted_at)
       select id, (now() at time zone zone)::date - n, 1440, 1300 + id % 140, now()
       from device, generate_series(0, 1) n where state = 'active'""",
]


class Kind(NamedTuple):
    """A kind of search: what it is called, and one of its questions."""

    name: str
    params: dict[str, Any]


def kinds(chance: random.Random, devices: int) -> Iterator[Kind]:
    """One question of each kind, with other values each time."""
    street, number = chance.choice(STREETS), chance.randrange(1, 1000)
    profile, organisation = chance.choice([*PROFILES]), f"org-{chance.randrange(1, 61)}"
    city, county = f"33{chance.randrange(11):02}", f"{chance.randrange(12):02}"
    west, south = 118 + 4.9 * chance.random(), 28 + 3.2 * chance.random()
    small = f"{west:.4f},{south:.4f},{west + 0.05:.4f},{south + 0.05:.4f}"
    large = f"{west:.4f},{south:.4f},{west + 2:.4f},{south + 2:.4f}"
    yield Kind("everything", {})
    yield Kind("text: one letter", {"q": chance.choice("aegilmnoprst")})
    yield Kind("text: one character", {"q": chance.choice("路水站气烟井")})
    yield Kind("text: a profile's name", {"q": chance.choice([*PROFILES.values()])})
    yield Kind("text: beginning of codes", {"q": profile + "-"})
    yield Kind("text: a street", {"q": street})
    yield Kind("text: an address", {"q": f"{street}{number}号"})
    yield Kind("text: a code", {"q": f"{chance.randrange(1, devices):07}"})
    yield Kind("text: nowhere", {"q": chance.choice(["zzz", "鸬鸟", "路三", "0000000"])})
    yield Kind("region: province", {"region": "33"})
    yield Kind("region: city", {"region": city})
    yield Kind("region: county", {"region": city + county + "000000"})
    yield Kind("region: town", {"region": city + county + f"{chance.randrange(15):03}"})
    yield Kind("profile", {"profile": profile})
    yield Kind("organisation", {"organisation": organisation})
    yield Kind("state: many", {"state": chance.choice(["active", "suspended"])})
    yield Kind("state: few", {"state": "pending"})
    yield Kind("online", {"online": "true"})
    yield Kind("offline", {"online": "false"})
    yield Kind("never heard of", {"online": "unknown"})
    yield Kind("tag: key", {"tag": "batch"})
    yield Kind("tag: value", {"tag": f"batch:{chance.randrange(100)}"})
    yield Kind("box: small", {"bbox": small})
    yield Kind("box: large", {"bbox": large})
    yield Kind("profile + city", {"profile": profile, "region": city})
    yield Kind("profile + offline", {"profile": profile, "online": "false"})
    yield Kind("profile + text of another", {"profile": profile, "q": chance.choice(["air", "水位", "pole-"])})
    yield Kind("text + city", {"q": street, "region": city})
    yield Kind("text + organisation + offline", {"q": street, "organisation": organisation, "online": "false"})
    yield Kind("county + active + online", {"region": city + county, "state": "active", "online": "true"})
    yield Kind("box + profile + online", {"bbox": large, "profile": profile, "online": "true"})
    yield Kind("conditions that exclude each other", {"state": "suspended", "online": "true"})
    yield Kind("five at once", {"q": "路", "region": city, "profile": profile, "state": "active", "online": "true"})


def main() -> None:
    """Fill, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=20, help="questions of each kind")
    parser.add_argument("--county", action="store_true", help="as somebody who may see one county, a hundredth of it")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with (
        open_any_store(given.store, SETTINGS) as store,
        store.database() as url,
        Progress(console=Console(stderr=True), transient=True) as progress,
    ):
        fill(url, given.devices, progress)
        figures = {"devices": given.devices, "store": store.told}
        figures |= asyncio.run(measure(url, given.devices, given.rounds, given.county, progress))
        figures["insert"] = insert(url)
    if given.json:
        sys.stdout.write(json.dumps(figures, ensure_ascii=False) + "\n")
    else:
        show(figures)


def fill(url: str, devices: int, progress: Progress) -> None:
    """Devices with all that is known of them; triggers and the costly index come after."""
    task = progress.add_task("filling", total=devices)
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("select indexdef from pg_indexes where indexname = 'device_grams'").fetchone()
        assert row is not None
        conn.execute("drop index device_grams")
        conn.execute("alter table device disable trigger user")
        conn.execute("insert into organisation select 'org-' || n, '单位' || n from generate_series(1, 60) n")
        for code, name in PROFILES.items():
            conn.execute("insert into profile (code, name) values (%s, %s)", (code, name))
        fixed = {"streets": STREETS, "n_streets": len(STREETS), "devices": devices}
        for first in range(1, devices + 1, STEP):
            last = min(first + STEP - 1, devices)
            conn.execute(FILL, {**fixed, "first": first, "last": last})
            progress.update(task, completed=last)
        for number, statement in enumerate([*REST, "set maintenance_work_mem = '256MB'", row[0], "vacuum analyze"]):
            progress.update(task, description=f"filling: the rest, {number + 1} of {len(REST) + 3}")
            conn.execute(statement)
        conn.execute("alter table device enable trigger user")
    progress.remove_task(task)


async def measure(url: str, devices: int, rounds: int, county: bool, progress: Progress) -> dict[str, Any]:
    """Milliseconds of each kind of page, of counts, and of an export."""
    chance = random.Random(1)
    times: dict[str, list[float]] = {}
    task = progress.add_task("asking", total=rounds)
    door = CallerDoor()
    if county:
        door.limited(Role.VIEWER, COUNTY)
    async with api_context(url) as context, client_of(context, door, timeout=60) as client:
        for _ in range(rounds):
            for kind in kinds(chance, devices):
                await ask(client, kind, chance, times, devices)
            progress.advance(task)
        figures: dict[str, Any] = {"pages_ms": {name: _figures(taken) for name, taken in times.items()}}
        async with context.hub_pool.connection() as conn:
            began = time.perf_counter()
            await count_all(conn)
            figures["count_all_s"] = round(time.perf_counter() - began, 2)
        counting: dict[str, list[float]] = {}
        for _ in range(rounds):
            for region in (None, "33", "3305", "330505", "330505001", "330505001205"):
                for by in ("region", "organisation", "profile"):
                    params = {"by": by, **({"region": region} if region else {})}
                    await timed(
                        client, "/catalogue/counts", params, counting.setdefault(f"{by} of {region or 'all'}", [])
                    )
        figures["counts_ms"] = {name: _figures(taken) for name, taken in counting.items()}
        for form in ("csv", "geojson"):
            began = time.perf_counter()
            async with client.stream("GET", "/catalogue:export", params={"format": form}) as answer:
                size = sum([len(piece) async for piece in answer.aiter_bytes()])
            figures[f"export_{form}"] = {"s": round(time.perf_counter() - began, 1), "mb": round(size / 1e6)}
    return figures


async def ask(
    client: httpx.AsyncClient, kind: Kind, chance: random.Random, times: dict[str, list[float]], devices: int
) -> None:
    """The first page, the next one, and one somewhere far behind."""
    page = await timed(client, "/catalogue", kind.params, times.setdefault(kind.name, []))
    assert len(page["items"]) == 100 or page["next"] is None
    if page["next"] is None:
        return
    following = times.setdefault(kind.name + ", next pages", [])
    await timed(client, "/catalogue", {**kind.params, "cursor": page["next"]}, following)
    order, _ = decode(page["next"], [str, str])
    code = f"{chance.choice([*PROFILES])}-{chance.randrange(1, devices):07}"
    far = encode([order, str(chance.randrange(2**32)) if order == "spread" else code])
    await timed(client, "/catalogue", {**kind.params, "cursor": far}, following)
    await timed(client, "/devices", kind.params, times.setdefault("GET /devices, all kinds", []))


async def timed(client: httpx.AsyncClient, path: str, params: dict[str, Any], into: list[float]) -> dict[str, Any]:
    """An answer; its milliseconds go `into`."""
    began = time.perf_counter()
    answer = await client.get(path, params=params)
    into.append((time.perf_counter() - began) * 1000)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def insert(url: str) -> dict[str, float]:
    """Seconds of 100,000 more rows, or as many as there are, with the triggers and indexes that an import has."""
    with psycopg.connect(url, autocommit=True) as conn:
        began = time.perf_counter()
        more = conn.execute(
            """insert into device (code, name, profile_id, organisation, region, lon, lat)
               select 'more-' || code, name, profile_id, organisation, region, lon, lat from device
               order by id limit 100000"""
        )
        return {"rows": more.rowcount, "s": round(time.perf_counter() - began, 1)}


def _figures(taken: list[float]) -> dict[str, float]:
    ordered = sorted(taken)
    at = {"p50": len(ordered) // 2, "p95": min(len(ordered) - 1, round(0.95 * len(ordered)))}
    return {name: round(ordered[place], 1) for name, place in at.items()} | {
        "max": round(ordered[-1], 1),
        "n": len(taken),
    }


def show(figures: dict[str, Any]) -> None:
    """A table."""
    out = Console()
    for part in ("pages_ms", "counts_ms"):
        table = Table(part, "p50", "p95", "max", "n", title=f"{figures['devices']:,} devices, {figures['store']}")
        for name, values in figures[part].items():
            style = "red" if values["p95"] > (100 if part == "pages_ms" else 1000) else ""
            table.add_row(name, *(f"{values[column]:g}" for column in ("p50", "p95", "max", "n")), style=style)
        out.print(table)
    for name in ("count_all_s", "export_csv", "export_geojson", "insert"):
        out.print(f"{name}: {figures[name]}")


if __name__ == "__main__":
    main()
