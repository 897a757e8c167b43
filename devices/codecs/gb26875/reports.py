"""What frames of GB/T 26875.3 report: states as events, analogue values as readings. Pure.

A state tells all its bits at once. Each that is set is an active event. Where none is set that is an alarm or a fault,
these have ended: inactive events. A message is of a building's system with all its components, which events name by
their part (`1/3/40-217`: type and address of the system, and of the component) and in their attributes, and readings in
their metrics (`temperature/1-3-217`: without the type of the component): the end of one is never that of another. What
a system says of itself is at its part `1/3/system`: that this is over ends nothing at its components, but that all of
the system is normal does, and its reset. Bit 0, "test" where it is not set, is set by so few devices that it lowers
nothing.

What is told with a time that there is not has happened when it came, so that a wrong clock hides no fire; that
something has ended is not taken then. What came without a time is told by its serial number if it is sent again.
"""

from collections.abc import Sequence
from datetime import tzinfo
from functools import cache, lru_cache
from struct import Struct
from typing import Any

from devices.codecs.calendar_time import Parts, moment, no_time
from devices.codecs.code_table import Measured
from devices.codecs.decoded import MAX_NAMES, Coded, Decoded, EventDraft, Units
from devices.codecs.gb26875.frame import ANSWER, BEFORE, SEND, Message, read
from devices.codecs.gb26875.tables import Bit, alarms, analogues, bits
from devices.codecs.local_time import zone_at
from devices.codecs.octets import cut, wrong_length
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

SYSTEM, COMPONENT, ANALOGUE, OPERATION, DEVICE, DEVICE_OPERATION = 1, 2, 3, 4, 21, 24
"""Types of application data that are read; of the others (versions, configuration, clocks) nothing is made."""
_LAYOUTS = {
    SYSTEM: Struct("<BBH6s"),
    COMPONENT: Struct("<BBBIH31s6s"),
    ANALOGUE: Struct("<BBBIBh6s"),
    OPERATION: Struct("<BBBB6s"),
    DEVICE: Struct("<B6s"),
    DEVICE_OPERATION: Struct("<BB6s"),
}
OWN = "transmitter"
"""The part that is the transmission device itself: what it says of itself ends nothing of the systems behind it."""
OF_SYSTEM = "system"
"""The part of a system that is its own unit."""
_ENDING = ("fire", "fault", "shielded")
"""Kinds whose end a state without them tells; a transmission device is not shielded."""
PROTOCOL = "gb26875"
_NO_TIME, _YEAR_AT = bytes(6), 5
_RESET, _RESET_STATE = 1, 1 << 13
"""Bits of an operation, and of the state of a system: it was reset."""
_NORMAL_STATE = 1 | 1 << 11 | 1 << 12
"""Bits of the state of a system in which nothing is the matter: in order, by hand, configured anew."""


