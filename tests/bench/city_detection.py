"""What detection finds of a simulated city whose anomalies are known: 200 things, 28 days learned, 7 days judged.

./run bench city-detection [--json] [--seed N] [--each N]

The city (simulator/lives.py) has weather that neighbours share, days and weeks, noise, dropouts, restarts and late
packs; in the days that are judged, anomalies of eight kinds that no threshold sees (simulator/hidden.py). Its messages
go through all stages of a hub, and their commits, in the order and at the times of their arrival, with the shipped rule
sets of its profiles and nothing else; after each batch it is looked what neighbours show, as a hub does every 30 s. The
days before are learned from packs of an hour. An alert is matched by what it is about: it must begin within an anomaly
of its series (or up to INTERVAL_S before, for what is reported is interpolated), or within 6 hours after, while things
come back to usual.
"""

import argparse
import asyncio
import json
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby

import numpy as np
import psycopg

from analytics.detection.stage import SAVED_AFTER
from analytics.rules.reception import Everything
from hub.models import Batch, Micros, Origin, Raw
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from simulator.courses import INTERVAL_S
from simulator.fleet import Thing, build_fleet, to_csv
from simulator.hidden import DAY, HOUR, Hidden, plan
from simulator.lives import Life, lives
from simulator.messages import telemetry
from simulator.things import PROFILES
from tests.support.served_api import api_context, client_of
from tests.support.staged_hub import StagedHub
from tests.support.stores import open_any_store

THINGS, LEARNED, JUDGED = 200, 28, 7
EACH = 10
"""Anomalies of each kind."""
AFTER_S = 6 * 3600.0
SAVING = 4
"""Commits that save the states of all their series."""
STEP: Micros = 300_000_000
"""Of the judged days, what arrives in so long is one batch."""
START_S = 1_790_006_400.0 // DAY * DAY - 8 * 3600
"""Midnight, in the city."""
SEEN = """
select d.code, s.metric, r.code, (extract(epoch from a.opened_at) * 1e6)::bigint
from alert a join device d on d.id = a.device_id join rule r on r.id = a.rule_id
    left join series s on s.id = a.series_id
where a.opened_at >= to_timestamp(%s)
order by a.opened_at
"""


def _things(seed: int) -> list[Thing]:
    """THINGS things that measure, of all kinds that the city has: its cameras are left out."""
    for count in range(THINGS, 2 * THINGS):
        things = [thing for thing in build_fleet(count, seed) if PROFILES[thing.profile]["metrics"]]
        if len(things) == THINGS:
            return things
    raise AssertionError("no city has so many things that measure")


async def _set_up(url: str, things: list[Thing]) -> list[str]:
    """The profiles of the library, the things, and each shipped rule set for them; which rules are on."""
    profiles = sorted({thing.profile for thing in things})
    on = []
    async with api_context(url) as context, client_of(context, timeout=60) as client:
        (await client.post("/profiles:install", json={"codes": profiles})).raise_for_status()
        sheet = {"content": to_csv(things), "headers": {"Content-Type": "text/csv"}}
        (await client.post("/devices:import", **sheet)).raise_for_status()  # type: ignore[arg-type]
        for profile in profiles:
            found = (await client.post(f"/rule-sets/{profile}:enable")).raise_for_status().json()
            on += [rule["code"] for rule in found["rules"] if rule["state"] == "on"]
    return on


def _message(life: Life, rows: slice, received: Micros) -> Raw:
    thing = life.thing
    origin = Origin("mqtt", thing.code, thing.code, "telemetry", thing.parent or None)
    return Raw(origin, telemetry(life.samples(rows)), received)


def _hours(all_lives: list[Life], until: Micros) -> Iterator[Batch]:
    """What was reported before: a pack of each thing for each hour, a batch an hour."""
    for hour in range(24 * LEARNED):
        end = min(until, round((START_S + (hour + 1) * HOUR) * 1e6))
        begin = round((START_S + hour * HOUR) * 1e6)
        raws: list[Raw] = []
        for life in all_lives:
            first, last = np.searchsorted(life.ts, [begin, end]).tolist()
            raws += [_message(life, slice(first, last), end + len(raws))] if last > first else []
        yield Batch(raws, now=end + len(raws))


