"""Data types of the pipeline: raw messages (Raw), decoded data (Columns, Event), decisions (AlertChange)."""

import json
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar, cast
from uuid import UUID

import msgspec
import numpy as np
from numpy.typing import NDArray

from hub.clip import Clip
from hub.errors import At
from hub.picture import Picture
from hub.words.sentence import Words, stored, written

Micros = int
"""Microseconds since 1970-01-01T00:00:00Z."""

LEVEL_NAMES = ("blue", "yellow", "orange", "red")
RED = len(LEVEL_NAMES)


class Level(IntEnum):
    """The four-colour warnings (四色预警); CAP severity Minor, Moderate, Severe, Extreme."""

    BLUE = 1
    YELLOW = 2
    ORANGE = 3
    RED = 4


GANZHI = "ganzhi"
"""The protocol of the contract: forms of JSON, whatever transport carries them."""

HUB = "hub"
"""Transport and protocol of what the hub itself finds out; it is no sign of life of a device."""


@dataclass(slots=True, frozen=True)
class Origin:
    """Origin and type of messages: created once per topic by the source, shared by its messages.

    A source that cannot tell the device says why in `fault`: (reason code, sentence for the integrator).
    """

    transport: str
    """Who carried it: mqtt, http, kafka, hub."""
    address: str
    """Where it was sent to, as its sender knows it: a topic, a path."""
    device: str = ""
    """Code of the device that it is about; empty when there is none."""
    form: str = ""
    """The kind of payload; with the protocol it tells the codec."""
    gateway: str | None = None
    """Code of the gateway that speaks for the device; None: it speaks itself."""
    protocol: str = GANZHI
    keyed: bool = False
    """Whether the device comes from a record's key, so that the payload may name it too."""
    fault: tuple[str, str] | None = None
    text: str = field(init=False, repr=False, compare=False)
    """All of it, for messages that go from one process to another; see `read_origin`."""

    def __post_init__(self) -> None:
        told = (self.transport, self.address, self.device, self.form, self.gateway, self.protocol, self.keyed)
        words = None if self.fault is None else written(self.fault[1])
        object.__setattr__(self, "text", json.dumps((*told, self.fault, *([words] if words else []))))


KeyOf = Callable[[Origin], str | None]
"""Code of the device that a protocol's address is of; None where it is not known."""


def unknown_key(_origin: Origin) -> str | None:
    """Of a process that knows no devices."""
    return None


class _Carried(NamedTuple):
    """The text of an origin, as JSON."""

    transport: str
    address: str
    device: str
    form: str
    gateway: str | None
    protocol: str
    keyed: bool
    fault: tuple[str, str] | None
    words: Words | None = None
    """Of the sentence in `fault`; an edge of an earlier version sends none."""


@lru_cache(500_000)
def read_origin(text: str) -> Origin:
    """Parse an origin; returns the same object for equal text. ValueError when malformed."""
    try:
        carried = msgspec.convert(json.loads(text), _Carried)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"no origin: {text[:200]!r}: {error}") from error
    fault = carried.fault and (carried.fault[0], stored(carried.fault[1], carried.words))
    return Origin(*carried[:7], fault)


class Repeat(IntEnum):
    """Whether a message may have been delivered before."""

    NO = 0
    MARKED = 1
    """Its sender says so (MQTT: DUP)."""
    POSSIBLE = 2
    """It comes from a session that was resumed: a broker that was killed does not say so."""


class Raw(NamedTuple):
    """A message as received: origin, payload, and arrival time (unique and increasing within a source)."""

    origin: Origin
    payload: bytes
    received: Micros
    token: int = 0
    """What the source settles it by (MQTT: the packet id); 0 if nothing."""
    source: str = ""
    """Whose tokens they are (MQTT: the client id)."""
    repeated: int = Repeat.NO
    """A Repeat."""
    retained: bool = False
    """Whether it came because of a subscription, not because somebody sent it now (MQTT: RETAIN)."""
    pictures: tuple[Picture, ...] = ()
    """Of its events, as the privacy gate has passed them (ingest/pictures), or why not; never as received."""
    carried: Micros = 0
    """When it came out of a data diode (ingest/diode), `received` being when its edge had it; 0: it was not in one."""
    clip: Clip | None = None
    """Of its one event (ingest/clips), or that one follows, or why there is none."""
    current: bool = False
    """Whether it tells what is so now, however long ago that began: a platform was asked for it (ingest/carriers)."""


def bytes_of(raws: Sequence[Raw]) -> int:
    """Of payloads, pictures and clips."""
    pictures = [sum([len(one.jpeg) for one in raw.pictures]) for raw in raws if raw.pictures]
    clips = [len(raw.clip.webp) for raw in raws if raw.clip is not None]
    return sum([len(raw.payload) for raw in raws]) + sum(pictures) + sum(clips)


@dataclass(slots=True, frozen=True)
class DeadLetter:
    """A message, or part of one, that could not be stored, with a reason for the integrator."""

    id: UUID
    raw: Raw
    reason: str
    detail: str
    device: str | None = None
    at: At = None
    """Location of the fault in the payload, as the codec reported it."""
    counted_only: bool = False
    """Whether it is counted and not stored: its device sends more of them than is kept."""
    taken: bool = False
    """Whether the message was stored nevertheless: what it replaced is to be seen."""


