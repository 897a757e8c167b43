"""The hub below a superior platform of GB/T 28181: its directory, and what an alarm costs that is told.

./run bench cascade [--quick] [--json]

directory_s_udp and _tcp: from the query of a platform that answers at once until it has all channels. commit_us: what
a stored alarm costs more, in processor time of the process, while a platform is granted it; told_us: what it costs to
tell it until it is noted as taken, after a time in which the platform took none; told_s: how long that takes for all.
alarm_ms: from the event at the API to the platform, at 50 alarms/s; forward_ms: from the API's answer on.
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

from simulator.cameras.superior import SuperiorPlatform
from tests.support.hub import Hub
from tests.support.measure import cpu_s
from tests.support.process import eventually, free_port
from tests.support.stores import open_any_store

CHANNELS, QUICK_CHANNELS = 3_000, 300
ALARMS, QUICK_ALARMS = 1_000, 100
AT_ONCE = 5
"""Requests at one time."""
RATE, SECONDS = 50, 10
"""Alarms a second, and for how long, from the API to the platform."""
CITY, OWN, PASSWORD = "33010000002000000001", "33010600002000000001", "12345678"
CHANNEL = "3301060000132{:07}"
DRAIN_S = 120.0
_DEVICES = """
insert into device (code, name, profile_id, region, tags)
select '3301060000132' || lpad(n::text, 7, '0'), '文三路学院路口 ' || n, p.id, '330106003000', '{"shared": "city"}'
from generate_series(1, %s) n, profile p where p.code = 'camera'
"""


def main() -> None:
    """Print the figures; exit status 1 where an alarm is lost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="300 channels, 100 alarms")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    given = parser.parse_args()
    found = measured(*((QUICK_CHANNELS, QUICK_ALARMS) if given.quick else (CHANNELS, ALARMS)))
    sys.stdout.write((json.dumps(found) if given.json else "\n".join(f"{k:18} {v}" for k, v in found.items())) + "\n")
    sys.exit(1 if found["lost"] else 0)


def measured(channels: int, alarms: int) -> dict[str, Any]:
    """All of it, with a hub and a store of its own."""
    with ExitStack() as stack:
        store = stack.enter_context(open_any_store(None, {}))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganzhi-")))
        url = stack.enter_context(store.database())
        hub = Hub(url, 0, folder, HUB_OUTGOING__FORWARD='["127.0.0.0/8"]')
        stack.callback(hub.close)
        hub.launch()
        hub.put("/profiles/camera", name="枪机", metrics={}, category="video", events={"tilt": {"name": "t"}})
        with psycopg.connect(url) as conn:
            conn.execute(_DEVICES, (channels,))
        hub.wait_for_devices(channels)
        return asyncio.run(_course(hub, channels, alarms))


async def _course(hub: Hub, channels: int, alarms: int) -> dict[str, Any]:
    began = time.time_ns() // 1_000_000 - 10 * 60_000
    await _stored(hub, channels, alarms, began)  # warm
    alone = await _cost(hub, _stored(hub, channels, alarms, began + alarms))
    async with SuperiorPlatform(CITY, PASSWORD, free_port()) as platform:
        found: dict[str, Any] = {"channels": channels}
        for transport in ("tcp", "udp"):
            await _forward(hub, platform, transport)
            found[f"directory_s_{transport}"] = round(await _directory(platform, channels), 3)
        await asyncio.sleep(1.5)  # until the stage looks for platforms
        platform.silent = frozenset({"Alarm"})
        granted = await _cost(hub, _stored(hub, channels, alarms, began + 2 * alarms))
        platform.silent = frozenset()
        woke = time.monotonic()
        told = await _cost(hub, _until(hub, alarms))
        told_s = time.monotonic() - woke
        waits, forwards = await _waits(hub, platform, channels)
        numbers = {each.body.number for each in platform.of("Alarm")}
    quantiles = np.percentile(np.array([waits, forwards]) * 1000, [50, 99], axis=1).T.round(1).tolist()
    return found | {
        "alarms": alarms, "commit_us": round((granted - alone) / alarms * 1e6),
        "told_us": round(told / alarms * 1e6), "told_s": round(told_s, 1),
        "alarm_ms_p50": quantiles[0][0], "alarm_ms_p99": quantiles[0][1],
        "forward_ms_p50": quantiles[1][0], "forward_ms_p99": quantiles[1][1],
        "lost": alarms + len(waits) - len(numbers),
    }  # fmt: skip