def decode(frame: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one frame; what holds no reports gives none. The address of its sender is the device that it names."""
    message = read(frame)
    decoded = Decoded()
    decoded.name(message.station)
    if message.command in (SEND, ANSWER) and message.length:
        _Reader(decoded, received, zone_at(zone, received)).read(frame, message)
    return decoded.settled()


@cache
def _all_kinds() -> tuple[str, ...]:
    """What a reset of a system ends, in it and in all that is below: what is still so is told anew (GB 4717)."""
    tables = (*bits("system", 16), *bits("component", 16), *bits("operation", 8))
    return tuple(sorted({bit.kind for bit in tables if bit.kind != OTHER}.union(alarms().values())))


@lru_cache(1_024)
def _text(octets: bytes) -> str:
    """GB 18030, filled up with zeros; many components tell the same again and again."""
    return octets.split(b"\0", 1)[0].decode("gb18030", "replace").strip()


def _parts(told: bytes) -> Parts:
    second, minute, hour, day, month, year = told
    return 2000 + year, month, day, hour, minute, second


@lru_cache(4_096)
def _moment(told: bytes, zone: tzinfo) -> Micros | None:
    return moment(_parts(told), zone)


class _Reader:
    """Reads the objects of one message."""

    def __init__(self, decoded: Decoded, received: Micros, zone: tzinfo) -> None:
        self._decoded, self._received, self._zone = decoded, received, zone
        self._clock_is_wrong = False
        """Of the object that is read."""
        self._source = ""
        """What it is known by if it has no time."""
        self._units = Units()

    def read(self, frame: bytes, message: Message) -> None:
        """Read all of them; of one whose time is none, what it reports as active is taken.

        A count that is wrong beside whole objects is a fault, and hides no fire: those that are there count.
        """
        if message.length < 2:
            raise cut(frame, BEFORE + 2)
        kind, count, begin = frame[BEFORE], frame[BEFORE + 1], BEFORE + 2
        layout = _LAYOUTS.get(kind)
        if layout is None:
            self._decoded.note_unused(f"type {kind}")
            return
        if message.length - 2 != count * layout.size:
            found = (message.length - 2) // layout.size
            if (message.length - 2) % layout.size:
                raise wrong_length(message.length, 2 + count * layout.size, 24)
            error = DecodeError("bad_length", Sentence("refusal.octets.count", told=count, found=found), BEFORE + 1)
            if not found:
                raise error
            self._decoded.leave_out(error)
            count = found
        for at in range(begin, begin + count * layout.size, layout.size):
            values = layout.unpack_from(frame, at)
            self._source = f"{message.serial}/{at}"
            self._clock_is_wrong = False
            try:
                ts = self._time(values[-1], at + layout.size - 6)
            except DecodeError as error:
                self._decoded.leave_out(error)
                if kind == ANALOGUE:
                    continue
                self._clock_is_wrong, ts = True, None
            self._take(kind, values, ts, at)
        if self._units:
            self._decoded.units = self._units

    def _take(self, kind: int, values: tuple[Any, ...], ts: Micros | None, at: int) -> None:
        """Take one object: its fields, the last of which is its time."""
        if kind == COMPONENT:
            type_, system, part_type, part, state, text, _ = values
            told = {"system_type": type_, "system": system, "component_type": part_type, "component": part}
            if text[0]:
                told["text"] = _text(text)
            at_part = f"{type_}/{system}/{part_type}-{part}"
            self._state(bits("component", 16), state, ts, told, at_part, alarms().get(part_type))
        elif kind == ANALOGUE:
            self._analogue(values, ts, at)
        elif kind == SYSTEM:
            type_, system, state, _ = values
            self._system(type_, system, state, ts)
        elif kind == OPERATION:  # the number of the operator, a person's, is not kept
            told = {"system_type": values[0], "system": values[1]}
            at_part = f"{values[0]}/{values[1]}"
            if values[2] & _RESET:
                self._end(_all_kinds(), ts, told, at_part)
            self._events(bits("operation", 8), values[2], ts, told, at_part)
        elif kind == DEVICE:
            self._state(bits("device", 8), values[0], ts, {}, OWN, ending=_ENDING[:2])
        else:
            if values[0] & _RESET:
                self._end(("muted",), ts, {}, None)
            self._events(bits("operation", 8), values[0], ts, {}, None)

    def _system(self, type_: int, system: int, state: int, ts: Micros | None) -> None:
        """Take the state of a system: without the fire of one of its components it may only be that it tells none."""
        told: dict[str, Any] = {"system_type": type_, "system": system}
        whole = f"{type_}/{system}"
        own = f"{whole}/{OF_SYSTEM}"
        kinds = self._events(bits("system", 16), state, ts, told, own)
        if state & _RESET_STATE:
            ending, over = _all_kinds(), whole
        else:
            ending, over = _ENDING, own if state & ~_NORMAL_STATE else whole
        self._end([kind for kind in ending if kind not in kinds], ts, told, over)

    def _state(
        self,
        table: tuple[Bit, ...],
        state: int,
        ts: Micros | None,
        told: dict[str, Any],
        part: str,
        alarm: str | None = None,
        ending: Sequence[str] = _ENDING,
    ) -> None:
        """Take the state of a component or transmission device: what it does not say is over at its part."""
        kinds = self._events(table, state, ts, told, part, alarm)
        over = [alarm if alarm and kind == "fire" else kind for kind in ending if kind not in kinds]
        self._end(over, ts, told, part)

    def _end(self, kinds: Sequence[str], ts: Micros | None, told: dict[str, Any], part: str | None) -> None:
        for kind in () if self._clock_is_wrong else kinds:
            self._decoded.events.append(
                EventDraft(kind, ts, self._id(ts, kind), "inactive", None, told.copy(), None, part)
            )

    def _events(
        self,
        table: tuple[Bit, ...],
        state: int,
        ts: Micros | None,
        told: dict[str, Any],
        part: str | None,
        alarm: str | None = None,
    ) -> list[str]:
        """An event for each bit that is set; returns the kinds that the table has for these."""
        found = [bit for bit in table if state & bit.mask]
        for bit in found:
            kind = alarm if alarm and bit.kind == "fire" else bit.kind
            if not bit.known:
                self._decoded.unmapped(PROTOCOL).states[len(self._decoded.events)] = bit.code
            attributes = told.copy() if kind == bit.code else {**told, "code": bit.code}
            state_ = None if kind == OTHER else "active"
            self._decoded.events.append(
                EventDraft(kind, ts, self._id(ts, bit.code), state_, None, attributes, None, part)
            )
        return [bit.kind for bit in found]

    def _id(self, ts: Micros | None, name: str) -> str | None:
        return None if ts is not None else f"{self._source}/{name}"

    def _analogue(self, values: tuple[Any, ...], ts: Micros | None, at: int) -> None:
        system_type, system, _, component, kind, value, _ = values
        known, decoded = analogues().get(kind) or Measured(f"analogue_{kind}"), self._decoded
        tail = f"/{system_type}-{system}-{component}"
        metric = known.metric + tail
        if known.unit is None:
            decoded.unmapped(PROTOCOL).metrics[metric] = Coded(str(kind), tail)
        elif self._units.setdefault(metric, known.unit) != known.unit:
            self._units.others[len(decoded.metrics)] = known.unit
        decoded.metrics.append(metric)
        decoded.ts.append(self._received if ts is None else ts)
        decoded.values.append(value / known.divisor)
        if len(decoded.metrics) > MAX_NAMES:
            raise DecodeError("too_many_values", Sentence("refusal.most.metrics", most=MAX_NAMES), at)

    def _time(self, told: bytes, at: int) -> Micros | None:
        """None where the clock was never set: all zeros, or the year 2000, in which such clocks begin."""
        if told == _NO_TIME or told[_YEAR_AT] == 0:
            self._decoded.timeless = True
            return None
        ts = _moment(told, self._zone)
        if ts is None:
            raise no_time(_parts(told), at)
        return ts