@dataclass(slots=True, frozen=True)
class Outcome:
    """The result of a delivery: committed, with refused messages by index."""

    refused: dict[int, DeadLetter] = field(default_factory=dict)
    superseded: bool = False
    """Nothing was committed: another worker has taken over a partition that the delivery was read from."""
    repeated: frozenset[int] = frozenset()
    """Messages that brought nothing but what was stored."""
    conflicting: frozenset[int] = frozenset()
    """Messages that brought another value or content for what was stored; refused, unless the last one wins."""

    def part(self, start: int, end: int) -> "Outcome":
        """Of the messages from `start` to before `end`, counted from `start`."""
        if not (self.refused or self.repeated or self.conflicting):
            return self
        indices = range(start, end)
        return Outcome(
            {i - start: self.refused[i] for i in indices if i in self.refused},
            self.superseded,
            frozenset([i - start for i in self.repeated if i in indices]),
            frozenset([i - start for i in self.conflicting if i in indices]),
        )

    def followed_by(self, other: "Outcome", after: int) -> "Outcome":
        """Together with the outcome of the messages that begin at `after`."""
        return Outcome(
            self.refused | {i + after: letter for i, letter in other.refused.items()},
            self.superseded,
            self.repeated | {i + after for i in other.repeated},
            self.conflicting | {i + after for i in other.conflicting},
        )


class Position(NamedTuple):
    """The Kafka offset range a delivery was read from, committed together with it."""

    topic: str
    partition: int
    start: int
    """The offset that must be the committed one for this commit to count."""
    end: int
    """The offset that is committed by it; `start` of a batch without messages (a timer)."""
    timers: int = 0
    """How many batches without messages must have been committed; one more after a batch that is one."""


@dataclass(slots=True, frozen=True)
class Delivery:
    """Messages read together, and the function that settles them, called exactly once after the commit."""

    raws: Sequence[Raw]
    settle: Callable[[Outcome], Awaitable[None]]
    positions: tuple[Position, ...] = ()


@dataclass(slots=True, frozen=True)
class Event:
    """An event at a device; its id is derived, so a redelivery yields the same event."""

    id: UUID
    device_id: int
    device: str
    ts: Micros
    received: Micros
    kind: str
    state: str | None = None
    level: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    untimed_id: UUID | None = None
    """Where the device gave an id and no time: what comes with the same one may be this event, sent again."""
    part: str | None = None
    """Of the device that it is at, a path: 1/3/40-217; None: at all of it."""
    continues: bool = False
    """Whether the device says it again and again while it lasts (devices/episodes)."""
    current: bool = False
    """Whether it lasts still, however long ago it began: somebody was asked for it (Raw); not stored."""


@dataclass(slots=True, frozen=True)
class AlertChange:
    """A decided alert change. Ids are derived from the cause, so that decisions are idempotent."""

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
    why: dict[str, Any] | None = field(default=None, hash=False)
    """What detection said of the reading, of a rule that watches a signal (hub/signals.py)."""
    rule_version: int | None = None
    """Of the rule, as it decided; None: the rule is the hub's own."""


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

    def where(self, which: "NDArray[np.bool_] | NDArray[np.int64]") -> "Columns":
        """Select rows by mask or index."""
        return Columns(self.ts[which], self.series[which], self.value[which], self.quality[which])

    @classmethod
    def empty(cls) -> "Columns":
        return cls(np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float64), np.empty(0, np.int16))


F = TypeVar("F")


@dataclass(slots=True)
class Batch:
    """The unit of commit: fields shared by all stages, and facts of single stages (`of`)."""

    raws: list[Raw]
    readings: Columns = field(default_factory=Columns.empty)
    order: NDArray[np.int32] | None = None
    """Of each reading, the index of its message: the order of arrival; None: nothing is known of it."""
    events: list[Event] = field(default_factory=list)
    changes: list[AlertChange] = field(default_factory=list)
    refused: dict[int, DeadLetter] = field(default_factory=dict)
    """By index into raws; a refused message may still have contributed its good readings."""
    positions: list[Position] = field(default_factory=list)
    """Committed with it; a partition's positions follow each other."""
    now: Micros = 0
    """Everything that was received up to then is in this batch or in one before it."""
    _facts: dict[type, Any] = field(default_factory=dict)
    _given: tuple[Any, ...] | None = None

    def of(self, kind: type[F]) -> F:
        """The batch's facts of a type; created without arguments on first use."""
        found = self._facts.get(kind)
        if found is None:
            found = self._facts[kind] = kind()
        return cast(F, found)

    def put(self, fact: object) -> None:
        """Replace the batch's facts of this type."""
        self._facts[type(fact)] = fact

    def messages(self) -> NDArray[np.int32]:
        """Of each reading the index of its message; -1 where nothing is known of it."""
        return np.full(len(self.readings), -1, np.int32) if self.order is None else self.order

    def keep(self, which: NDArray[np.bool_]) -> None:
        """Keep only the readings selected by the mask `which`, shape (len(readings),)."""
        self.readings = self.readings.where(which)
        self.order = None if self.order is None else self.order[which]

    def begin_attempt(self) -> bool:
        """Reset to the state before the first commit attempt; returns whether an attempt had changed the inputs."""
        if self._given is None:
            self._given = self.readings, self.order, self.events, self.refused, dict(self._facts)
            return False
        changed = self.readings is not self._given[0] or self.events is not self._given[2]
        self.readings, self.order, self.events, self.refused, facts = self._given
        self._facts = dict(facts)
        return changed


def now_micros() -> Micros:
    """Current time of this process, in microseconds."""
    return time.time_ns() // 1000


def from_micros(ts: Micros) -> datetime:
    """Convert epoch microseconds to a UTC datetime."""
    seconds, micros = divmod(ts, 1_000_000)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


def to_micros(at: datetime) -> Micros:
    """Convert an aware datetime to epoch microseconds, exactly."""
    whole = at.astimezone(UTC).replace(microsecond=0)
    return int(whole.timestamp()) * 1_000_000 + at.microsecond