async def _forward(hub: Hub, platform: SuperiorPlatform, transport: str) -> None:
    before, body = len(platform.logins), {"id": CITY, "transport": transport, "keepalive_s": 3600}
    await asyncio.to_thread(
        hub.put, "/forwards/city", name="City", kind="gb28181", host="127.0.0.1", port=platform.port, number=OWN,
        tag="shared:city", platform=body, password=PASSWORD, at_once=100,
    )  # fmt: skip

    async def is_registered() -> bool:
        return len(platform.logins) > before

    await eventually(is_registered, "it registers", DRAIN_S)


async def _directory(platform: SuperiorPlatform, channels: int) -> float:
    platform.heard.clear()
    began = time.monotonic()
    await platform.query("Catalog")
    items = at = 0
    while items < channels + 3:
        assert time.monotonic() - began < DRAIN_S, f"{items} of {channels}"
        await asyncio.sleep(0.002)
        new = platform.heard[at:]
        at += len(new)
        items += sum(each.message.body.count(b"<Item>") for each in new)
    return time.monotonic() - began


async def _stored(hub: Hub, channels: int, alarms: int, began: int) -> None:
    """Events of as many cameras, a few at one time."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await _event(hub, number % channels, began + number)

    async with asyncio.TaskGroup() as group:
        for number in range(alarms):
            group.create_task(one(number))


async def _event(hub: Hub, camera: int, ts: int) -> None:
    path, body = f"/api/v1/devices/{CHANNEL.format(camera + 1)}/events", {"ts": ts, "kind": "tilt", "state": "active"}
    (await asyncio.to_thread(hub.api.post, path, json=body)).raise_for_status()


async def _cost(hub: Hub, work: Any) -> float:
    before = cpu_s([hub.pid])
    await work
    return cpu_s([hub.pid]) - before


async def _until(hub: Hub, alarms: int) -> None:
    async def all_taken() -> bool:
        shown = (await asyncio.to_thread(hub.api.get, "/api/v1/forwards/city")).json()
        return bool(shown["acknowledged"] >= alarms and shown["pending"] == 0)

    await eventually(all_taken, "all is taken", DRAIN_S)


async def _waits(hub: Hub, platform: SuperiorPlatform, channels: int) -> tuple[list[float], list[float]]:
    """Seconds of each of some alarms until it is at the platform, from its request and from its answer on; each of
    another camera, at an even pace."""
    at, began, alarms = len(platform.heard), time.monotonic(), min(RATE * SECONDS, channels)
    sent, stored, there = dict[str, float](), dict[str, float](), dict[str, float]()

    async def one(camera: int) -> None:
        await _event(hub, camera, time.time_ns() // 1_000_000)
        stored[CHANNEL.format(camera + 1)] = time.monotonic()

    async with asyncio.TaskGroup() as group:
        while len(there) < alarms:
            now = time.monotonic()
            assert now - began < DRAIN_S, f"{len(there)} of {alarms}"
            while len(sent) < min(alarms, (now - began) * RATE):
                camera = len(sent)
                sent[CHANNEL.format(camera + 1)] = now
                group.create_task(one(camera))
            new = platform.heard[at:]
            at += len(new)
            for each in new:
                if each.body.command == "Alarm" and each.body.device in sent:
                    there.setdefault(each.body.device, now)
            await asyncio.sleep(0.002)
    waits = [at - sent[device] for device, at in there.items()]
    return waits, [max(at - stored[device], 0.0) for device, at in there.items()]


if __name__ == "__main__":
    main()
