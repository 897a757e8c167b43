"""What detection costs the rate of a hub: detectors on for all of 100,000 series, and off, in the same run.

./run bench ingest --detect [--quick] [--json], or ./run bench ingest_detect: some 3 minutes, with Kafka and its Java

Two hubs with a database each read the same log of a Kafka broker, each in turn as fast as it can while the other one
stands still: single readings of 100,000 series, then packs of 24 of as many. In the one, the profile says "detect" of
no metric. What is told is the median of the ratios of pairs of turns, and the processor time of each hub with its
database. Turns come later than states must be saved, so that each commit of the detecting hub saves as many as it may.
At the end every reading is counted and its value compared in both.
"""

import argparse
import json
import statistics
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGCONT, SIGSTOP
from typing import Any

import psycopg
from rich.console import Console

from tests.bench.kafka_limits import fill_topic
from tests.support.bench_devices import METRICS, read_back, register
from tests.support.hub import Hub
from tests.support.kafka import LOADED, KafkaBroker, kafka_libraries
from tests.support.load import PACK
from tests.support.measure import cpu_s, family
from tests.support.stores import open_any_store

STORE = {"shared_buffers": "1GB", "max_wal_size": "8GB"}
DUE_S = 31
"""A state is saved so much later than it changed."""
STANDS_S = 60
err = Console(stderr=True, highlight=False)


@dataclass(frozen=True)
class Shape:
    """One load: `messages` a turn of `devices`, on a topic."""

    name: str
    topic: str
    shape: str
    devices: int
    messages: int
    per_message: int


@dataclass
class Side:
    """A hub that detects or does not, and by shape what each of its turns took."""

    hub: Hub
    url: str
    seconds: dict[str, list[float]] = field(default_factory=dict)
    processor: dict[str, float] = field(default_factory=dict)
    taken: int = 0

    def turn(self, shape: Shape, messages: int, measured: bool) -> None:
        """Let it run until it has read what was added to the log; RuntimeError when it stands still for a minute."""
        self.hub.send(SIGCONT)
        base, before = self.taken, self._processor()
        self.taken += messages
        seen, first = base, (0.0, base)
        moved = time.monotonic()
        while seen < self.taken:
            now, was = time.monotonic(), seen
            seen = int(self.hub.counter("ganzhi_messages_total"))
            first = (now, seen) if was == base < seen else first
            moved = now if seen > was else moved
            if now - moved > STANDS_S:
                raise RuntimeError(f"the hub stands at {seen} of {self.taken} messages:\n{self.hub.text()[-3000:]}")
            time.sleep(0.1)
        self.hub.send(SIGSTOP)
        if measured:
            spent, rest = time.monotonic() - first[0], self.taken - first[1]
            whole = spent / rest * messages if rest else spent
            self.seconds.setdefault(shape.name, []).append(whole)
            self.processor[shape.name] = self.processor.get(shape.name, 0.0) + self._processor() - before

    def _processor(self) -> float:
        with psycopg.connect(self.url) as conn:
            rows = conn.execute(
                "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
            ).fetchall()
        return cpu_s([*family(self.hub.pid), *(int(row[0]) for row in rows)])


def run(quick: bool, mode: str | None, pairs: int) -> dict[str, Any]:
    """All figures."""
    devices, many = (2_000, 10) if quick else (100_000, 1)
    shapes = [
        Shape("single", "ganzhi.telemetry", "one", devices, 400_000 // many, 1),
        Shape("packs", "ganzhi.raw", "pack", devices // METRICS, 60_000 // many, PACK),
    ]
    with ExitStack() as stack:
        store = stack.enter_context(open_any_store(mode, STORE))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="ganzhi-bench-")))
        broker = KafkaBroker(kafka_libraries(), folder, LOADED).create()
        stack.callback(broker.stop)
        sides = {}
        for detecting in (False, True):
            url = stack.enter_context(store.database())
            register(url, devices, detecting)
            name = "on" if detecting else "off"
            (folder / name).mkdir()
            env = {
                "HUB_KAFKA__SERVERS": broker.servers, "HUB_KAFKA__GROUP": name, "HUB_KAFKA__SESSION_S": "300",
                "HUB_HUB__ROLES": '["worker", "api"]',
            }  # fmt: skip
            side = sides[name] = Side(Hub(url, 0, folder / name, **env), url)
            stack.callback(side.hub.close)
            side.hub.start()
            side.hub.send(SIGSTOP)
        at = int(time.time() * 1000) - 86_400_000
        for shape in shapes:
            at = _shape(shape, sides, broker.servers, at, pairs, 0 if quick else DUE_S)
        return {"store": store.mode, "series": devices, "pairs": pairs, **_figures(shapes, sides, pairs)}


