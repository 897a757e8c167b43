"""Whether the hub's memory and rate stay as they are at full load, over minutes.

./run bench soak [--minutes 10] [--shape one|pack] [--workers N] [--store ...] [--json] [--plot FILE.png]

Over MQTT, with 60,000 messages waiting for the hub at any moment: it is never idle, and the broker's queue stays short.
Memory is that of all the hub's processes. The first minute is left out of the comparison: buffers and caches fill.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from rich.console import Console
from rich.progress import Progress, TimeRemainingColumn

from tests.support.bench_devices import read_back, register
from tests.support.hub import Hub
from tests.support.load import PACK
from tests.support.measure import family, rss_mb
from tests.support.process import wait_until
from tests.support.stores import open_any_store
from tests.support.transports import MqttTransport

AHEAD = {"one": 60_000, "pack": 30_000}
"""Messages that were published and not taken yet."""
STORE = {"shared_buffers": "1GB", "max_wal_size": "8GB"}
err = Console(stderr=True, highlight=False)


class Sample(NamedTuple):
    at_s: float
    taken: int
    rss_mb: float


def main() -> None:
    """Load, sample, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--shape", choices=("one", "pack"), default="one")
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--store", choices=("timescaledb", "postgresql"))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--plot", type=Path, help="memory and rate over time as a PNG")
    given = parser.parse_args()
    with open_any_store(given.store, STORE) as store, tempfile.TemporaryDirectory(prefix="ganzhi-bench-") as name:
        err.print(f"store: {store.told}")
        with store.database() as url:
            figures, samples = _soak(Path(name), url, given)
        figures["store"] = store.mode
    if given.plot:
        _plot(given.plot, samples)
        err.print(f"plotted to {given.plot}")
    sys.stdout.write(json.dumps(figures, indent=None if given.json else 2) + "\n")
    sys.exit(1 if figures["lost"] or figures["duplicates"] else 0)


def _soak(folder: Path, url: str, given: argparse.Namespace) -> tuple[dict[str, Any], list[Sample]]:
    register(url)
    transport = MqttTransport(folder, given.shape)
    transport.start(0, 0)
    options = ["--workers", str(given.workers)] if given.workers > 1 else []
    hub = Hub(url, 0, folder, *options, **transport.env)
    try:
        hub.start()
        sent, samples = _load(hub, transport.env["HUB_MQTT__PORT"], given)
        stored, exact, _ = read_back(url)
        hub.terminate()
    finally:
        hub.close()
        transport.stop()
    per_message = 1 if given.shape == "one" else PACK
    return _figures(samples) | {
        "shape": given.shape, "messages": sent, "lost": sent * per_message - exact, "duplicates": stored - exact,
    }, samples  # fmt: skip


def _load(hub: Hub, port: str, given: argparse.Namespace) -> tuple[int, list[Sample]]:
    """Allow the load as much as the hub takes, until the time is over; how much was sent, and a sample a second."""
    start_ms = int(time.time() * 1000) - 20 * 86_400_000
    command = [sys.executable, "-m", "tests.support.endless", port, "--shape", given.shape, "--start-ms", str(start_ms)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stderr is not None
    try:
        assert process.stderr.readline() == b"encoded\n"
        samples, began, taken = list[Sample](), time.monotonic(), 0
        with Progress(*Progress.get_default_columns()[:3], TimeRemainingColumn(), console=err) as bar:
            task = bar.add_task("full load", total=given.minutes * 60)
            while (at := time.monotonic() - began) < given.minutes * 60:
                taken = int(hub.counter("ganzhi_messages_total"))
                process.stdin.write(b"%d\n" % (taken + AHEAD[given.shape]))
                process.stdin.flush()
                if not samples or at >= samples[-1].at_s + 1:
                    samples.append(Sample(at, taken, sum(rss_mb(pid) for pid in family(hub.pid))))
                bar.update(task, completed=at)
                time.sleep(0.1)
        output, told = process.communicate(timeout=120)
        assert output, told.decode()
        sent = int(json.loads(output)["sent"])
        wait_until(lambda: hub.counter("ganzhi_messages_total") >= sent, "the rest taken", 120)
        return sent, samples
    finally:
        process.kill()


def _figures(samples: Sequence[Sample]) -> dict[str, Any]:
    at, taken, rss = np.array(samples, float).T
    after = at >= min(60.0, at[-1] / 4)
    third = max(1, int(after.sum()) // 3)
    rate = np.diff(taken) / np.diff(at)
    return {
        "minutes": round(at[-1] / 60, 2),
        "messages_per_s": round(float((taken[-1] - taken[0]) / (at[-1] - at[0]))),
        "messages_per_s_first_third": round(float(rate[after[1:]][:third].mean())),
        "messages_per_s_last_third": round(float(rate[after[1:]][-third:].mean())),
        "rss_mb_max": round(float(rss.max())),
        "rss_mb_first_third": round(float(np.median(rss[after][:third]))),
        "rss_mb_last_third": round(float(np.median(rss[after][-third:]))),
        "rss_mb_per_minute": round(float(np.polyfit(at[after] / 60, rss[after], 1)[0]), 2),
    }


def _plot(path: Path, samples: Sequence[Sample]) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot

    at, taken, rss = np.array(samples, float).T
    figure, (top, bottom) = pyplot.subplots(2, 1, figsize=(9, 6), sharex=True, layout="constrained")
    top.plot(at, rss, color="#0e7c74")
    top.set(ylabel="memory of the hub, MB", title="full load")
    top.set_ylim(bottom=0)
    window = np.ones(5) / 5
    bottom.plot(at[3:-2], np.convolve(np.diff(taken) / np.diff(at), window, "valid"), color="#0e7c74")
    bottom.set(xlabel="seconds", ylabel="messages a second, mean of 5 s")
    bottom.set_ylim(bottom=0)
    figure.savefig(path, dpi=120)


if __name__ == "__main__":
    main()
