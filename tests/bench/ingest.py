"""How fast the hub takes readings over MQTT, beside the broker's and the database's own limits of the same run.

./run bench ingest --shape one|pack --seconds 20 [--store timescaledb|postgresql] [--json]

Parts, on the same machine one after the other: raw packed COPY into the table `reading` (copy limit); the load into
`mosquitto_sub -q 1` (broker limit); the same load into a hub with 10,000 registered devices and a rule on each
series; then half of the reached rate with probes, whose commit times the database itself tells
(track_commit_timestamp). At the end every row is counted and its value compared.
"""

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.pool import open_pool
from hub.store.writer import Writer
from tests.support.broker import Mosquitto, find_mosquitto, publisher
from tests.support.load import PACK
from tests.support.process import Process, free_port, wait_until
from tests.support.stores import Store, StoreAbsentError, open_store

DEVICES = 10_000
METRICS = 4
ASSUMED_RATE = {"one": 20_000, "pack": 8_000}  # messages a second, to choose how many to send for --seconds
PROBES_A_SECOND = 40
CLOCK_TICKS = os.sysconf("SC_CLK_TCK")
err = Console(stderr=True, highlight=False)


def main() -> None:
    """Run all parts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with ExitStack() as stack:
        store = stack.enter_context(_store(given.store))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganzhi-bench-")))
        err.print(f"store: {store.told}")
        messages = int(ASSUMED_RATE[given.shape] * given.seconds)
        figures: dict[str, Any] = {"shape": given.shape, "messages": messages, "store": store.mode}
        with store.database() as url:
            figures["copy_limit_rows_per_s"] = round(asyncio.run(_copy_limit(url, messages, given.shape)))
        figures["broker_limit_messages_per_s"] = round(_broker_limit(folder, given.shape, messages))
        with store.database() as url:
            figures |= _hub(folder, url, store, given.shape, messages)
    figures["ratio_broker"] = round(figures["messages_per_s"] / figures["broker_limit_messages_per_s"], 3)
    figures["ratio_copy"] = round(figures["readings_per_s"] / figures["copy_limit_rows_per_s"], 3)
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        _show(figures)
    sys.exit(1 if figures["lost"] or figures["duplicates"] else 0)


@contextmanager
def _store(mode: str | None) -> Iterator[Store]:
    settings = {"track_commit_timestamp": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}
    try:
        store = open_store(mode or "timescaledb", settings)
    except StoreAbsentError as absent:
        if mode:
            sys.exit(f"no {mode}: {absent}")
        err.print(f"no timescaledb ({absent}); measuring on plain PostgreSQL")
        store = open_store("postgresql", settings)
    try:
        yield store
    finally:
        if store.cluster is not None:
            store.cluster.remove()


async def _copy_limit(url: str, messages: int, shape: str) -> float:
    """Rows a second of packed COPY alone, in batches as the hub makes them at full load."""
    size = 20_000 if shape == "one" else 96_000
    rows = min(2_000_000, messages * (1 if shape == "one" else PACK))
    start = (int(time.time()) - 86_400) * 1_000_000
    per_series = max(1, size // (DEVICES * (1 if shape == "one" else METRICS)))
    async with open_pool(Database(url=url)) as pool:
        writer = Writer(pool)
        done, began = 0, time.monotonic()
        while done < rows:
            series = np.repeat(np.arange(1, size // per_series + 1, dtype=np.int32), per_series)
            ts = start + (done + np.arange(len(series), dtype=np.int64)) * 1_000_000 // 7
            columns = Columns(ts, series, np.full(len(series), 1.5), np.zeros(len(series), np.int16))
            done += await writer.commit(Batch([], readings=columns))
        return done / (time.monotonic() - began)


def _broker_limit(folder: Path, shape: str, messages: int) -> float:
    """Messages a second that Debian's mosquitto_sub takes with QoS 1 from the same load."""
    with _broker(folder / "limit") as broker:
        filters = [part for form in ("telemetry", "senml") for part in ("-t", f"ganzhi/v1/+/{form}")]
        command = ["mosquitto_sub", "-p", str(broker.port), "-q", "1", "-i", "bare-reader", "-c", *filters]
        subscriber = subprocess.Popen([*command, "-C", str(messages)], stdout=subprocess.DEVNULL)
        wait_until(lambda: "bare-reader" in broker.text(), "mosquitto_sub connected")
        with _load(broker.port, shape, messages):
            began = time.monotonic()
            assert subscriber.wait(600) == 0
            return messages / (time.monotonic() - began)


