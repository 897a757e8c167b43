"""How fast the hub takes readings, beside the broker's and the database's own limits of the same run.

./run bench ingest --transport mqtt|kafka|http --shape one|pack --seconds 20 [--store ...] [--json] [--plot FILE.png]

Parts, on the same machine one after the other: raw packed COPY into the table `reading` (copy limit); the load into a
reader that does nothing (broker limit); the same load into a hub with 10,000 registered devices and a rule on each
series; then half of the reached rate with probes, whose commit times the database itself tells
(track_commit_timestamp). At the end every row is counted and its value compared.

With --detect it tells instead how much of the rate is left with detectors on for all of 100,000 series, beside off
(tests/bench/ingest_detect.py): --quick, --pairs, --store and --json go with it.
"""

import argparse
import asyncio
import json
import math
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from rich.console import Console
from rich.table import Table

from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.pool import open_pool
from tests.bench import ingest_detect
from tests.support.bench_devices import METRICS, read_back, register
from tests.support.hub import Hub
from tests.support.load import PACK
from tests.support.measure import cpu_s, family, rss_mb
from tests.support.stores import open_any_store
from tests.support.transports import DEVICES, TRANSPORTS, Transport
from tests.support.writers import Committer

ASSUMED_RATE = {  # messages a second, to choose how many to send for --seconds
    ("mqtt", "one"): 60_000,
    ("mqtt", "pack"): 12_000,
    ("kafka", "one"): 80_000,
    ("kafka", "pack"): 12_000,
    ("http", "one"): 4_000,
    ("http", "pack"): 3_000,
}
STORE = {"track_commit_timestamp": "on", "shared_buffers": "1GB", "max_wal_size": "8GB"}
err = Console(stderr=True, highlight=False)


@dataclass
class Seen:
    """What was seen of a run: samples of (seconds, messages committed), and the latencies of probes in ms."""

    samples: list[tuple[float, int]] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    peak_mb: float = 0.0


