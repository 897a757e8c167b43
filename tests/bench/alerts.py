"""How fast and how surely alerts reach their consumers: ./run bench alerts [--part PART ...] [--quick] [--json].

Parts, each with a hub, a broker and a store of its own:
  latency  a reading published -> a webhook, SSE and a WebSocket have it; --rate readings a second beside it
  storm    10,000 alerts in 10 s; 100 webhooks, each of one of 100 districts, 10 of them dead; consumers of everything
           over SSE, WebSocket, MQTT and Kafka; how much of the background load is stored meanwhile, and before
  grouped  the same storm with grouping on, and 100 webhooks of everything: each change is sent singly or named in a
           summary, each first red singly
  clients  1,000 stream clients, half of them WebSockets, and 100 changes a second: loss, and the hub's memory
  kill     a storm in which the hub, an api process beside it, the database and the consumers are killed (kill -9)

The background load is fixed: storm_ingest_ratio is the part of what the hub stored of it a second before the storm that
it stores during it. Only where undisturbed_per_s is below --rate does it say what is left at the limit of the hub.
After a kill `lost` also counts readings that made no change, `duplicates` those that made theirs twice; what a consumer
gets again with the id of the first is in kill_repeats.

Exits with 1 where something is lost, out of order, or came twice without a kill; or a summary named a first red. The
output is JSON, also where a part fails (`failed`).
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.types.json import Jsonb
from rich.console import Console

from tests.support import bench_devices
from tests.support.alarms import SECRET
from tests.support.alert_storm import (
    REGIONS,
    Publishing,
    Verdict,
    judge,
    percentile,
    published,
    read_lines,
    region,
    register,
)
from tests.support.broker import Mosquitto, find_mosquitto
from tests.support.hub import Hub
from tests.support.kafka import LOADED, KafkaAbsentError, KafkaBroker, kafka_libraries
from tests.support.measure import cpu_s, family, rss_mb
from tests.support.paced_load import PacedLoad
from tests.support.process import Process, free_port, wait_until
from tests.support.stores import Store, open_any_store

PARTS = ("latency", "storm", "grouped", "clients", "kill")
TOKEN = "sesame"
STREAMS = ("sse", "ws", "mqtt")
DEAD = 10
GROUPING = {"after": 20, "within_s": 60, "every_s": 5}
err = Console(stderr=True, highlight=False)


@dataclass
class Sizes:
    """Of a run; `--quick` has those of an acceptance test."""

    alerts: int = 10_000
    seconds: float = 10.0
    """Of the storm."""
    probes: int = 400
    clients: int = 1_000
    client_changes: int = 2_000
    rate: int = 5_000
    """Readings a second in the background."""
    kafka: bool = True
    """Whether one of the consumers of everything is over Kafka."""


QUICK = Sizes(alerts=400, seconds=2.0, probes=40, clients=20, client_changes=100, rate=500, kafka=False)


class Stage:
    """A hub with broker, store and consumers."""

    def __init__(self, folder: Path, store: Store, url: str, hub: Hub, broker: Mosquitto, kafka: str | None) -> None:
        self.folder, self.store, self.url, self.hub, self.broker = folder, store, url, hub, broker
        self.log, self.hooks = folder / "sinks.log", free_port()
        self._kafka = kafka
        self.streams = [*STREAMS, *(["kafka"] if kafka else [])]
        command = [sys.executable, "-m", "tests.support.alert_sinks", self.log, "--token", TOKEN]
        command += ["--hooks", self.hooks, "--sse", hub.port, "--ws", hub.port, "--mqtt", broker.port]
        command += ["--kafka", kafka] if kafka else []
        self.sinks = Process([str(part) for part in command], folder / "sinks.out")
        self.dead: set[str] = set()

    def follow(self) -> None:
        """Consumers of everything over MQTT and Kafka, and the process that receives."""
        self.hub.put("/consumers/mqtt", kind="mqtt")
        if self._kafka:
            self.hub.put("/consumers/kafka", kind="kafka")
        self.sinks.start().wait_for_line("^ready$")

    def hook(self, name: str, dead: str | None = None, **limits: str) -> None:
        """A webhook; `dead`: one that hangs, or that is not there."""
        port = free_port() if dead == "absent" else self.hooks
        url = f"http://127.0.0.1:{port}/dead-{name}" if dead else f"http://127.0.0.1:{port}/{name}"
        with psycopg.connect(self.url) as conn:
            conn.execute(
                "insert into consumer (code, url, secret, filters) values (%s, %s, %s, %s)",
                (name, url, SECRET, Jsonb([limits])),
            )
        if dead:
            self.dead.add(name)

    def group(self) -> None:
        """Switch grouping on for all webhooks."""
        with psycopg.connect(self.url) as conn:
            conn.execute("update consumer set grouping = %s where kind = 'webhook'", (Jsonb(GROUPING),))

    def names(self) -> list[str]:
        """Consumers that are there."""
        found = self.hub.api.get("/api/v1/consumers?limit=1000").json()["items"]
        return [*(each["code"] for each in found if each["code"] not in self.dead), "sse", "ws"]

    def wait(self, changes: int, what: str) -> Verdict:
        """Until so many changes are made and each has arrived, or nothing moves for half a minute."""
        names, seen = self.names(), -1

        def verdict() -> Verdict:
            return judge(self.url, read_lines(self.log), names)

        def arrived() -> bool:
            nonlocal seen
            before, seen = seen, self.log.stat().st_size
            if before != seen:  # judging takes a core for a while, of which the hub has two
                return False
            return (found := verdict()).lost <= 0 and found.changes >= changes

        try:
            wait_until(arrived, what, 30, lambda: self.log.stat().st_size)
        except AssertionError as error:
            err.print(f"[red]{error}[/]")
        return verdict()


@contextmanager
def staged(store: Store, devices: int, kafka: bool, **settings: str) -> Iterator[Stage]:
    """A running hub whose ingest path knows so many devices of the storm beside those of the background load."""
    with (
        store.database() as url,
        tempfile.TemporaryDirectory(prefix="ganzhi-bench-") as name,
        ExitStack() as stack,
    ):
        folder = Path(name)
        bench_devices.register(url)
        register(url, devices)
        program = find_mosquitto()
        assert program is not None, "mosquitto is not installed"
        broker = Mosquitto(program, folder).start()
        stack.callback(broker.stop)
        servers: str | None = None
        if kafka:
            try:
                cluster = KafkaBroker(kafka_libraries(), folder, LOADED).create()
                stack.callback(cluster.stop)
                servers = cluster.servers
                settings["HUB_KAFKA__SERVERS"] = servers
            except KafkaAbsentError as error:
                err.print(f"without Kafka: {error}")
        hub = Hub(url, broker.port, folder, HUB_API__TOKEN=TOKEN, **settings)
        stack.callback(hub.close)
        hub.api.headers["authorization"] = f"Bearer {TOKEN}"
        hub.start()
        hub.wait_for_devices(devices)
        stage = Stage(folder, store, url, hub, broker, servers)
        stack.push(stage.sinks)
        yield stage


def latency(store: Store, sizes: Sizes) -> dict[str, Any]:
    """From the publication of a reading to its alert at a consumer."""
    with staged(store, sizes.probes, kafka=False) as stage:
        stage.hook("hook")
        stage.follow()
        with PacedLoad(stage.broker.port, sizes.rate) as load:
            _under_way(stage, sizes)
            published(stage.broker.port, range(sizes.probes), 20.0, rising=0)
            verdict = stage.wait(sizes.probes, "each alert has arrived")
            load.end()
        lines = read_lines(stage.log)
    each = {name: (percentile(lines[name], 50), percentile(lines[name], 99)) for name in ("hook", "sse", "ws", "mqtt")}
    worst = max(("hook", "ws"), key=lambda name: each[name][1] or float("inf"))
    return _judged("latency", verdict) | {
        "alert_ms_p50": each[worst][0],
        "alert_ms_p99": each[worst][1],
        "alert_ms": {name: {"p50": p50, "p99": p99} for name, (p50, p99) in each.items()},
    }


def storm(store: Store, sizes: Sizes) -> dict[str, Any]:
    """All at once, beside consumers that are dead."""
    with staged(store, sizes.alerts, sizes.kafka) as stage:
        _hundred(stage)
        stage.follow()
        with PacedLoad(stage.broker.port, sizes.rate) as load:
            _under_way(stage, sizes)
            quiet = _rate(stage.hub, sizes.seconds, lambda: True)
            storming = Publishing(stage.broker.port, range(sizes.alerts), sizes.alerts / sizes.seconds)
            began, used = time.time(), _used(stage)
            storming.start()
            busy = _rate(stage.hub, 0, storming.is_alive)
            storm_s = time.time() - began
            verdict = stage.wait(storming.changes, "each change has arrived")
            cost = {name: cpu - used[name] for name, cpu in _used(stage).items()}
            load.end()
        lines = read_lines(stage.log)
    healthy = [line for name, found in lines.items() if name.startswith("hook-") for line in found]
    return _judged("storm", verdict) | {
        "storm_s": round(max(line.at for found in lines.values() for line in found) - began, 1),
        "storm_others_ms_p99": percentile(healthy, 99),
        "storm_others_ms_p50": percentile(healthy, 50),
        "storm_streams_ms_p99": {name: percentile(lines[name], 99) for name in stage.streams},
        "storm_ingest_ratio": round((busy - storming.changes / storm_s) / max(quiet, 1.0), 3),
        "undisturbed_per_s": round(quiet),
        "storm_per_s": round(busy),
        "storm_changes": storming.changes,
        "storm_cpu_s": {name: round(cpu, 1) for name, cpu in cost.items()},
    }


def grouped(store: Store, sizes: Sizes) -> dict[str, Any]:
    """The storm again, told in summaries."""
    with staged(store, sizes.alerts, kafka=False) as stage:
        for number in range(REGIONS):
            stage.hook(f"hook-{number:02d}")
        stage.group()
        stage.follow()
        began = time.time()
        storming = Publishing(stage.broker.port, range(sizes.alerts), sizes.alerts / sizes.seconds)
        storming.start()
        storming.join()
        verdict = stage.wait(storming.changes, "each change has arrived")
        lines = read_lines(stage.log)
    return _judged("grouped", verdict) | {
        "grouped_s": round(max(line.at for found in lines.values() for line in found) - began, 1),
        "grouped_named": verdict.named,
        "grouped_reds_in_summaries": verdict.reds,
    }


def clients(store: Store, sizes: Sizes) -> dict[str, Any]:
    """Many who read everything."""
    with staged(store, sizes.client_changes, kafka=False, HUB_LIMITS__STREAMS="1000") as stage:
        half = sizes.clients // 2
        before = rss = _rss(stage.hub)
        told = stage.folder / "crowd.json"
        command = [sys.executable, "-m", "tests.support.stream_crowd", told, stage.hub.port, "--token", TOKEN]
        crowd = Process(
            [str(part) for part in [*command, "--sse", half, "--ws", sizes.clients - half]], told.with_suffix(".out")
        )
        with crowd:
            crowd.wait_for_line("^ready$", 120)
            publishing = Publishing(stage.broker.port, range(sizes.client_changes), 100.0, rising=0)
            publishing.start()
            while publishing.is_alive():
                rss = max(rss, _rss(stage.hub))
                time.sleep(0.2)
            wanted = sizes.client_changes * sizes.clients

            def counts() -> list[list[int]]:
                return json.loads(told.read_text(encoding="utf-8")) if told.exists() else [[0, 0]]

            try:
                wait_until(lambda: sum(count for count, _ in counts()) >= wanted, "all have all", 30, counts)
            except AssertionError as error:
                err.print(f"[red]{error}[/]")
            rss = max(rss, _rss(stage.hub))
            found = counts()
    got = sum(count - again for count, again in found)
    return {
        "clients_rss_mb": round(rss - before, 1),
        "clients_delivered": got,
        "clients_expected": wanted,
        "clients_lost": wanted - got,
        "clients_duplicates": sum(again for _, again in found),
    }


def kill(store: Store, sizes: Sizes) -> dict[str, Any]:
    """Each link of the chain is killed once, a fifth of the storm apart."""
    assert store.cluster is not None, "a store of this bench is killed"
    cluster = store.cluster
    with staged(store, sizes.alerts, sizes.kafka) as stage, ExitStack() as stack:
        _hundred(stage)
        beside = Hub(
            stage.url, stage.broker.port, _folder(stage, "beside"), HUB_API__TOKEN=TOKEN, HUB_HUB__ROLES='["api"]'
        )
        stack.callback(beside.close)
        stage.follow()
        beside.launch()
        storming = Publishing(stage.broker.port, range(sizes.alerts), sizes.alerts / sizes.seconds / 2)
        storming.start()
        kills: Sequence[tuple[str, Callable[[], None], Callable[[], object]]] = (
            ("consumers", stage.sinks.kill, stage.sinks.start),
            ("hub", stage.hub.kill, stage.hub.launch),
            ("database", cluster.kill, cluster.start),
            ("api process", beside.kill, beside.launch),
        )
        for what, die, live in kills:
            time.sleep(sizes.seconds * 2 / 5)
            err.print(f"kill -9: {what}")
            die()
            live()
        storming.join()
        verdict = stage.wait(storming.changes, "each change has arrived")
    unmade = max(0, storming.changes - verdict.changes)
    return {f"kill_{name}": count for name, count in _judged("kill", verdict).items()} | {
        "kill_lost": verdict.lost + unmade,
        "kill_repeats": verdict.repeats,
        # A repeat has the id of the first, and is dropped by it; a change that is made twice has another.
        "kill_duplicates": max(0, verdict.changes - storming.changes),
        "kill_storm_changes": storming.changes,
    }


def _hundred(stage: Stage) -> None:
    for number in range(REGIONS):
        dead = ("absent" if number % 20 == 5 else "hanging") if number % (REGIONS // DEAD) == 5 else None
        stage.hook(f"hook-{number:02d}", dead, region=region(number))


def _folder(stage: Stage, name: str) -> Path:
    folder = stage.folder / name
    folder.mkdir()
    return folder


def _judged(part: str, verdict: Verdict) -> dict[str, Any]:
    err.print(f"{part}: {verdict}")
    return {
        "expected": verdict.expected, "delivered": verdict.delivered, "lost": verdict.lost,
        "duplicates": verdict.repeats, "disordered": verdict.disordered,
    }  # fmt: skip


def _under_way(stage: Stage, sizes: Sizes) -> None:
    wait_until(lambda: stage.hub.counter("ganzhi_messages_total") > 2 * sizes.rate, "the load is under way", 60)


def _rate(hub: Hub, seconds: float, going_on: Callable[[], bool]) -> float:
    """Messages that the hub has stored a second, for so long, and while the condition holds where none is given."""
    began, before = time.monotonic(), hub.counter("ganzhi_messages_total")
    while going_on() and (not seconds or time.monotonic() - began < seconds):
        time.sleep(0.1)
    return (hub.counter("ganzhi_messages_total") - before) / (time.monotonic() - began)


def _used(stage: Stage) -> dict[str, float]:
    """Seconds of processor time that the hub and its store have used so far."""
    cluster = stage.store.cluster
    return {"hub": cpu_s(family(stage.hub.pid))} | ({} if cluster is None else {"store": cpu_s(family(cluster.pid))})


def _rss(hub: Hub) -> float:
    return sum(rss_mb(pid) for pid in family(hub.pid))


RUN: dict[str, Callable[[Store, Sizes], dict[str, Any]]] = {
    "latency": latency, "storm": storm, "grouped": grouped, "clients": clients, "kill": kill,
}  # fmt: skip
_SUMMED = ("expected", "delivered", "lost", "duplicates", "disordered")
_WRONG = ("lost", "duplicates", "disordered", "grouped_reds_in_summaries", "failed")


def main() -> None:
    """Run the parts and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--part", action="append", choices=PARTS, help="may be repeated; all, if none is given")
    parser.add_argument("--quick", action="store_true", help="small: whether it works, not how fast it is")
    parser.add_argument("--alerts", type=int, help="of the storm, over 10 s")
    parser.add_argument("--rate", type=int, help="readings a second in the background")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    sizes = QUICK if given.quick else Sizes()
    sizes.alerts, sizes.rate = given.alerts or sizes.alerts, given.rate or sizes.rate
    figures: dict[str, Any] = dict.fromkeys(_SUMMED, 0) | {"failed": []}
    with open_any_store(given.store) as store:
        for part in given.part or PARTS:
            err.print(f"part {part}")
            try:
                found = RUN[part](store, sizes)
            except Exception as error:  # noqa: BLE001  # the other parts are measured, and it is told
                err.print_exception()
                figures["failed"].append(f"{part}: {error}")
                continue
            for name, value in found.items():
                summed = name.removeprefix(f"{part}_")
                if summed in _SUMMED:
                    figures[summed] += value
                    figures[f"{part}_{summed}"] = value
                else:
                    figures[name] = value
        figures["store"] = store.told
    sys.stdout.write(json.dumps(figures, indent=None if given.json else 2) + "\n")
    sys.exit(1 if any(figures.get(name) for name in _WRONG) else 0)


if __name__ == "__main__":
    main()