def _hub(folder: Path, url: str, store: Store, shape: str, messages: int) -> dict[str, Any]:
    """The hub under full load, then under half of the reached rate with probes."""
    _register(url)
    start_ms = int(time.time() * 1000) - 86_400_000
    port = free_port()
    with _broker(folder / "hub") as broker:
        env = {
            "HUB_DATABASE__URL": url,
            "HUB_MQTT__PORT": str(broker.port),
            "HUB_API__PORT": str(port),
        }
        hub = Process([sys.executable, "-m", "hub.main", "serve"], folder / "hub.log", env)
        with hub:
            hub.wait_for_port(port)
            api = httpx.Client(base_url=f"http://127.0.0.1:{port}")
            wait_until(lambda: api.get("/readyz").status_code == 200, "the hub is ready")
            pids = {"hub": [hub.pid], "broker": [broker.pid], "database": _postgres_pids(url)}
            with _load(broker.port, shape, messages, start_ms):
                before, began = {part: _cpu_s(of) for part, of in pids.items()}, time.monotonic()
                taken, peak = _wait_for(api, hub.pid, messages)
                seconds = time.monotonic() - began
            pids["database"] = _postgres_pids(url)
            cpu = {part: (_cpu_s(of) - before[part]) / messages * 1e6 for part, of in pids.items()}
            rate = taken / seconds
            half = int(rate / 2)
            latencies = _latencies(url, broker.port, shape, half, start_ms)
            hub.terminate(30)
    per_message = 1 if shape == "one" else PACK
    with psycopg.connect(url) as conn:
        stored, exact = _rows(conn, start_ms)
    expected = (messages + 10 * half) * per_message
    return {
        "messages_per_s": round(rate),
        "readings_per_s": round(rate * per_message),
        "cpu_us_per_message": {part: round(us, 1) for part, us in cpu.items()},
        "commit_ms_p50": round(float(np.percentile(latencies, 50)), 1),
        "commit_ms_p99": round(float(np.percentile(latencies, 99)), 1),
        "hub_rss_mb_max": round(peak),
        "lost": expected - exact,
        "duplicates": stored - exact,
    }


def _register(url: str) -> None:
    with psycopg.connect(url) as conn:
        conn.execute(
            "insert into profile (code, name, metrics) select 'bench', 'bench', jsonb_object_agg('m' || m, '{}'::jsonb)"
            f" from generate_series(0, {METRICS - 1}) m"
        )
        conn.execute(
            "insert into device (code, name, profile_id)"
            " select format('bench-%s', lpad(n::text, 5, '0')), 'bench', p.id"
            f" from profile p, generate_series(0, {DEVICES - 1}) n"
        )
        conn.execute("insert into profile (code, name, metrics) values ('probe', 'probe', '{\"p\": {}}')")
        conn.execute(
            "insert into device (code, name, profile_id) select 'probe', 'probe', id from profile where code = 'probe'"
        )
        conn.execute(
            "insert into rule (code, name, profile_id, metric, direction, thresholds)"
            " select 'bench-' || m, 'bench', p.id,"
            " 'm' || m, 'above', '{\"red\": 1e12}' from profile p,"
            f" generate_series(0, {METRICS - 1}) m where p.code = 'bench'"
        )


