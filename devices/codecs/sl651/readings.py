"""Readings of SL 651: the elements of a message at their times, and what a station says is wrong with it. Pure.

A value of a period has the period's end as its time, as the standard has it. Elements that are not in the table keep
their identifier as the name of the metric (`e5d`, `eff02`).
"""

from datetime import tzinfo

from devices.codecs.calendar_time import Parts, moment, no_time
from devices.codecs.code_table import Meant, Measured
from devices.codecs.decoded import MAX_NAMES, Coded, Decoded, EventDraft, Units
from devices.codecs.local_time import zone_at
from devices.codecs.octets import digits
from devices.codecs.sl651.packet import Message, confirmation, read
from devices.codecs.sl651.tables import KNOWN, elements, states
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros, from_micros
from hub.words.sentence import Sentence

PROTOCOL = "sl651"
_SERIES = (0x31, 0x38)
"""Functions whose values follow each other by a step: uniform reports, and what was asked for of a time."""
_ADDRESS, _OBSERVED, _STATE, _STEP, _PERIOD, _MORE = 0xF1, 0xF0, 0x45, 0x04, 0x05, 0xFF
_OPAQUE = {0xF2: "text", 0xF3: "picture"}
"""Take up the rest of the body."""
_IN_5_MINUTES = {0xF4: (1, 10.0), **dict.fromkeys(range(0xF5, 0xFD), (2, 100.0))}
"""Elements of twelve values in binary: bytes of each, and what it is divided by."""
_MINUTE: Micros = 60_000_000
_HEADER = 8
_ENDING = ("fault", "power_loss")


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message of one or more packets; its station is the device that it names."""
    message = read(payload)
    decoded = Decoded()
    decoded.name(message.station.hex().upper())
    if len(message.body) > _HEADER:
        _Reader(message, decoded, zone_at(zone, received)).read()
    return decoded.settled()


def reply(payload: bytes, received: Micros, zone: tzinfo) -> bytes | None:
    """The packet that confirms a message with the centre's time, once it is stored; None where none is wanted."""
    now = from_micros(received).astimezone(zone)
    return confirmation(read(payload), bytes.fromhex(now.strftime("%y%m%d%H%M%S")))


