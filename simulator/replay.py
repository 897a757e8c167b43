"""Replays files of real measurements over MQTT with their original timestamps, at a chosen speed."""

import heapq
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, tzinfo
from operator import itemgetter
from pathlib import Path

import msgspec

from hub.models import Micros, from_micros
from simulator.measurements import FileError, read_measurements
from simulator.publisher import Broker, Publisher, StoppedError
from simulator.registration import HubApi

WINDOW = 1000
DRAIN_S = 60.0


@dataclass(slots=True, frozen=True)
class Source:
    """A file and its series."""

    path: Path
    device: str
    metric: str
    rows: int
    """Data rows in the file; 0 is not allowed."""


def plan_sources(paths: list[Path], device: str | None, metric: str | None, zone: tzinfo) -> list[Source]:
    """Validate every file before anything is sent; FileError for the first invalid line.

    The device is named after the file unless given; files that share a device get a metric each, named after them.
    """
    sources = []
    for path in paths:
        rows = sum(1 for _ in read_measurements(path, zone))
        if not rows:
            raise FileError(f"{path}: no rows after the header")
        named = _code(path.stem)
        shared = device is not None and len(paths) > 1
        sources.append(Source(path, device or named, metric or (named if shared else "value"), rows))
    taken = {(source.device, source.metric) for source in sources}
    if len(taken) < len(sources):
        raise FileError("two files would become the same series: leave out --device or --metric, or rename a file")
    return sources


def register_sources(api_url: str, token: str | None, sources: list[Source]) -> None:
    """Register the devices of the files; RefusedError on failure."""
    with HubApi(api_url, token) as api:
        for device in dict.fromkeys(source.device for source in sources):
            api.register_series(device, [source.metric for source in sources if source.device == device])


class Replay:
    """One pass over all rows, in the order of time; `speed_up` None: as fast as the broker acknowledges."""

    def __init__(
        self, sources: list[Source], zone: tzinfo, prefix: str, speed_up: float | None, stopping: threading.Event
    ) -> None:
        self._sources, self._zone, self._prefix = sources, zone, prefix
        self._speed_up, self._stopping = speed_up, stopping
        self.sent = self.acknowledged = 0

    def run(self, broker: Broker, progress: Callable[[int], None]) -> None:
        """Publish, and wait for every PUBACK; `progress` gets the number of acknowledged rows.

        What a broker restart leaves unacknowledged is sent again. Ends early, with less acknowledged than sent,
        when told to stop or when the broker stays away. BrokerAbsentError when it never was there.
        """
        with Publisher(broker, f"replay-{time.time_ns():x}", self._note, WINDOW, self._stopping) as publisher:
            with suppress(StoppedError):
                self._publish(publisher, progress)
            deadline = time.monotonic() + DRAIN_S
            while publisher.unacknowledged and time.monotonic() < deadline and not self._stopping.is_set():
                publisher.drain(0.1)
                progress(self.acknowledged)
            publisher.settle()
            progress(self.acknowledged)

    def _note(self, _: None) -> None:
        self.acknowledged += 1

    def _publish(self, publisher: Publisher[None], progress: Callable[[int], None]) -> None:
        start, first = time.monotonic(), None
        for ts, topic, payload in _messages(self._sources, self._zone, self._prefix):
            first = ts if first is None else first
            due = start if self._speed_up is None else start + (ts - first) / 1e6 / self._speed_up
            while (left := due - time.monotonic()) > 0 and not self._stopping.is_set():
                publisher.settle()
                progress(self.acknowledged)
                self._stopping.wait(min(left, 0.25))
            if self._stopping.is_set():
                return
            publisher.publish(topic, payload, None)
            self.sent += 1
            progress(self.acknowledged)


def _messages(sources: list[Source], zone: tzinfo, prefix: str) -> Iterator[tuple[Micros, str, bytes]]:
    """Time, topic and payload of each row, merged by time."""

    def of(source: Source) -> Iterator[tuple[Micros, str, bytes]]:
        topic = f"{prefix}/{source.device}/telemetry"
        for ts, value in read_measurements(source.path, zone):
            # Milliseconds where they are exact, else text, which keeps microseconds.
            at = ts // 1000 if ts % 1000 == 0 else from_micros(ts).astimezone(UTC).isoformat()
            yield ts, topic, msgspec.json.encode({"ts": at, "values": {source.metric: value}})

    return heapq.merge(*(of(source) for source in sources), key=itemgetter(0))


def _code(text: str) -> str:
    """A device or metric code made of a file's name."""
    return re.sub(r"[^A-Za-z0-9._:-]", "-", text).lstrip("._:-")[:56] or "file"
