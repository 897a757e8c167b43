"""What a mixed attack on the API costs ingest: ./run bench attack [--seconds 300] [--rate 5000] [--json].

Readings come over MQTT at a fixed rate, first undisturbed, then while strangers send wrong tokens, wrong passwords,
requests without a token, endless headers, oversized and slow bodies. Compared are the readings stored a second. The
attackers share this machine's cores with the hub, so they are held to --per-s writes a second of each kind.
"""

import argparse
import json
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
from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from tests.support.bench_devices import read_back, register
from tests.support.hub import Hub
from tests.support.measure import family, rss_mb
from tests.support.paced_load import PacedLoad
from tests.support.process import wait_until
from tests.support.stores import open_any_store
from tests.support.transports import MqttTransport

KINDS = ("requests", "tokens", "logins", "refused", "headers", "body", "slow")
TOKEN = "sesame"
err = Console(stderr=True, highlight=False)


def main() -> None:
    """Load, attack, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300, help="of the attack; a fifth of it before, undisturbed")
    parser.add_argument("--rate", type=int, default=5_000, help="messages a second")
    parser.add_argument("--connections", type=int, default=20, help="of each kind of attacker")
    parser.add_argument("--per-s", type=float, default=100, help="writes of each kind of attacker")
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with (
        open_any_store(given.store) as store,
        tempfile.TemporaryDirectory(prefix="ganzhi-bench-") as name,
        store.database() as url,
    ):
        figures = _run(Path(name), url, given) | {"store": store.told}
    sys.stdout.write(json.dumps(figures, indent=None if given.json else 2) + "\n")
    sys.exit(1 if figures["lost"] or figures["duplicates"] else 0)


def _run(folder: Path, url: str, given: argparse.Namespace) -> dict[str, Any]:
    register(url)
    transport = MqttTransport(folder, "one")
    transport.start(0, 0)
    hub = Hub(url, 0, folder, HUB_API__TOKEN=TOKEN, **transport.env)
    hub.api.headers["authorization"] = f"Bearer {TOKEN}"
    try:
        hub.start()
        with PacedLoad(transport.env["HUB_MQTT__PORT"], given.rate) as load:
            quiet = _phase(hub, given.seconds / 5, "undisturbed")
            with ExitStack() as attack:
                for kind in KINDS:
                    attack.enter_context(_attacker(hub.port, kind, given))
                attacked = _phase(hub, given.seconds, "attacked")
            sent = load.end()
        wait_until(lambda: hub.counter("ganzhi_messages_total") >= sent, "the rest taken", 120)
        stored, exact, _ = read_back(url)
        hub.terminate()
    finally:
        hub.close()
        transport.stop()
    return {
        "offered_per_s": given.rate,
        **{f"undisturbed_{name}": value for name, value in quiet.items()},
        **{f"attacked_{name}": value for name, value in attacked.items()},
        "ratio": round(attacked["messages_per_s"] / quiet["messages_per_s"], 3),
        "messages": sent, "lost": sent - exact, "duplicates": stored - exact,
    }  # fmt: skip


@contextmanager
def _attacker(port: int, kind: str, given: argparse.Namespace) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.support.flood", str(port), kind]
    command += ["--connections", str(given.connections), "--per-s", str(given.per_s)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _phase(hub: Hub, seconds: float, name: str) -> dict[str, float]:
    """Messages a second that were taken, what a right caller waited for, and memory."""
    waits, rss, began = list[float](), list[float](), time.monotonic()
    before = hub.counter("ganzhi_messages_total")
    with Progress(*Progress.get_default_columns()[:3], TimeRemainingColumn(), console=err) as bar:
        task = bar.add_task(name, total=seconds)
        while (at := time.monotonic() - began) < seconds:
            if len(waits) < at / 0.5:
                asked = time.monotonic()
                httpx.get(f"http://127.0.0.1:{hub.port}/healthz", timeout=30).raise_for_status()
                waits.append((time.monotonic() - asked) * 1000)
                rss.append(sum(rss_mb(pid) for pid in family(hub.pid)))
            bar.update(task, completed=at)
            time.sleep(0.05)
    taken = hub.counter("ganzhi_messages_total") - before
    return {
        "messages_per_s": round(taken / (time.monotonic() - began)),
        "healthz_ms_p50": round(float(np.percentile(waits, 50)), 1),
        "healthz_ms_p99": round(float(np.percentile(waits, 99)), 1),
        "rss_mb_max": round(max(rss)),
    }


if __name__ == "__main__":
    main()
