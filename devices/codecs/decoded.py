"""What a codec makes of one message. A codec is a pure function `(payload, received, zone) -> Decoded`."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from typing import Any, NamedTuple

from hub.errors import DecodeError
from hub.models import Micros

MAX_BYTES = 1 << 20
"""A larger message is refused unread: it bounds the time and the memory that one message can cost."""

MAX_READINGS = 10_000
"""A message with more readings is refused, so that one sender cannot fill a batch by itself."""

MAX_FAULTS = 16
"""Faults kept of a message: a sender of nonsense must not cost more memory than a sender of sense."""


class Fault(NamedTuple):
    """A part of a message that was left out, while the rest of it is good."""

    reason: str
    detail: str


@dataclass(slots=True, frozen=True)
class EventDraft:
    """An event as the device tells it; `ts` None means the time of arrival, `source_id` the device's own id."""

    kind: str
    ts: Micros | None = None
    source_id: str | None = None
    state: str | None = None
    level: int | None = None
    attributes: dict[str, Any] = field(default_factory=dict)
    image: bytes | None = None


@dataclass(slots=True)
class Decoded:
    """Readings as three parallel lists, events, and what was left out."""

    metrics: list[str] = field(default_factory=list)
    ts: list[Micros] = field(default_factory=list)
    values: list[float] = field(default_factory=list)
    events: list[EventDraft] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    timeless: bool = False
    """Whether some of it carried no time of its own, so that the time of arrival stands in."""
    private: int = 0
    """Fields and events that the privacy gate dropped. If not 0, the payload must not be kept anywhere."""

    def leave_out(self, error: DecodeError) -> None:
        """Note why a part was left out; beyond MAX_FAULTS nothing is noted."""
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(Fault(error.reason, error.detail))

    def settled(self) -> "Decoded":
        """Itself; DecodeError with the first fault when nothing of the message can be used.

        What the privacy gate emptied is no error: dropping on purpose is a delivery.
        """
        if self.faults and not (self.metrics or self.events or self.private):
            raise DecodeError(*self.faults[0])
        return self


Codec = Callable[[bytes, Micros, tzinfo], Decoded]
"""Takes a payload, the time of arrival and the zone of the device's clock (for times without an offset).

Raises DecodeError(reason, detail) when nothing of the message can be used; no other exception, for any bytes.
"""
