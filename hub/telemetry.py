"""Telemetry: counters updated per batch, and log formatting."""

import json
import logging
import sys
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(slots=True)
class Counters:
    """Running totals of one process; the API shows them as rates and as Prometheus metrics."""

    messages: int = 0
    readings: int = 0
    events: int = 0
    refused: int = 0
    repeated: int = 0
    """Messages that brought nothing but what was stored."""
    conflicting: int = 0
    """Messages that brought another value or content for what was stored."""
    judged_early: int = 0
    """Readings that were judged before all that may come before them had come: too many waited."""
    dropped: int = 0
    """QoS 0 messages let go because the hub was full: they are unacknowledged by contract."""
    skipped: int = 0
    """Records of a log without a value: there is nothing in them to store."""
    forwarded: int = 0
    """Messages that an edge has put into the bus."""
    private: int = 0
    """Fields, events and pictures let go at decoding by the privacy gate, and values that it masked."""
    private_pictures: int = 0
    """How many of these are pictures."""
    pictures: Counter[str] = field(default_factory=Counter)
    """Pictures of cameras at the privacy gate, by what became of them: see Gate.outcomes in ingest/pictures/gate.py."""
    alert_changes: int = 0
    receipts: int = 0
    """Of gateways: what became of messages that they had accepted."""
    receipts_unknown: int = 0
    """Those among them that name no message, or say nothing yet."""
    devices_known: int = 0
    """Registered devices that the ingest path of this process knows."""
    commits: int = 0
    commit_s: float = 0.0
    clock_offset_s: float = 0.0
    """How far this machine's clock is ahead of the database's; negative: behind."""
    clock_warning: str | None = None
    """What is wrong with it; None while it is right."""
    started: float = field(default_factory=time.monotonic)
    _past: deque[tuple[float, int, int]] = field(default_factory=lambda: deque(maxlen=120))

    def tick(self) -> None:
        """Sample the totals; called about twice a second to compute rates."""
        self._past.append((time.monotonic(), self.messages, self.readings))

    def rates(self, over_s: float = 5.0) -> tuple[float, float]:
        """Messages and readings per second over about the last `over_s` seconds."""
        now = time.monotonic()
        then = next((past for past in self._past if now - past[0] <= over_s), None)
        if then is None or now - then[0] <= 0:
            return 0.0, 0.0
        span = now - then[0]
        return (self.messages - then[1]) / span, (self.readings - then[2]) / span


class _JsonLines(logging.Formatter):
    def __init__(self, process: str) -> None:
        super().__init__()
        self._process = {"process": process} if process else {}

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line |= self._process
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def log_to_stderr(level: str = "info", as_json: bool = False, process: str = "") -> None:
    """Log to standard error: human-readable, or one JSON object per line.

    `process` is named in each line, where several write to the same place.
    """
    handler = logging.StreamHandler(sys.stderr)
    name = f"[{process}] " if process else ""
    plain = logging.Formatter(f"%(asctime)s %(levelname)-7s {name}%(name)s: %(message)s", "%H:%M:%S")
    handler.setFormatter(_JsonLines(process) if as_json else plain)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # it tells of one outage many times a second
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it tells every request
