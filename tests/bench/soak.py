"""Whether the hub's memory and rate stay as they are at full load, over minutes.

./run bench soak [--minutes 10] [--transport mqtt|http] [--shape one|pack] [--workers N] [--store ...] [--json]
                 [--plot FILE.png]

Loads follow each other, the next one while the one before is still being taken, so that the hub is never idle. Memory
is that of all its processes. Its first minute is left out of the comparison: buffers and caches fill.
"""

import argparse
import json
import sys
import tempfile
import threading
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
from tests.support.stores import open_any_store
from tests.support.transports import DEVICES, TRANSPORTS, Transport

ROUND_S = 8.0
ASSUMED_RATE = {("mqtt", "one"): 90_000, ("mqtt", "pack"): 14_000, ("http", "one"): 900, ("http", "pack"): 700}
STORE = {"shared_buffers": "1GB", "max_wal_size": "8GB"}
err = Console(stderr=True, highlight=False)


class Sample(NamedTuple):
    at_s: float
    taken: int
    rss_mb: float


class Rounds:
    """Loads one after the other until the time is over; at most two of them are not taken yet when one starts."""

    def __init__(self, transport: Transport, hub: Hub, messages: int, end: float) -> None:
        self.sent = 0
        self._transport, self._hub, self._messages, self._end = transport, hub, messages, end
        self._start_ms = int(time.time() * 1000) - 20 * 86_400_000
        self.failed: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="rounds")

    def _run(self) -> None:
        try:
            while time.monotonic() < self._end:
                with self._transport.load(self._hub.port, self._messages, self._start_ms):
                    self.sent += self._messages
                self._start_ms += self._messages
                while self._hub.counter("ganzhi_messages_total") < self.sent - 2 * self._messages:
                    time.sleep(0.2)
        except BaseException as error:  # noqa: BLE001 the bench's own thread tells it
            self.failed = error


def main() -> None:
    """Load, sample, compare."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--transport", choices=("mqtt", "http"), default="mqtt")
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
    messages = int(ASSUMED_RATE[given.transport, given.shape] * ROUND_S / DEVICES) * DEVICES or DEVICES
    transport = TRANSPORTS[given.transport](folder, given.shape)
    transport.start(messages, 0)
    options = ["--workers", str(given.workers)] if given.workers > 1 else []
    hub = Hub(url, 0, folder, *options, **transport.env)
    try:
        hub.start()
        end = time.monotonic() + given.minutes * 60
        rounds = Rounds(transport, hub, messages, end)
        rounds.thread.start()
        samples = _sample(hub, rounds, end)
        stored, exact, _ = read_back(url)
        hub.terminate()
    finally:
        hub.close()
        transport.stop()
    per_message = 1 if given.shape == "one" else PACK
    return _figures(samples) | {
        "transport": given.transport, "shape": given.shape, "messages": rounds.sent,
        "lost": rounds.sent * per_message - exact, "duplicates": stored - exact,
    }, samples  # fmt: skip


def _sample(hub: Hub, rounds: Rounds, end: float) -> list[Sample]:
    """A sample a second, until all that was sent is taken."""
    began, samples = time.monotonic(), list[Sample]()
    with Progress(*Progress.get_default_columns()[:3], TimeRemainingColumn(), console=err) as bar:
        task = bar.add_task("full load", total=end - began)
        while rounds.thread.is_alive() or samples[-1].taken < rounds.sent:
            at, taken = time.monotonic() - began, int(hub.counter("ganzhi_messages_total"))
            samples.append(Sample(at, taken, sum(rss_mb(pid) for pid in family(hub.pid))))
            bar.update(task, completed=min(at, end - began))
            if time.monotonic() > end + 120:
                raise RuntimeError(f"the hub stands at {taken} of {rounds.sent} messages:\n{hub.text()[-3000:]}")
            time.sleep(1)
    if rounds.failed is not None:
        raise rounds.failed
    return samples


def _figures(samples: Sequence[Sample]) -> dict[str, Any]:
    at, taken, rss = np.array(samples, float).T
    loaded = taken < taken[-1]
    at, taken, rss = at[loaded], taken[loaded], rss[loaded]
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
