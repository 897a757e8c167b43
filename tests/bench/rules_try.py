"""How long it takes to try a rule on 30 days of 1,000 series: ./run bench rules-try [--watch WHAT] [--json].

A reading each 5 minutes, compressed but for the last two days where the store can; each 1,000th is unusual. The devices
lie 300 m apart. Of a signal the days before are filled, too, in which it is learned.
"""

import argparse
import asyncio
import json
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from rich.console import Console

from analytics.rules.history import RuleHistory
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.stores import Store, open_any_store

RULE = {
    "id": 0, "code": "try", "profile_id": 1, "metric": "depth", "label": "depth", "direction": "above",
    "thresholds": {"yellow": 15, "red": 27}, "hysteresis": 2.0, "hold_s": 60.0, "clear_s": 60.0,
    "signal": "value", "tolerance": 0.0, "flagged": False, "expression": None, "stale_s": 900.0, "schedule": None,
    "event_kind": None, "event_level": None,
}  # fmt: skip

WATCHED: dict[str, tuple[dict[str, Any], int]] = {
    "value": ({}, 0),
    "score": ({"signal": "score", "thresholds": {"yellow": 0.99}, "hysteresis": 0.0, "hold_s": 0.0}, 7),
    "unshared": ({"signal": "unshared", "thresholds": {"yellow": 2}, "hysteresis": 0.5, "hold_s": 0.0}, 30),
    "neighbours": ({"expression": "depth - median(neighbours(5000).depth) > 10", "thresholds": {"yellow": 1},
                    "hysteresis": 0.0}, 0),
}  # fmt: skip
"""By what is asked for: fields of the rule, and days before the period that it learns."""


def fill(url: str, series: int, days: int, compress: bool) -> None:
    """Devices, their series and readings."""
    with psycopg.connect(url, autocommit=True, options="-c timezone=UTC") as conn:
        conn.execute("insert into profile (code, name, metrics) values ('water', 'Water', '{\"depth\": {}}')")
        conn.execute(
            """insert into device (code, name, profile_id, lon, lat)
               select 'gauge-' || n, 'G', 1, 120 + 0.003 * (n %% 32), 30 + 0.003 * (n / 32)
               from generate_series(1, %s) n""",
            (series,),
        )
        conn.execute("insert into series (device_id, metric) select id, 'depth' from device on conflict do nothing")
        for day in range(days + 1):
            conn.execute("select ensure_partition((now() - make_interval(days => %s))::date)", (day,))
        conn.execute(
            """insert into reading (series_id, ts, value, quality)
               select s.id, date_trunc('minute', now()) - n * interval '5 minutes',
                      case when (n + s.id) %% 1000 = 0 then 30 else 5 + n %% 7 end, 0
               from generate_series(1, %s * 288) n, series s order by n""",
            (days,),
        )
        if compress:
            conn.execute("select compress_chunk(c) from show_chunks('reading', older_than => interval '2 days') c")
        conn.execute("analyze reading")


async def tried(url: str, days: int, watch: str = "value") -> dict[str, Any]:
    """One trial."""
    until = datetime.now(UTC)
    async with open_pool(Database(url=url)) as pool:
        began, spent = time.monotonic(), time.process_time()
        trial = await RuleHistory()(pool.connection, RULE | WATCHED[watch][0], until - timedelta(days=days), until)
        seconds, spent = time.monotonic() - began, time.process_time() - spent
    return {
        "watch": watch,
        "series": trial.things,
        "readings": trial.looked_at,
        "alerts": len(trial.alerts),
        "complete": trial.complete,
        "seconds": round(seconds, 2),
        "processor_seconds_of_the_hub": round(spent, 2),
        "us_per_reading": round(seconds * 1e6 / max(1, trial.looked_at), 3),
    }


def measure(store: Store, series: int, days: int, watch: str) -> dict[str, Any]:
    """Fill a database and try the rule on it."""
    with store.database() as url:
        filled = days + WATCHED[watch][1]
        with Console(stderr=True).status(f"filling {series * filled * 288:,} readings"):
            fill(url, series, filled, "timescaledb" in store.told)
        return asyncio.run(tried(url, days, watch)) | {"store": store.told}


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--series", type=int, default=1_000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--watch", choices=tuple(WATCHED), default="value")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with open_any_store(given.store) as store:
        figures = measure(store, given.series, given.days, given.watch)
    sys.stdout.write(json.dumps(figures, indent=None if given.json else 2) + "\n")


if __name__ == "__main__":
    main()
