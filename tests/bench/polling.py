"""DTUs that a hub polls: processor, memory, what is lost and what is late: ./run bench polling --json."""

import argparse
import asyncio
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, cast

import psycopg

from devices.codecs.modbus.writing import REQUEST_BYTES, answer, asked
from devices.library.profiles import library
from tests.support.batches import fetch
from tests.support.hub import Hub
from tests.support.measure import cpu_s, rss_mb
from tests.support.process import free_port
from tests.support.stores import open_any_store

SLAVES = 4
INTERVAL_S = 60
LATE_S = 1.0
"""So much later than an interval after the one before, a request is late."""
HEARTBEAT_S = 30.0


class Dtu(asyncio.Protocol):
    """One DTU with its slaves; every tenth answer has a heartbeat inside."""

    answered = late = 0
    registers = {0: 658, 1: 0xFF9B}  # noqa: RUF012 the same of all of them

    def __init__(self, imei: str) -> None:
        self._imei, self._last = imei.encode(), dict[int, float]()
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._transport.write(self._imei)
        asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None

    def _beat(self) -> None:
        if self._transport is not None:
            self._transport.write(b"www.usr.cn")
            asyncio.get_running_loop().call_later(HEARTBEAT_S, self._beat)

    def data_received(self, data: bytes) -> None:
        request = asked(data[:REQUEST_BYTES])
        if request is None or self._transport is None or len(data) != REQUEST_BYTES:
            sys.exit(f"a request that is none: {data.hex()}")
        now = time.monotonic()
        before = self._last.get(request.unit)
        # The second request of a slave comes in its slot, the first soon after its line has connected.
        if before is not None and now - before > INTERVAL_S + LATE_S:
            Dtu.late += 1
        self._last[request.unit] = now
        told = answer(request, self.registers)
        Dtu.answered += 1
        if Dtu.answered % 10 == 0:
            told = told[:4] + b"www.usr.cn" + told[4:]
        self._transport.write(told)


def _fleet(count: int, port: int, ended: Any, told: Any) -> None:
    """A process of DTUs; puts how many requests were answered, and how many came late."""

    async def run() -> None:
        loop = asyncio.get_running_loop()
        for number in range(count):
            await loop.create_connection(lambda number=number: Dtu(_imei(number)), "127.0.0.1", port)  # type: ignore[misc]
        while not ended.is_set():
            told.value = Dtu.answered
            await asyncio.sleep(0.05)
        await asyncio.sleep(0.2)

    asyncio.run(run())
    told.value, ended.late.value = Dtu.answered, Dtu.late


def _imei(number: int) -> str:
    return f"86000000{number:07}"


def _register(url: str, count: int) -> None:
    """DTUs with four transmitters each."""
    body = library()["humidity-485"]
    with psycopg.connect(url) as conn:
        conn.execute(
            "insert into profile (code, name, metrics, interval_s, polling) values ('dtu', 'dtu', '{}', 60, null),"
            " ('probe', 'probe', %s, %s, %s)",
            (json.dumps(body["metrics"]), INTERVAL_S, json.dumps(body["polling"])),
        )
        conn.execute(
            "insert into device (code, name, profile_id, state) select 'dtu-' || n, 'dtu', p.id, 'active'"
            " from profile p, generate_series(0, %s) n where p.code = 'dtu'",
            (count - 1,),
        )
        conn.execute(
            "insert into device (code, name, profile_id, parent_id, state)"
            " select d.code || '-' || u, 'probe', p.id, d.id, 'active'"
            " from device d, profile p, generate_series(1, %s) u where p.code = 'probe' and d.code like 'dtu-%%'",
            (SLAVES,),
        )
        conn.execute(
            "insert into device_address (scheme, address, device_id)"
            " select 'imei', '86000000' || lpad(substr(code, 5), 7, '0'), id from device where parent_id is null"
        )
        conn.execute(
            "insert into device_address (scheme, address, device_id)"
            " select 'modbus', l.code || '/' || substr(d.code, length(l.code) + 2), d.id"
            " from device d join device l on l.id = d.parent_id"
        )


def main() -> None:
    """Start a hub and a fleet, let it settle, measure, print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dtus", type=int, default=2_000)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--json", action="store_true", help="one JSON object, as without it")
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    port, context = free_port(), multiprocessing.get_context("fork")
    ended, told = context.Event(), context.Value("q", 0)
    ended.late = context.Value("q", 0)  # type: ignore[attr-defined]
    with open_any_store() as store, store.database() as url, tempfile.TemporaryDirectory() as folder:
        listeners = json.dumps([{"host": "127.0.0.1", "port": port}])
        hub = Hub(url, free_port(), Path(folder), HUB_POLLING__LISTENERS=listeners, HUB_PATH_WATCH__ENABLED="false")
        hub.env["HUB_POLLING__LISTENERS"] = listeners
        try:
            hub.launch()
            _register(url, given.dtus)
            hub.wait_for_devices(given.dtus * (SLAVES + 1))
            fleet = context.Process(target=_fleet, args=(given.dtus, port, ended, told))
            fleet.start()
            time.sleep(INTERVAL_S)
            before, began, spent = told.value, time.monotonic(), cpu_s([hub.pid])
            time.sleep(given.seconds)
            seconds, spent = time.monotonic() - began, cpu_s([hub.pid]) - spent
            requests = told.value - before
            figures: dict[str, Any] = {"dtus": given.dtus, "requests_per_min": round(requests / seconds * 60)}
            figures |= {"core_share": round(spent / seconds, 3), "rss_mb": round(rss_mb(hub.pid))}
            ended.set()
            fleet.join()
            hub.terminate()
            ((stored,),) = fetch(url, "select count(*) from reading r join series s on s.id = r.series_id"
                                      " where s.metric = 'temperature'")  # fmt: skip
            figures |= {"lost": told.value - stored, "late": ended.late.value, "store": store.mode}  # type: ignore[attr-defined]
        finally:
            hub.close()
    sys.stdout.write(json.dumps(figures) + "\n")


if __name__ == "__main__":
    main()