def _shape(shape: Shape, sides: dict[str, Side], servers: str, at: int, pairs: int, due_s: float) -> int:
    """Turns of both sides: one to learn, then the measured pairs in alternating order; the next time of a reading."""
    learned = 0.0
    for number in range(pairs + 1):
        messages = shape.messages if number else shape.messages // 2
        fill_topic(servers, shape.topic, shape.shape, messages, shape.devices, at)
        at += 3_600_000
        if number == 1:
            time.sleep(max(0.0, learned + due_s - time.monotonic()))
        for name in ("off", "on") if number % 2 else ("on", "off"):
            sides[name].turn(shape, messages, measured=number > 0)
        learned = learned or time.monotonic()
        if number:
            told = {
                name: f"{shape.messages * shape.per_message / side.seconds[shape.name][-1]:,.0f}"
                for name, side in sides.items()
            }
            err.print(f"{shape.name} {number}: readings a second {told}")
    return at


def _figures(shapes: list[Shape], sides: dict[str, Side], pairs: int) -> dict[str, Any]:
    """The ratios, rates and processor times; and whether all was stored."""
    figures: dict[str, Any] = {}
    on, off = sides["on"], sides["off"]
    for shape in shapes:
        ratios = [b / a for a, b in zip(on.seconds[shape.name], off.seconds[shape.name], strict=True)]
        figures[f"detect_ratio_{shape.name}"] = round(statistics.median(ratios), 3)
        figures[f"detect_ratios_{shape.name}"] = [round(ratio, 3) for ratio in ratios]
        for name, side in sides.items():
            readings = shape.messages * shape.per_message
            figures[f"{shape.name}_readings_per_s_{name}"] = round(
                readings / statistics.median(side.seconds[shape.name])
            )
            figures[f"{shape.name}_processor_us_{name}"] = round(side.processor[shape.name] / readings / pairs * 1e6, 2)
    sent = sum((shape.messages * pairs + shape.messages // 2) * shape.per_message for shape in shapes)
    for side in sides.values():
        side.hub.send(SIGCONT)
        stored, exact, _ = read_back(side.url, min(shape.devices for shape in shapes))
        figures["lost"] = figures.get("lost", 0) + sent - exact
        figures["duplicates"] = figures.get("duplicates", 0) + stored - exact
    for name, side in sides.items():
        with psycopg.connect(side.url) as conn:
            ((figures[f"states_saved_{name}"],),) = conn.execute("select count(*) from detector_state").fetchall()
    return figures


def add_options(parser: argparse.ArgumentParser) -> None:
    """Those of this bench that `bench ingest` has not."""
    parser.add_argument("--quick", action="store_true", help="with --detect: 2,000 series and a tenth of the load")
    parser.add_argument("--pairs", type=int, default=3, help="with --detect: turns of each hub that are measured")


def tell(given: argparse.Namespace) -> int:
    """Run and print; the exit status: 1 where a reading was lost or is there twice."""
    figures = run(given.quick, given.store, given.pairs)
    told = json.dumps(figures) if given.json else "\n".join(f"{name}: {value}" for name, value in figures.items())
    sys.stdout.write(told + "\n")
    return 1 if figures["lost"] or figures["duplicates"] else 0


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    add_options(parser)
    sys.exit(tell(parser.parse_args()))


if __name__ == "__main__":
    main()
