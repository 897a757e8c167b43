"""The result of decoding one message. A codec is a pure function `(payload, received, zone) -> Decoded`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple
from uuid import UUID

from devices.codecs.inner import Envelope
from hub.errors import At, DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

MAX_BYTES = 512 << 10
"""A larger message is refused unread: it bounds the time and the memory that one message can cost."""

MAX_READINGS = 4_000
"""A message with more readings is refused: it bounds the time of one message, and what one sender has in a batch."""

MAX_NAMES = 500
"""Names of metrics in a message at most. A name seen for the first time costs 2 to 14 microseconds."""

MAX_EVENTS = 500
"""Events in a message at most."""

MAX_PARTS = 21_000
"""Members, elements, objects and lists in a message at most: 5 ms and 4 MB at the worst, as Python objects."""

MAX_FAULTS = 16
"""Faults kept of a message: a sender of nonsense must not cost more memory than a sender of sense."""


MAX_LEFT_OUT = 500
"""A message of which more is left out is refused as a whole: each sentence about a flaw costs 2 microseconds."""

MAX_UNUSED, _MAX_UNUSED_NAME = 8, 64
"""Members that are remembered as not used, and characters of a name."""


class Fault(NamedTuple):
    """A part of a message that was rejected while the rest was accepted."""

    reason: str
    detail: str
    at: At = None
    """Where in the payload."""


@dataclass(slots=True)
class EventDraft:
    """An event as decoded; `ts` None means the time of arrival, `source_id` is the device's own event id.

    Never changed. Not frozen: that takes 0.6 microseconds more to make, of which a frame of GB/T 26875 has two.
    """

    kind: str
    ts: Micros | None = None
    source_id: str | None = None
    state: str | None = None
    level: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    image: bytes | int | None = None
    """A place among the pictures of its message (Raw.pictures); bytes have not passed the privacy gate."""
    part: str | None = None
    """Of the device that it is at, a path; None: at all of it."""
    is_stored: bool = False
    """Whether it was told before, and comes again for its clip alone (Raw.clip): nothing else is made of it."""
    continues: bool = False
    """Whether the device says it again and again while it lasts, with a state: one event with updates (episodes)."""


@dataclass(slots=True, frozen=True)
class ReplyDraft:
    """A device's reply to a command; `error` None means success."""

    command: UUID
    result: Any = None
    error: str | None = None


class Units(dict[str, str]):
    """By metric: the unit of its first value that tells one. Units in UCUM."""

    __slots__ = ("others",)

    def __init__(self) -> None:
        """Empty."""
        super().__init__()
        self.others: dict[int, str | None] = {}
        """By row: the unit of a value that does not have that of its metric, None where it tells none.

        Rows of metrics that have no unit at all may be among them.
        """

    def of(self, row: int, metric: str) -> str | None:
        """The unit that a value is told to have; None where it tells none."""
        return self.others[row] if row in self.others else self.get(metric)

    def keep(self, rows: list[int]) -> None:
        """Follow values of which only these rows are kept."""
        self.others = {row: self.others[old] for row, old in enumerate(rows) if old in self.others}


class Coded(NamedTuple):
    """What a metric's name was made of that no table has: its code, and what stands behind that."""

    code: str
    tail: str = ""


class InQuotes(NamedTuple):
    """A number that stands in quotes: a reading where somebody knows its name, else a text (an ICCID, a version)."""

    metric: str
    ts: Micros
    value: float


@dataclass(slots=True)
class Codes:
    """Codes of a message that the table of its protocol does not know (devices/code_mapping.py).

    Readings have a name by their code, and events are `other` with the code among their attributes.
    """

    protocol: str
    metrics: dict[str, Coded] = field(default_factory=dict)
    """By metric."""
    states: dict[int, str] = field(default_factory=dict)
    """By place among the events."""
    in_quotes: list[InQuotes] = field(default_factory=list)


