"""What flows through the hub: bytes in (Raw), what they mean (Columns, Event), what was decided (AlertChange)."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from typing import Any, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

LEVEL_NAMES = ("blue", "yellow", "orange", "red")


class Level(IntEnum):
    """The four-colour warnings (四色预警); CAP severity Minor, Moderate, Severe, Extreme."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


HUB = "hub"
"""The transport of what the hub itself finds out about a device; it is no sign of life of that device."""


class Raw(NamedTuple):
    """A message as it came: who carried it, where to, what, and when (unique and rising within a source)."""

    transport: str
    address: str
    payload: bytes
    received: Micros
    token: int = 0
    """What the source settles it by (MQTT: the packet id); 0 if nothing."""
    source: str = ""
    """Whose tokens they are (MQTT: the client id)."""
    repeated: bool = False
    """Whether the sender says that it may have been delivered before (MQTT: DUP)."""


@dataclass(slots=True, frozen=True)
class DeadLetter:
    """A message, or a part of it, that could not be stored, with a reason an integrator understands."""

    id: UUID
    raw: Raw
    reason: str
    detail: str
    device: str | None = None


@dataclass(slots=True, frozen=True)
class Reply:
    """What a device answers to a command. Whether it was asked, the store knows: its commit refuses what it was not."""

    index: int
    """Of its message in the batch."""
    command: UUID
    device_id: int
    received: Micros
    body: dict[str, Any]
    """{"result": any JSON} or {"error": text}."""
    letter: DeadLetter
    """What becomes of the message when it is refused; reason and detail are then known."""


@dataclass(slots=True, frozen=True)
class Outcome:
    """What became of a delivery: committed, and which of its messages were refused, by index."""

    refused: dict[int, DeadLetter] = field(default_factory=dict)
    superseded: bool = False
    """Nothing was committed: another worker has taken over a partition that the delivery was read from."""


class Position(NamedTuple):
    """A stretch of a partition of a log: what a delivery was read from, so that it is committed with it."""

    topic: str
    partition: int
    start: int
    """The offset that must be the committed one for this commit to count."""
    end: int
    """The offset that is committed by it."""


@dataclass(slots=True, frozen=True)
class Delivery:
    """Messages read together, with the function that settles them: called exactly once, after commit."""

    raws: Sequence[Raw]
    settle: Callable[[Outcome], Awaitable[None]]
    positions: tuple[Position, ...] = ()


@dataclass(slots=True, frozen=True)
class Event:
    """Something that happened at a device; the id is derived, so a redelivery is the same event."""

    id: UUID
    device_id: int
    device: str
    ts: Micros
    received: Micros
    kind: str
    state: str | None = None
    level: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True, frozen=True)
class AlertChange:
    """One decided change of an alert. Ids are derived from the cause, so deciding twice is deciding once."""

    id: UUID
    alert_id: UUID
    kind: str
    """raised, updated, cleared."""
    ts: Micros
    rule_id: int
    target: str
    device_id: int
    series_id: int | None
    level: int
    title: str
    value: float | None = None
    threshold: float | None = None
    actor: str | None = None
    """Who decided it, where that was not the pipeline."""
    note: str | None = None


@dataclass(slots=True)
class Columns:
    """Readings as parallel arrays of one length n, sorted by (series, ts), without duplicates."""

    ts: NDArray[np.int64]
    """Microseconds UTC."""
    series: NDArray[np.int32]
    value: NDArray[np.float64]
    quality: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.ts)

    @classmethod
    def empty(cls) -> "Columns":
        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.int16))


class Arrival(NamedTuple):
    """A message without a time of its own, as its source can recognise it when it is delivered again."""

    token: int
    digest: int
    received: Micros


@dataclass(slots=True)
class Batch:
    """What one transaction commits. Stages fill it from left to right; `raws` is what they read."""

    raws: list[Raw]
    readings: Columns = field(default_factory=Columns.empty)
    events: list[Event] = field(default_factory=list)
    changes: list[AlertChange] = field(default_factory=list)
    refused: dict[int, DeadLetter] = field(default_factory=dict)
    """By index into raws; a refused message may still have contributed its good readings."""
    arrivals: dict[str, list[Arrival]] = field(default_factory=dict)
    """By source."""
    positions: list[Position] = field(default_factory=list)
    """Committed with it; a partition's positions follow each other."""
    private: int = 0
    """Fields and events that the privacy gate let go."""
    replies: list[Reply] = field(default_factory=list)
    statuses: dict[int, tuple[bool, Micros]] = field(default_factory=dict)
    """By device id: whether it said last that it is online, and when that came."""
    edges: dict[str, tuple[Micros | None, Micros]] = field(default_factory=dict)
    """By edge of the bus: since when it hears all devices (None: it does not), and until when."""
    wanted: dict[int, dict[str, None]] = field(default_factory=dict)
    """Metrics by device id that get a series before the batch is read again; what has none yet is among `refused`."""
    seen: dict[int, tuple[Micros, Micros]] = field(default_factory=dict)
    """By device id: when its last readable message came, and the newest time that the device gave in it, or 0."""


def from_micros(ts: Micros) -> datetime:
    """The UTC datetime of microseconds since the epoch."""
    seconds, micros = divmod(ts, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def to_micros(at: datetime) -> Micros:
    """Microseconds since the epoch of an aware datetime, exact."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + at.microsecond
