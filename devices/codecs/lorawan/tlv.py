"""Uplinks made of a channel, a type and a value of the type's length, one behind the other. Pure.

What comes before a type that is not known, or before a value that was cut, is kept.
"""

import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any, Literal, NamedTuple

from devices.codecs.clock import in_range
from devices.codecs.decoded import Decoded, EventDraft, Units
from devices.codecs.octets import check_size, cut
from hub.errors import DecodeError
from hub.models import Micros
from hub.quality import Quality
from hub.words.sentence import Sentence

LONGEST = 255
"""Bytes of an uplink, as LoRaWAN has them."""


TIME = 4
"""Bytes of the time of a record."""


class Field(NamedTuple):
    """A number of a value."""

    metric: str
    unit: str | None
    """In UCUM."""
    divisor: int
    size: int
    """Bytes."""
    is_signed: bool


class Kind(NamedTuple):
    """What the value of a type is."""

    size: int
    fields: tuple[Field, ...]
    event: tuple[str, str] | None
    """Kind and code of what the last byte tells: 0 that it has ended."""
    is_told: bool
    """Whether anything is made of it."""
    is_record: bool = False
    """Whether it is a reading of before, that begins with its time in seconds since 1970."""


def table(name: str) -> dict[int, Kind]:
    """The kinds of a file beside this one, by the number that its keys are in hexadecimal digits."""
    told = json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))
    return {int(key, 16): _kind(each) for key, each in told.items()}


def _kind(told: Mapping[str, Any]) -> Kind:
    fields = [
        Field(metric, unit, divisor, abs(size), size < 0)
        for size, (metric, unit, divisor) in zip(told["sizes"], told["fields"] or (), strict=False)
    ]
    event = told.get("event")
    size = sum(map(abs, told["sizes"]))
    is_record = told.get("record", False)
    if is_record:
        size += TIME
    return Kind(size, tuple(fields), (event[0], event[1]) if event else None, bool(fields or event), is_record)


class Form(NamedTuple):
    """A format."""

    kinds: Mapping[int, Kind]
    order: Literal["little", "big"]
    """Of the bytes of a number."""
    by_channel: bool
    """Whether channel and type together make a kind, else the type does, and the channel numbers the metric."""

    def decode(self, uplink: bytes, received: Micros) -> Decoded:
        """Decode one uplink; its values have the time of arrival, those of records their own, and are history."""
        check_size(uplink, LONGEST)
        if len(uplink) < 3:
            raise cut(uplink, 3)
        decoded, at, units = Decoded(), 0, Units()
        flags = list[int]()
        while at < len(uplink):
            key = uplink[at : at + 2] if self.by_channel else uplink[at + 1 : at + 2]
            kind = self.kinds.get(int.from_bytes(key, "big"))
            end = at + 2 + kind.size if kind else at
            if kind is None or end > len(uplink):
                decoded.leave_out(_unread(uplink, at, kind))
                break
            place, ts = at + 2, received
            if kind.is_record:
                try:
                    ts, end = self._record(uplink, at, end)
                except DecodeError as error:
                    decoded.leave_out(error)
                    break
                place += TIME
            for metric, unit, divisor, size, is_signed in kind.fields:
                number = int.from_bytes(uplink[place : place + size], self.order, signed=is_signed)
                place += size
                name = metric if self.by_channel else f"{metric}_{uplink[at]}"
                decoded.metrics.append(name)
                decoded.values.append(number / divisor)
                decoded.ts.append(ts)
                flags.append(int(Quality.LATE if kind.is_record else Quality.GOOD))
                if unit:
                    units[name] = unit
            if kind.event:
                self._event(decoded, kind.event, uplink[end - 1])
            elif not kind.is_told:
                decoded.note_unused(uplink[at : at + 2].hex().upper())
            at = end
        decoded.units, is_history = units, any(flags)
        decoded.quality = flags if is_history else None
        decoded.timeless = bool(decoded.events) or not is_history or not all(flags)
        return decoded.settled()

    def _record(self, uplink: bytes, at: int, end: int) -> tuple[Micros, int]:
        """The time of a record, and where it ends: newer models add a byte of state.

        Only another may follow: a record does not tell its length, and longer ones of other models hold other values.
        """
        pair = uplink[at : at + 2]
        if uplink[end : end + 2] not in (b"", pair):
            end += 1
            if uplink[end : end + 2] not in (b"", pair):
                raise DecodeError(
                    "bad_length", Sentence("refusal.lorawan.record", pair=f"'{pair.hex().upper()}'"), end - 1
                )
        return in_range(int.from_bytes(uplink[at + 2 : at + 2 + TIME], self.order) * 1_000_000, at + 2), end

    @staticmethod
    def _event(decoded: Decoded, event: tuple[str, str], told: int) -> None:
        kind, code = event
        attributes = {"code": code} if code else {}
        decoded.events.append(EventDraft(kind, None, None, "active" if told else "inactive", None, attributes))


def _unread(uplink: bytes, at: int, kind: Kind | None) -> DecodeError:
    if at + 2 > len(uplink):
        return cut(uplink, at + 3)
    pair = f"'{uplink[at : at + 2].hex().upper()}'"
    if kind is None:
        return DecodeError("bad_frame", Sentence("refusal.lorawan.pair", pair=pair), at)
    found = max(len(uplink) - at - 2, 0)
    return DecodeError("bad_length", Sentence("refusal.lorawan.value", pair=pair, told=kind.size, found=found), at)
