"""Cameras of GB/T 28181 at one hub process: registered over UDP and TCP, alive, with alarms that reach a webhook.

./run bench cameras [--quick] [--json] [--only streams]

keepalive_core_share is what 4,000 keepalives a minute cost beyond a hub that only waits, as a share of a core, in
processor time of its process. rss_mb is what the cameras add to its memory, hub_mb all of it. Times are from a
camera's message to the webhook. pictures_per_s is null, for GB/T 28181 brings none.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from simulator.cameras.watch import PASSWORD, Watch
from simulator.fleet import to_csv
from simulator.messages import Message
from simulator.stations.things import KINDS, things
from tests.bench.camera_streams import QUICK_STREAMS, STREAMS, measured_streams
from tests.support.hub import Hub
from tests.support.measure import cpu_s, rss_mb
from tests.support.process import eventually, free_port
from tests.support.stores import open_any_store
from tests.support.webhooks import Receiver

CAMERAS, QUICK_CAMERAS = 1_000, 100
ALARMS_PER_S, QUICK_ALARMS_PER_S = 50.0, 10.0
KEEPALIVES_PER_S = 4_000 / 60
SECONDS, QUICK_SECONDS = 20.0, 8.0
SETTLE_S, DRAIN_S = 15.0, 60.0
"""Until all are asked who they are, and armed."""


def main() -> None:
    """Print the figures; exit status 1 where an alarm is lost or came twice."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="100 cameras, 10 alarms a second")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument("--only", choices=["streams"], help="streams: 500 streams of alerts (ISAPI) in one process")
    given = parser.parse_args()
    if given.only == "streams":
        found = measured_streams(QUICK_STREAMS if given.quick else STREAMS, QUICK_SECONDS if given.quick else SECONDS)
        sys.stdout.write((json.dumps(found) if given.json else str(found)) + "\n")
        return
    count, rate = (QUICK_CAMERAS, QUICK_ALARMS_PER_S) if given.quick else (CAMERAS, ALARMS_PER_S)
    found = measured(count, rate, QUICK_SECONDS if given.quick else SECONDS)
    sys.stdout.write((json.dumps(found) if given.json else "\n".join(f"{k:22} {v}" for k, v in found.items())) + "\n")
    sys.exit(1 if found["lost"] or found["duplicates"] else 0)


def measured(count: int, rate: float, seconds: float) -> dict[str, Any]:
    """All of it, with a hub and a store of its own; each camera has an alarm at most."""
    with ExitStack() as stack:
        store = stack.enter_context(open_any_store(None, {}))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganzhi-")))
        url, port = stack.enter_context(store.database()), free_port()
        where = f"127.0.0.1:{port}"
        hub = Hub(
            url, 0, folder,
            HUB_SIP__LISTEN=where, HUB_SIP__LISTEN_UDP=where, HUB_SIP__PASSWORD=PASSWORD,
            HUB_SIP__REGISTERS_PER_S="1000",
        )  # fmt: skip
        stack.callback(hub.close)
        hub.launch()
        return asyncio.run(_course(hub, url, port, count, rate, seconds))


async def _course(hub: Hub, url: str, port: int, count: int, rate: float, seconds: float) -> dict[str, Any]:
    async with Receiver() as receiver:
        await asyncio.to_thread(_set_up, hub, receiver.url(), count)
        taken: list[Message] = []
        before, idle = rss_mb(hub.pid), await _share(hub, seconds / 2)
        watch = Watch(count, ("127.0.0.1", port), taken.append, keepalives=False)
        await watch.begin()
        await asyncio.sleep(SETTLE_S)
        alive = asyncio.create_task(_turns(KEEPALIVES_PER_S, seconds, watch.keepalive))
        share = await _share(hub, seconds)
        await alive
        told: dict[str, float] = {}

        def alarm(number: int) -> None:
            told[watch.cameras[number % count].id] = time.monotonic()
            watch.alarm(number, time.time_ns() // 1000)

        alarms = min(count, int(rate * seconds))
        await _turns(rate, alarms / rate, alarm)
        rss, left = rss_mb(hub.pid), 0

        async def all_are_there() -> bool:
            return len({got.id for got in receiver.received}) >= alarms

        try:
            await eventually(all_are_there, "the webhook has all", DRAIN_S)
        except AssertionError:
            left = alarms - len({got.id for got in receiver.received})
        left += await watch.end(DRAIN_S)
        waits = [at - told[device] for device, at in _arrivals(receiver).items() if device in told]
    with psycopg.connect(url) as conn:
        row = conn.execute("select count(*)::int, count(distinct device_id)::int from event").fetchone() or (0, 0)
    quantiles = np.percentile(np.array(waits or [0.0]) * 1000, [50, 99])
    return {
        "cameras": count, "alarm_ms_p50": round(float(quantiles[0]), 1), "alarm_ms_p99": round(float(quantiles[1]), 1),
        "rss_mb": round(rss - before, 1), "keepalive_core_share": round(max(share - idle, 0.0), 4),
        "pictures_per_s": None,
        "lost": left + alarms - row[1], "duplicates": row[0] - row[1], "alarms": alarms,
        "idle_core_share": round(idle, 4), "hub_mb": round(rss, 1),
    }  # fmt: skip


def _set_up(hub: Hub, hook: str, count: int) -> None:
    kind = KINDS["gb28181"]
    hub.put(f"/profiles/{kind.profile}", **kind.body)
    part = things("gb28181", count, 1)
    answer = hub.api.post("/api/v1/devices:import", content=to_csv(part), headers={"Content-Type": "text/csv"})
    answer.raise_for_status()
    hub.wait_for_devices(count)
    hub.put("/rules/intrusion", name="Intrusion", event_kind="intrusion", level="yellow")
    hub.put("/consumers/desk", url=hook)


async def _share(hub: Hub, seconds: float) -> float:
    before, began = cpu_s([hub.pid]), time.monotonic()
    await asyncio.sleep(seconds)
    return (cpu_s([hub.pid]) - before) / (time.monotonic() - began)


async def _turns(rate: float, seconds: float, turn: Any) -> None:
    """So many turns a second, by their number."""
    began, number = time.monotonic(), 0
    while (passed := time.monotonic() - began) < seconds or number < int(rate * seconds):
        while number < min(int(rate * passed) + 1, int(rate * seconds)):
            turn(number)
            number += 1
        await asyncio.sleep(0.005)


def _arrivals(receiver: Receiver) -> dict[str, float]:
    """By device when the webhook had its alert."""
    found: dict[str, float] = {}
    for got in receiver.received:
        data = json.loads(got.body).get("data", {})
        device = data.get("device") or data.get("target") or ""
        found.setdefault(device if isinstance(device, str) else device.get("code", ""), got.at)
    return found


if __name__ == "__main__":
    main()
