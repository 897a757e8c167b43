"""Parts of ./run bench protocols: stations of HJ 212 at load, and idle connections, against one hub process."""

import asyncio
import resource
import socket
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from simulator.fleet import to_csv
from simulator.stations.hj212 import COURSES, Hj212, numbers
from simulator.stations.lines import Lines
from simulator.stations.station import Manners, Station, Told
from simulator.stations.things import KINDS, things
from tests.support.hub import Hub
from tests.support.measure import cpu_s, rss_mb
from tests.support.process import free_port, wait_until
from tests.support.stores import open_any_store

STATIONS, QUICK_STATIONS = 5_000, 300
IDLE, QUICK_IDLE = 10_000, 500
EVERY_S = 10.0
WARM_S, SECONDS, QUICK_SECONDS = 15.0, 60.0, 12.0
"""Dialling and first reports do not count."""
DRAIN_S = 30.0
PATIENT = Manners(patience_s=30.0)
Tell = Callable[[float], None]


@contextmanager
def _serving(count: int) -> Iterator[tuple[Hub, str, int]]:
    """A hub that knows so many stations, its database and the port at which they dial in."""
    with ExitStack() as stack:
        store = stack.enter_context(open_any_store(None, {"max_wal_size": "8GB"}))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ganzhi-"))
        url, port = stack.enter_context(store.database()), free_port()
        hub = stack.enter_context(_hub(Path(folder), url, port))
        _register(hub, count)
        yield hub, url, port


@contextmanager
def _hub(folder: Path, database: str, port: int) -> Iterator[Hub]:
    hub = Hub(
        database, 0, folder,
        HUB_SESSION__HJ212__LISTEN=f"127.0.0.1:{port}", HUB_SESSION__CONNECTIONS_PER_ADDRESS="60000",
    )  # fmt: skip
    try:
        hub.launch()
        wait_until(lambda: _listens(port), f"the hub listens on {port}")
        yield hub
    finally:
        hub.close()


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _register(hub: Hub, count: int) -> None:
    kind = KINDS["hj212"]
    hub.put(f"/profiles/{kind.profile}", **kind.body)
    for begin in range(0, count, 5_000):
        part = things("hj212", count, 1)[begin : begin + 5_000]
        answer = hub.api.post("/api/v1/devices:import", content=to_csv(part), headers={"Content-Type": "text/csv"})
        answer.raise_for_status()
    hub.wait_for_devices(count)


def stations(tell: Tell, quick: bool) -> dict[str, Any]:
    """So many stations, one report each ten seconds; processor of the hub's process alone, not of the database."""
    count, seconds = (QUICK_STATIONS, QUICK_SECONDS) if quick else (STATIONS, SECONDS)
    with _serving(count) as (hub, url, port):
        return asyncio.run(_load(hub, url, port, count, seconds, tell))


async def _load(hub: Hub, url: str, port: int, count: int, seconds: float, tell: Tell) -> dict[str, Any]:
    told: list[Told] = []
    speeches = [Hj212(number, 1) for number in numbers(count)]
    lines = Lines([Station(each, ("127.0.0.1", port), told.append, PATIENT) for each in speeches], EVERY_S)
    lines.begin()
    await asyncio.sleep(WARM_S)
    began, before, first = time.monotonic(), cpu_s([hub.pid]), len(told)
    while (took := time.monotonic() - began) < seconds:
        tell(0.9 * took / seconds)
        await asyncio.sleep(0.5)
    spent, counted, rss = cpu_s([hub.pid]) - before, told[first:], rss_mb(hub.pid)
    left = await lines.end(DRAIN_S)
    stored, right = _stored(url, told)
    waits = np.array([each.waited_s for each in counted]) * 1000
    return {
        "stations": count, "reports_per_s": round(len(counted) / took, 1), "core_share": round(spent / took, 3),
        "rss_mb": round(rss, 1), "reply_ms_p50": round(float(np.percentile(waits, 50)), 1),
        "reply_ms_p99": round(float(np.percentile(waits, 99)), 1), "lost": len(told) * len(COURSES) - right,
        "duplicates": stored - right if not left else max(0, stored - lines.said * len(COURSES)), "unanswered": left,
    }  # fmt: skip


def _stored(url: str, told: list[Told]) -> tuple[int, int]:
    """How many readings are stored, and how many of those that were acknowledged, value for value."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("create temp table truth (device text, metric text, ts_us bigint, value float8)")
        with conn.cursor().copy("copy truth from stdin") as copy:
            for each in told:
                for reading in each.report.readings:
                    copy.write_row(reading)
        row = conn.execute(
            """select (select count(*) from reading), count(*) from truth t
               join device d on d.code = t.device join series s on s.device_id = d.id and s.metric = t.metric
               join reading r on r.series_id = s.id and r.value = t.value
                   and r.ts = timestamptz 'epoch' + t.ts_us * interval '1 microsecond'"""
        ).fetchone()
    return (0, 0) if row is None else (row[0], row[1])


def idle(tell: Tell, quick: bool) -> dict[str, Any]:
    """Connections on each of which one report was acknowledged, and nothing more is sent."""
    count = QUICK_IDLE if quick else IDLE
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
    with _serving(count) as (hub, _, port):
        return asyncio.run(_idle(hub, port, count, tell))


async def _idle(hub: Hub, port: int, count: int, tell: Tell) -> dict[str, Any]:
    told: list[Told] = []
    before, files = rss_mb(hub.pid), _files(hub.pid)
    stations_ = [Station(Hj212(number, 1), ("127.0.0.1", port), told.append, PATIENT) for number in numbers(count)]
    now = time.time_ns() // 1_000_000_000 * 1_000_000
    for number, station in enumerate(stations_):
        station.begin()
        station.say(station.speech.report(now))
        if number % 100 == 99:
            await asyncio.sleep(0.1)
            tell(0.8 * number / count)
    until = time.monotonic() + 120
    while len(told) < count and time.monotonic() < until:  # noqa: ASYNC110 up to a deadline
        await asyncio.sleep(0.2)
    await asyncio.sleep(5)
    held = _files(hub.pid) - files
    found = {
        "idle_connections": held,
        "idle_rss_mb": round(rss_mb(hub.pid), 1),
        "idle_rss_before_mb": round(before, 1),
    }
    await asyncio.gather(*(station.end() for station in stations_))
    return found


def _files(pid: int) -> int:
    """Open files of a process, each connection among them."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