class Decoded:
    """Readings as three parallel lists, events or a reply, and what was left out."""

    __slots__ = (
        "codes", "devices", "envelope", "events", "faults", "heard", "left_out", "metrics", "online", "private",
        "quality", "reply", "timeless", "ts", "units", "unused", "uptime", "values",
    )  # fmt: skip

    def __init__(self, *, online: bool | None = None, timeless: bool = False, private: int = 0) -> None:
        """Empty; written out, for that of a dataclass takes 0.2 microseconds longer, a tenth of a small message."""
        self.metrics: list[str] = []
        self.ts: list[Micros] = []
        self.values: list[float] = []
        self.events: list[EventDraft] = []
        self.reply: ReplyDraft | None = None
        self.faults: list[Fault] = []
        self.devices: tuple[str, ...] = ()
        """Devices that the payload itself names, in "device"; at most two, for more than one is too many."""
        self.online = online
        """Whether the device says that it is there; None when it says nothing about it."""
        self.timeless = timeless
        """Whether some of it carried no time of its own, so that the time of arrival stands in."""
        self.uptime = False
        """Whether some of its times count from the start of the device; then it is timeless."""
        self.left_out = 0
        """Parts that could not be used."""
        self.unused: tuple[str, ...] = ()
        """Names of members that nothing was made of, at most MAX_UNUSED."""
        self.units: Units | None = None
        """Those of the values, where the message tells any."""
        self.quality: list[int] | None = None
        """The flags of each reading (hub/quality.py) as the device tells them; None where it tells none.

        A null is a reading, too: not a number, with the flag that says why.
        """
        self.codes: Codes | None = None
        """What no table knows; None: nothing."""
        self.envelope: Envelope | None = None
        """What a network or platform carries, which the resolver decodes as the profile says; None: nothing."""
        self.heard: Micros | None = None
        """When a platform between had it from the device; None: it is heard as it arrives."""
        self.private = private
        """Fields and events that the privacy gate dropped. If not 0, the payload must not be kept anywhere."""

    def unmapped(self, protocol: str) -> Codes:
        """Its codes that no table knows, to be added to."""
        if self.codes is None:
            self.codes = Codes(protocol)
        return self.codes

    def keep(self, rows: list[int]) -> None:
        """Keep only these rows of the readings."""
        self.metrics = [self.metrics[row] for row in rows]
        self.ts = [self.ts[row] for row in rows]
        self.values = [self.values[row] for row in rows]
        if self.units is not None:
            self.units.keep(rows)
        if self.quality is not None:
            self.quality = [self.quality[row] for row in rows]

    def leave_out(self, error: DecodeError) -> None:
        """Record why a part was rejected (first MAX_FAULTS only); DecodeError beyond MAX_LEFT_OUT rejected parts."""
        self.left_out += 1
        if self.left_out > MAX_LEFT_OUT:
            first = self.faults[0]
            sentence = Sentence("refusal.faults", most=MAX_LEFT_OUT, first=first.detail)
            raise DecodeError("too_many_faults", sentence, first.at)
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(error.reason, error.detail, error.at))

    def note_unused(self, name: str) -> None:
        """Remember a member of which nothing is made; long and unprintable names are not."""
        if len(self.unused) < MAX_UNUSED and len(name) <= _MAX_UNUSED_NAME and name.isprintable():
            self.unused = *self.unused, *(() if name in self.unused else (name,))

    def name(self, device: object) -> None:
        """Record a device named by the payload."""
        if isinstance(device, str) and device not in self.devices and len(self.devices) < 2:
            self.devices += (device,)

    def settled(self) -> "Decoded":
        """Return self, or raise DecodeError with all faults when nothing in the message is usable.

        What the privacy gate emptied is no error: dropping on purpose is a delivery.
        """
        if self.faults and not (self.metrics or self.events or self.private):
            raise DecodeError(*self.faults[0], self.faults)
        return self


Codec = Callable[[bytes, Micros, tzinfo], Decoded]
"""Takes a payload, the time of arrival and the zone of the device's clock (for times without an offset).

Raises DecodeError(reason, detail, at) when nothing of the message can be used; no other exception, for any bytes.
"""


class Place(NamedTuple):
    """Location of a decoded reading (or event)."""

    value: At
    time: At
    """Of the timestamp that applies to it."""


Places = Callable[[bytes, Micros, tzinfo], list[Place]]
"""Takes what a codec takes: the place of each reading that the codec gives, in its order; of an event codec, of each
event. For a refusal by whoever looks at decoded readings: keeping places while decoding would cost every message."""