def main() -> None:
    """Run all parts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transport", choices=tuple(TRANSPORTS), default="mqtt")
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--workers", type=int, default=1, help="as of hub serve; MQTT only")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="rate over time and latencies as a PNG")
    parser.add_argument("--detect", action="store_true", help="the rate with detectors on beside off")
    ingest_detect.add_options(parser)
    given = parser.parse_args()
    if given.detect:
        sys.exit(ingest_detect.tell(given))
    seen = Seen()
    with open_any_store(given.store, STORE) as store, tempfile.TemporaryDirectory(prefix="ganzhi-bench-") as name:
        err.print(f"store: {store.told}")
        messages = int(ASSUMED_RATE[given.transport, given.shape] * given.seconds)
        figures: dict[str, Any] = {
            "transport": given.transport, "shape": given.shape, "messages": messages, "store": store.mode,
        }  # fmt: skip
        with store.database() as url:
            figures["copy_limit_rows_per_s"] = round(asyncio.run(_copy_limit(url, messages, given.shape)))
        transport = TRANSPORTS[given.transport](Path(name), given.shape)
        limit = transport.limit(messages)
        figures["broker_limit_messages_per_s"] = None if math.isnan(limit) else round(limit)
        with store.database() as url:
            figures |= _hub(Path(name), url, transport, given, messages, seen)
    figures["ratio_broker"] = None if math.isnan(limit) else round(figures["messages_per_s"] / limit, 3)
    figures["ratio_copy"] = round(figures["readings_per_s"] / figures["copy_limit_rows_per_s"], 3)
    if given.plot:
        _plot(given.plot, seen, figures)
        err.print(f"plotted to {given.plot}")
    if given.json:
        sys.stdout.write(json.dumps(figures) + "\n")
    else:
        _show(figures)
    sys.exit(1 if figures["lost"] or figures["duplicates"] else 0)


async def _copy_limit(url: str, messages: int, shape: str) -> float:
    """Rows a second of packed COPY alone, in batches as the hub makes them at full load."""
    size = 20_000 if shape == "one" else 96_000
    rows = min(2_000_000, messages * (1 if shape == "one" else PACK))
    start = (int(time.time()) - 86_400) * 1_000_000
    per_series = max(1, size // (DEVICES * (1 if shape == "one" else METRICS)))
    async with open_pool(Database(url=url)) as pool:
        writer = Committer(pool)
        done, began = 0, time.monotonic()
        while done < rows:
            series = np.repeat(np.arange(1, size // per_series + 1, dtype=np.int32), per_series)
            ts = start + (done + np.arange(len(series), dtype=np.int64)) * 1_000_000 // 7
            columns = Columns(ts, series, np.full(len(series), 1.5), np.zeros(len(series), np.int16))
            done += await writer.commit(Batch([], readings=columns))
        return done / (time.monotonic() - began)


def _hub(
    folder: Path, url: str, transport: Transport, given: argparse.Namespace, messages: int, seen: Seen
) -> dict[str, Any]:
    """The hub under full load, then under half of the reached rate with probes."""
    register(url)
    per_message = 1 if given.shape == "one" else PACK
    start_ms = int(time.time() * 1000) - 86_400_000
    brokers = transport.start(messages, start_ms)
    options = ["--workers", str(given.workers)] if given.workers > 1 else []
    hub = Hub(url, 0, folder, *options, **transport.env)
    try:
        hub.start()
        with transport.load(hub.port, messages, start_ms):
            before = _cpu(hub, brokers, url)
            _watch(hub, messages, seen)
            cpu = {part: (used - before[part]) / messages * 1e6 for part, used in _cpu(hub, brokers, url).items()}
        rate = _rate(seen.samples)
        half = int(rate / 2)
        err.print(f"{rate:,.0f} messages a second; now probes at {half:,} a second")
        probes = transport.paced(hub.port, half * 10, start_ms + 40_000_000, half)
        _watch(hub, messages + half * 10 + probes, Seen())
        stored, exact, seen.latencies = read_back(url)
        hub.terminate()
    finally:
        hub.close()
        transport.stop()
    return {
        "messages_per_s": round(rate),
        "readings_per_s": round(rate * per_message),
        "cpu_us_per_message": {part: round(us, 1) for part, us in cpu.items()},
        "commit_ms_p50": round(float(np.percentile(seen.latencies, 50)), 1),
        "commit_ms_p99": round(float(np.percentile(seen.latencies, 99)), 1),
        "hub_rss_mb_max": round(seen.peak_mb),
        "lost": (messages + 10 * half) * per_message - exact,
        "duplicates": stored - exact,
    }


def _watch(hub: Hub, messages: int, seen: Seen) -> None:
    """Sample until the hub has committed so many messages; RuntimeError when it stands still for a minute."""
    began = moved = time.monotonic()
    taken = -1
    while taken < messages:
        now, before = time.monotonic(), taken
        taken = int(hub.counter("ganzhi_messages_total"))
        seen.samples.append((now - began, taken))
        seen.peak_mb = max(seen.peak_mb, sum(rss_mb(pid) for pid in family(hub.pid)))
        moved = now if taken > before else moved
        if now - moved > 60:
            raise RuntimeError(f"the hub stands at {taken} of {messages} messages:\n{hub.text()[-3000:]}")
        time.sleep(0.1)


def _rate(samples: list[tuple[float, int]]) -> float:
    """Messages a second from the first commit that was seen to the last one."""
    (began, first), (ended, last) = next(sample for sample in samples if sample[1]), samples[-1]
    return (last - first) / (ended - began) if ended > began else last / samples[-1][0]


def _cpu(hub: Hub, brokers: list[int], url: str) -> dict[str, float]:
    with psycopg.connect(url) as conn:
        rows = conn.execute("select pid from pg_stat_activity where pid <> pg_backend_pid()").fetchall()
    return {"hub": cpu_s(family(hub.pid)), "broker": cpu_s(brokers), "database": cpu_s(int(row[0]) for row in rows)}


def _plot(path: Path, seen: Seen, figures: dict[str, Any]) -> None:
    """Rate over time on the left, the share of probes that were committed within so many ms on the right."""
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained")
    at, taken = np.array(seen.samples, float).T
    per_message = figures["readings_per_s"] / figures["messages_per_s"]
    left.plot(at[1:], np.diff(taken) * per_message / np.diff(at), color="#0e7c74")
    left.axhline(figures["copy_limit_rows_per_s"], color="#888", linestyle="--", label="raw COPY into the same table")
    if figures["broker_limit_messages_per_s"]:
        limit = figures["broker_limit_messages_per_s"] * per_message
        left.axhline(limit, color="#c9302c", linestyle=":", label="broker to a bare reader")
    left.set(xlabel="seconds", ylabel="readings a second", title=f"{figures['transport']}, {figures['shape']}")
    left.set_ylim(bottom=0)
    left.legend(loc="best", fontsize=8)
    right.plot(np.sort(seen.latencies), np.linspace(0, 100, len(seen.latencies)), color="#0e7c74")
    right.axvline(
        figures["commit_ms_p99"], color="#c9302c", linestyle=":", label=f"99 %: {figures['commit_ms_p99']} ms"
    )
    right.set(xlabel="publish to commit, ms", ylabel="% of probes", title="at half of that rate")
    right.legend(loc="lower right", fontsize=8)
    figure.savefig(path, dpi=120)


def _show(figures: dict[str, Any]) -> None:
    table = Table("figure", "value", title="ingest")
    for name, value in figures.items():
        if isinstance(value, dict):
            told = ", ".join(f"{part} {us}" for part, us in value.items())
        else:
            told = f"{value:,}" if isinstance(value, int) else str(value)
        table.add_row(name, told)
    Console().print(table)


if __name__ == "__main__":
    main()