@contextmanager
def _broker(folder: Path) -> Iterator[Mosquitto]:
    program = find_mosquitto()
    if program is None:
        sys.exit("mosquitto is not installed: apt-get install mosquitto mosquitto-clients")
    folder.mkdir()
    broker = Mosquitto(program, folder)
    try:
        yield broker.start()
    finally:
        broker.stop()


@contextmanager
def _load(port: int, shape: str, messages: int, start_ms: int | None = None, rate: int = 0) -> Iterator[None]:
    """A load generator that has encoded its packets and starts to send."""
    command = [sys.executable, "-m", "tests.support.load", str(port), "--shape", shape]
    command += ["--messages", str(messages), "--devices", str(DEVICES), "--rate", str(rate)]
    command += ["--start-ms", str(start_ms)] if start_ms else []
    generator = subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE)
    assert generator.stderr is not None
    assert generator.stderr.readline() == b"encoded\n"
    try:
        yield
        output, _ = generator.communicate(timeout=600)
        assert json.loads(output)["acknowledged"] == messages
    finally:
        generator.kill()


def _wait_for(api: httpx.Client, pid: int, messages: int) -> tuple[int, float]:
    """Wait until the hub has committed so many messages; how many, and its peak memory in MB."""
    peak = 0.0
    while True:
        peak = max(peak, _rss_mb(pid))
        lines = api.get("/metrics").text.splitlines()
        taken = next(int(line.split()[1]) for line in lines if line.startswith("ganzhi_messages_total "))
        if taken >= messages:
            return taken, peak
        time.sleep(0.1)


def _latencies(url: str, port: int, shape: str, rate: int, start_ms: int) -> list[float]:
    """Milliseconds from publish to commit of probes under a steady load of `rate` messages a second."""
    later = start_ms + 40_000_000
    with _load(port, shape, rate * 10, later, rate), publisher("127.0.0.1", port) as probe:
        end = time.monotonic() + 9.5
        while time.monotonic() < end:
            payload = json.dumps({"ts": time.time_ns() // 1_000_000, "values": {"p": time.time()}})
            probe.publish("ganzhi/v1/probe/telemetry", payload, qos=1)
            time.sleep(1 / PROBES_A_SECOND)
    with psycopg.connect(url) as conn:
        query = (
            "select (extract(epoch from pg_xact_commit_timestamp(r.xmin)) - r.value) * 1000 from reading r"
            " join series s on s.id = r.series_id where s.metric = 'p'"
        )
        rate_seen = wait_until(lambda: conn.execute(query).fetchall(), "probes in the store")
        return [float(row[0]) for row in rate_seen]


def _rows(conn: psycopg.Connection, start_ms: int) -> tuple[int, int]:
    """How many bench rows are stored, and how many of them are just what was sent (value = index + 0.5)."""
    query = (
        "select count(*), count(*) filter (where (r.value - 0.5)::int8 %% %s = d.id - (select min(id) from device))"
        " from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id where s.metric <> 'p'"
    )
    deadline = time.monotonic() + 60
    row: Any = (0, 0)
    previous = -1
    while time.monotonic() < deadline and row[0] != previous:
        previous = row[0]
        row = conn.execute(query, (DEVICES,)).fetchone()
        conn.commit()
    return int(row[0]), int(row[1])


def _postgres_pids(url: str) -> list[int]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "select pid from pg_stat_activity where backend_type <> 'client backend' or pid <> pg_backend_pid()"
        )
        return [int(row[0]) for row in rows]


def _cpu_s(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:
            continue
        total += int(fields[11]) + int(fields[12])
    return total / CLOCK_TICKS


def _rss_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _show(figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title="ingest over MQTT, QoS 1")
    for name, value in figures.items():
        told = (
            ", ".join(f"{part} {us}" for part, us in value.items())
            if isinstance(value, dict)
            else f"{value:,}"
            if isinstance(value, int)
            else str(value)
        )
        table.add_row(name, told)
    Console().print(table)


if __name__ == "__main__":
    main()