def _arrivals(all_lives: list[Life], since: Micros) -> Iterator[Batch]:
    """What is judged, as it arrives: a message for each report, or for a pack of them."""
    due: dict[int, list[tuple[Micros, int, slice]]] = defaultdict(list)
    for number, life in enumerate(all_lives):
        first = int(np.searchsorted(life.ts, since))
        for arrived, rows in groupby(range(first, len(life.ts)), key=life.arrived.__getitem__):
            places = list(rows)
            due[int(arrived) // STEP].append((int(arrived), number, slice(places[0], places[-1] + 1)))
    for step in sorted(due):
        messages = sorted(due[step], key=lambda each: each[:2])
        yield Batch([_message(all_lives[number], rows, at) for at, number, rows in messages], now=(step + 1) * STEP)


async def _take(hub: StagedHub, batch: Batch) -> None:
    """Let it commit a batch, and what it learned by it as the batches of half a minute do; then it looks around."""
    await hub.take(hub.read(batch))
    for _ in range(SAVING):
        await hub.take(hub.read(Batch([], now=batch.now + SAVED_AFTER)))
    async with hub.pool.connection() as conn:
        await hub.made.detection.look(conn)


async def _live(pool: Pool, all_lives: list[Life]) -> dict[str, float]:
    """Let a hub take it all; seconds of the clock and readings."""
    since, began, readings = round((START_S + LEARNED * DAY) * 1e6), time.monotonic(), 0
    hub = await StagedHub(pool).restore()
    hub.made.rules.reception = Everything()
    for batch in _hours(all_lives, since):
        await _take(hub, batch)
        readings += len(batch.readings)
    learned_s, learned = time.monotonic() - began, readings
    for batch in _arrivals(all_lives, since):
        await _take(hub, batch)
        readings += len(batch.readings)
    took = time.monotonic() - began - learned_s
    return {"learned": learned, "readings": readings, "learned_s": round(learned_s, 1), "judged_s": round(took, 1)}


def _judge(url: str, hidden: list[Hidden]) -> dict[str, object]:
    """Alerts held against the truth."""
    with psycopg.connect(url) as conn:
        alerts = conn.execute(SEEN, (START_S + LEARNED * DAY,)).fetchall()
    wrong = {one.device: one for one in hidden}
    delays: dict[Hidden, float] = {}
    false: dict[str, int] = defaultdict(int)
    for device, metric, rule, opened in alerts:
        one, at = wrong.get(device), opened / 1e6
        if one is not None and one.metric in (None, metric) and one.begin_s - INTERVAL_S <= at <= one.end_s + AFTER_S:
            delays.setdefault(one, at - one.begin_s)
        else:
            false[rule] += 1
    kinds: dict[str, dict[str, object]] = {}
    for kind in dict.fromkeys(one.kind for one in hidden):
        some = [one for one in hidden if one.kind == kind]
        found = [delays[one] for one in some if one in delays]
        delay = round(float(np.median(found))) if found else None
        kinds[kind] = {"of": len(some), "found": len(found), "delay_s_p50": delay}
    missed = [f"{one.kind} {one.device} {one.metric} {one.size:g}" for one in hidden if one not in delays]
    return {
        "recall": round(len(delays) / len(hidden), 4),
        "false_per_day": round(sum(false.values()) / JUDGED, 2),
        "delay_s_p50": round(float(np.median(list(delays.values())))) if delays else None,
        "anomalies": len(hidden),
        "alerts": len(alerts),
        "by_kind": kinds,
        "false_by_rule": dict(sorted(false.items(), key=lambda each: -each[1])),
        "missed": missed,
    }


async def _run(url: str, seed: int, each: int) -> dict[str, object]:
    things = _things(seed)
    hidden = plan(things, START_S + LEARNED * DAY, JUDGED, each, seed)
    rules = await _set_up(url, things)
    all_lives = list(lives(things, START_S, LEARNED + JUDGED, hidden, seed))
    async with open_pool(Database(url=url)) as pool:
        told = await _live(pool, all_lives)
    found = _judge(url, hidden)
    return found | {
        "devices": len(things),
        "days": JUDGED,
        "days_learned": LEARNED,
        "seed": seed,
        "rules": len(rules),
        **told,
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--seed", type=int, default=1, help="of the city")
    parser.add_argument("--each", type=int, default=EACH, help="anomalies of each kind")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    asked = parser.parse_args()
    with (
        open_any_store(asked.store, {"shared_buffers": "512MB", "max_wal_size": "4GB"}) as store,
        store.database() as url,
    ):
        figures = asyncio.run(_run(url, asked.seed, asked.each))
    sys.stdout.write(json.dumps(figures) + "\n" if asked.json else "".join(f"{k}: {v}\n" for k, v in figures.items()))


if __name__ == "__main__":
    main()
