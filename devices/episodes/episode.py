"""Episodes: something that a device says again and again while it lasts is one event with updates. Pure."""

from collections.abc import Iterable
from typing import Literal, NamedTuple
from uuid import UUID, uuid5

from devices.vocabulary import MANIFOLD, MOMENTARY
from hub.models import Event, Micros, from_micros

_SPACE = UUID("6b0c1d7e-0000-4000-8000-657069736f64")

NEVER: Micros = 1 << 62

LATE: Micros = 10_000_000
"""What comes so long after it happened may be too old for rules: once it is said in time, that is an event, too."""

CODE = 64
"""Characters of a code that tell episodes apart."""


class Key(NamedTuple):
    """Of what an episode is; one at most is open of each."""

    device_id: int
    kind: str
    part: str
    """Empty: all of the device."""
    code: str = ""
    """Of a kind that has many meanings (MANIFOLD) that one; else empty."""


Why = Literal["told", "silent"]
"""The device told its end, or said nothing more."""


class Episode(NamedTuple):
    """One time that something lasted at a place. Times are those of the device, but none is after its arrival."""

    id: UUID
    """Of the event by which it began."""
    begin: Micros
    last: Micros
    """When the device said it last."""
    told: Micros
    """When it said what is the newest event of it."""
    heard: Micros
    """When the device was last heard saying it, by the hub's clock."""
    late: bool = False
    """Whether its events came late."""
    times: int = 1
    """How often it was said: at so many times, the first one included."""
    level: int | None = None
    ended: Micros | None = None
    why: Why | None = None

    @property
    def until(self) -> Micros:
        """Up to when what is said of a time is said of this one."""
        return NEVER if self.ended is None else max(self.last, self.ended)

    @property
    def closed(self) -> Micros:
        """When the hub took it for over, by its own clock: what arrives later is of another one."""
        return NEVER if self.ended is None or self.why != "silent" else self.heard + max(0, self.ended - self.last)


def key_of(event: Event) -> Key:
    """Of what an event says that it lasts."""
    code = event.attributes.get("code", "") if event.kind in MANIFOLD else ""
    return Key(event.device_id, event.kind, event.part or "", str(code)[:CODE])


def at(event: Event) -> Micros:
    """When an event counts: a clock that is ahead makes nothing older."""
    return min(event.ts, event.received)


def begun_by(event: Event) -> Episode:
    """The one that an event begins."""
    ts = at(event)
    return Episode(event.id, ts, ts, ts, event.received, event.received - ts > LATE, level=event.level)


def is_of(known: Episode, event: Event) -> bool:
    """Whether what is said again, and is not from before one, is said of it."""
    return event.id == known.id or (at(event) <= known.until and event.received <= known.closed)


def is_worse(known: Episode, event: Event) -> bool:
    """Whether what is said is of a higher level than all that was, whatever its time."""
    return (event.level or 0) > (known.level or 0)


def is_news(known: Episode, event: Event) -> bool:
    """Whether what is said again is an event of its own: worse than before, in time for the first time, or of a kind
    without an end, of which rules take a new event for a sign that it lasts."""
    ts = at(event)
    if is_worse(known, event) or ts <= known.last:
        return is_worse(known, event)
    in_time = known.late and event.received - ts <= LATE
    return in_time or ts - known.told >= MOMENTARY.get(event.kind, NEVER) // 2


def continued(known: Episode, event: Event) -> Episode:
    """What one becomes that is said again; what is not newer than that was told counts as heard only, or as worse. One
    that is over is but worse."""
    ts, now = at(event), known
    if known.ended is None:
        now = now._replace(heard=max(known.heard, event.received))
        if ts > known.last:
            now = now._replace(last=ts, times=known.times + 1)
    if not is_news(known, event):
        return now
    level = max(known.level or 0, event.level or 0) or None
    return now._replace(told=max(ts, known.told), level=level, late=event.received - ts > LATE)


def end_of(key: Key, device: str, known: Episode, ts: Micros, received: Micros) -> Event:
    """The event that the hub makes where no end was told."""
    told = {"ended": "silent", "last": from_micros(known.last).isoformat()}
    if key.code:
        told["code"] = key.code
    return Event(
        uuid5(_SPACE, f"{known.id} silent"), key.device_id, device, ts, received, key.kind, "inactive", None, told,
        part=key.part or None,
    )  # fmt: skip


def below(part: str | None, keys: Iterable[Key]) -> list[Key]:
    """Those at a part of the device, or below it; None: all."""
    return [key for key in keys if not part or key.part == part or key.part.startswith(f"{part}/")]