class _Reader:
    """Reads the body of one message."""

    def __init__(self, message: Message, decoded: Decoded, zone: tzinfo) -> None:
        self._message, self._body, self._decoded, self._zone = message, message.body, decoded, zone
        self._units = Units()
        self._at = self._begin = 0
        self._ts: Micros = 0
        self._step: Micros = 0

    def read(self) -> None:
        """Read all elements. DecodeError where one is broken: what follows it cannot be told."""
        self._ts = self._time(2, 6)
        self._at = _HEADER
        while self._at < len(self._body):
            self._element()
        if self._units:
            self._decoded.units = self._units
        if len(self._decoded.metrics) > MAX_NAMES:
            raise DecodeError("too_many_values", Sentence("refusal.most.metrics", most=MAX_NAMES), self._message.at(0))

    def _element(self) -> None:
        body, begin = self._body, self._at
        self._begin = begin
        code = body[begin]
        if code in _OPAQUE and body[begin + 1 : begin + 2] == bytes([code]):
            self._decoded.note_unused(_OPAQUE[code])
            self._at = len(body)
        elif code == _ADDRESS:
            self._take(2, 6)
        elif code == _OBSERVED:
            self._ts = self._time(self._take(2, 5), 5)
        else:
            width = 2 if code == _MORE else 1
            self._take(width + 1, 0)
            layout = body[begin + width]
            self._value(int.from_bytes(body[begin : begin + width], "big"), layout & 7, layout >> 3)

    def _value(self, code: int, decimals: int, size: int) -> None:
        place = self._take(0, size)
        if code == _STEP:
            told = self._digits(place, size).rjust(6, "0")[-6:]
            minutes = (int(told[:2]) * 24 + int(told[2:4])) * 60 + int(told[4:])
            self._step = minutes * _MINUTE if self._message.function in _SERIES else 0
            if minutes == 0:
                raise DecodeError("bad_frame", Sentence("refusal.sl651.step"), self._message.at(place))
        elif code == _STATE:
            self._state(int.from_bytes(self._body[place : place + size], "big"))
        elif code == _PERIOD:
            self._decoded.note_unused("period")
        elif code in _IN_5_MINUTES:
            self._twelve(code, place, size)
        else:
            element, ts = elements().get(code) or self._unmapped(code), self._ts
            self._number(element, place, size, decimals, ts)
            while self._step and size and len(self._body) - self._at >= size:
                ts += self._step
                self._number(element, self._take(0, size), size, decimals, ts)

    def _number(self, element: Measured, place: int, size: int, decimals: int, ts: Micros) -> None:
        """A number in BCD: FF before it makes it negative, nothing but FF is none."""
        told = self._body[place : place + size]
        if not size or told.count(0xFF) == size:
            return
        negative = told[0] == 0xFF
        number = int(self._digits(place + negative, size - negative)) / 10**decimals
        self._add(element, ts, -number if negative else number)

    def _twelve(self, code: int, place: int, size: int) -> None:
        """Values of each five minutes of the hour that ends at the time of observation; nothing but FF is none."""
        (width, divisor), element = _IN_5_MINUTES[code], elements()[code]
        count = size // width
        for row in range(count):
            told = self._body[place + row * width : place + (row + 1) * width]
            if told.count(0xFF) != width:
                ts = self._ts - (count - 1 - row) * 5 * _MINUTE
                self._add(element, ts, int.from_bytes(told, "big") / divisor)

    def _state(self, told: int) -> None:
        kinds = set()
        for bit in range(told.bit_length()):
            if not told >> bit & 1 or KNOWN >> bit & 1:
                continue
            meant = states().get(bit)
            if meant is None:
                self._decoded.unmapped(PROTOCOL).states[len(self._decoded.events)] = f"state.{bit}"
                meant = Meant(OTHER, f"state.{bit}")
            kinds.add(meant.kind)
            state = "active" if meant.kind in _ENDING else None
            self._decoded.events.append(EventDraft(meant.kind, self._ts, None, state, None, {"code": meant.code}))
        for kind in _ENDING:
            if kind not in kinds:
                self._decoded.events.append(EventDraft(kind, self._ts, None, "inactive"))

    def _unmapped(self, code: int) -> Measured:
        """An element that is not in the table."""
        metric = f"e{code:02x}"
        self._decoded.unmapped(PROTOCOL).metrics[metric] = Coded(f"{code:02X}")
        return Measured(metric)

    def _add(self, element: Measured, ts: Micros, value: float) -> None:
        self._decoded.metrics.append(element.metric)
        self._decoded.ts.append(ts)
        self._decoded.values.append(value)
        if element.unit:
            self._units[element.metric] = element.unit

    def _take(self, head: int, size: int) -> int:
        """Go on by a head and what it announces, and return where the latter begins; DecodeError beyond the end."""
        begin = self._at + head
        if begin + size > len(self._body):
            element, found = f"'{self._body[self._begin]:02X}'", max(len(self._body) - begin, 0)
            sentence = Sentence("refusal.sl651.data", element=element, told=size, found=found)
            raise DecodeError("bad_length", sentence, self._message.at(self._begin))
        self._at = begin + size
        return begin

    def _digits(self, place: int, size: int) -> str:
        try:
            return digits(self._body, place, place + size)
        except DecodeError as error:
            at = self._message.at(error.at if isinstance(error.at, int) else place)
            raise DecodeError(error.reason, error.detail, at) from None

    def _time(self, place: int, size: int) -> Micros:
        told = self._digits(place, size).ljust(12, "0")
        year, month, day, hour, minute, second = (int(told[n : n + 2]) for n in range(0, 12, 2))
        parts: Parts = 2000 + year, month, day, hour, minute, second
        ts = moment(parts, self._zone)
        if ts is None:
            raise no_time(parts, self._message.at(place))
        return ts
