"""Readings of HJ 212: values of the moment, and those of minutes, hours and days, with their flags. Pure."""

import re
from datetime import tzinfo
from functools import lru_cache
from math import nan

from devices.codecs.clock import parse_time
from devices.codecs.decoded import MAX_NAMES, Decoded, Units
from devices.codecs.hj212.frame import Message, read_packets
from devices.codecs.hj212.items import ITEMS, Item, Items, Kind
from devices.codecs.hj212.plain import Plans
from devices.codecs.hj212.reply import UPLOADS
from devices.codecs.jsontext import quoted
from devices.codecs.local_time import zone_at
from hub.errors import DecodeError
from hub.models import Micros
from hub.quality import FLAGS, Quality
from hub.words.sentence import Sentence

PROTOCOL = "hj212"
_ITEM = re.compile(
    rb"([^=;,]*)(?:=\s*(?:([+-]?(?:[0-9]{1,32}(?:\.[0-9]{0,32})?|\.[0-9]{1,32})(?:[eE][+-]?[0-9]{1,2})?)\s*(?=[;,]|\Z)"
    rb"|([^;,]*)))?[;,]?"
)
"""A name, and a decimal number or something else."""
_DIGITS = re.compile(r"[0-9]{14}(?:[0-9]{3})?", re.ASCII)
_NOTHING = frozenset({b"", b"-", b"--", b"null", b"none", b"nan"})
"""Was not measured."""
_MARKS = {flag.hj212.encode(): flag.flag for flag in FLAGS if flag.hj212}
_MARKS |= {b"N": Quality.GOOD, b"n": Quality.GOOD, b"P": Quality.FAULT}
"""2017, table 8; P of 2005 is a power fault."""
_PLANS = {command: Plans(items) for command, items in ITEMS.items()}


def decode(frame: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one frame, or the packets of one message; what holds no readings gives none.

    Its station (MN) is the device that it names.

    A period's time is its beginning, as the standard has it.
    """
    message = read_packets(frame)
    decoded = Decoded()
    station, command = message.fields.get("MN"), message.fields.get("CN")
    for name, value in (("MN", station), ("CN", command)):
        if not value:
            raise DecodeError("missing_field", Sentence("refusal.hj212.missing", name=name), message.at)
    decoded.name(station)
    if command in ITEMS:
        _Reader(message, decoded, zone_at(zone, received)).read(command, received)
    elif command and command[0] in "23" and command not in UPLOADS:  # the others request, answer, or tell nothing
        decoded.note_unused(f"CN={command}")
    return decoded.settled()


class _Reader:
    """Reads the items of one message."""

    def __init__(self, message: Message, decoded: Decoded, zone: tzinfo) -> None:
        self._message, self._decoded, self._zone = message, decoded, zone
        self._time: Micros | None = None
        self._codes: list[str] = []
        """Of each reading."""
        self._sampled: dict[str, Micros] = {}
        self._flags: dict[str, Quality] = {}
        self._nulls: list[Item] = []
        """What was not measured: where a flag says why, it is a reading that is not a number."""

    def read(self, command: str, received: Micros) -> None:
        """Read the values, and whatever else there is in a second pass."""
        items, decoded, codes, plain = ITEMS[command], self._decoded, self._codes, True
        if self._plain(command):
            self._settle(received)
            return
        metrics, values, units = decoded.metrics, decoded.values, Units()
        for name, figure, other in _ITEM.findall(self._message.data):
            kind, code, metric, unit, coded = items[name]
            if kind is Kind.VALUE and figure:
                metrics.append(metric)
                values.append(float(figure))
                codes.append(code)
                if unit:
                    units[metric] = unit
                elif coded is not None:
                    decoded.unmapped(PROTOCOL).metrics[metric] = coded
            elif kind is Kind.TIME and figure:
                self._time = _moment(figure, self._zone)
                plain = plain and self._time is not None
            elif (name or other) and (other != b"N" or kind is not Kind.FLAG):
                plain = False
        decoded.units = units
        if not plain:
            for found in _ITEM.finditer(self._message.data):
                self._other(items, found)
        self._settle(received)

    def _plain(self, command: str) -> bool:
        """Read what is plain at once; returns whether it was."""
        if (read := _PLANS[command].read(self._message.data)) is None:
            return False
        if read.time is not None and (moment := _moment(read.time, self._zone)) is not None:
            self._time = moment
        elif read.time is not None:
            return False
        decoded, plan = self._decoded, read.plan
        decoded.metrics, decoded.values, decoded.units = plan.metrics.copy(), read.values, Units()
        decoded.units.update(plan.units)
        if plan.coded:
            decoded.unmapped(PROTOCOL).metrics.update(plan.coded)
        self._codes = plan.codes
        return True

    def _beside(self, items: Items, found: re.Match[bytes]) -> set[str]:
        """The codes that stand with a flag of no code's, between two semicolons."""
        data = self._message.data
        begin, end = data.rfind(b";", 0, found.start()) + 1, data.find(b";", found.start())
        names = [each[1] for each in _ITEM.finditer(data[begin : len(data) if end < 0 else end])]
        return {items[name].code for name in names} - {""}

    def _other(self, items: Items, found: re.Match[bytes]) -> None:
        """Take what is no number: a time, a flag, nothing, or a fault."""
        item = items[found[1]]
        name, value, at = found[1].decode("latin-1"), found[2] or found[3], self._message.at + found.start()
        place = at + len(found[1]) + 1
        if item.kind is Kind.PRIVATE:
            self._decoded.private += 1
        elif value is None:
            if name.strip():
                self._decoded.leave_out(DecodeError("bad_frame", Sentence("refusal.hj212.item", part=quoted(name)), at))
        elif item.kind is Kind.UNUSED:
            self._decoded.note_unused(name)
        elif item.kind is Kind.TIME:
            self._time = self._at(value, place)
        elif item.kind is Kind.SAMPLED:
            self._sampled[item.code] = self._at(value, place)
        elif item.kind is Kind.FLAG:
            self._flag({item.code} if item.code else self._beside(items, found), name, value)
        elif not found[2] and value.strip().lower() in _NOTHING:
            self._nulls.append(item)
        elif not found[2]:
            sentence = Sentence("refusal.hj212.number", name=quoted(name), value=quoted(value.decode("latin-1")))
            self._decoded.leave_out(DecodeError("value_not_a_number", sentence, place))

    def _flag(self, codes: set[str], name: str, value: bytes) -> None:
        self._flags.update(dict.fromkeys(codes, _MARKS.get(value.strip(), Quality.SUSPECT)))
        if not codes:
            self._decoded.note_unused(name)

    def _at(self, value: bytes, at: int) -> Micros:
        told = value.decode("latin-1").strip()
        try:
            return parse_time(_iso(told), self._zone)
        except DecodeError as error:
            raise DecodeError(error.reason, error.detail, at) from None

    def _settle(self, received: Micros) -> None:
        """Give each reading its time and its flags."""
        decoded, time, codes = self._decoded, self._time, self._codes
        for item in self._nulls:
            if self._flags.get(item.code):
                decoded.metrics.append(item.metric)
                decoded.values.append(nan)
                codes.append(item.code)
                if item.coded is not None:
                    decoded.unmapped(PROTOCOL).metrics[item.metric] = item.coded
        if time is None and (told := self._message.fields.get("QN")):
            time = self._at(told.encode("latin-1"), self._message.at)
        decoded.timeless = time is None and bool(codes)
        ts = received if time is None else time
        if len(codes) > MAX_NAMES:
            raise DecodeError("too_many_values", Sentence("refusal.most.metrics", most=MAX_NAMES), self._message.at)
        decoded.ts = [self._sampled.get(code, ts) for code in codes] if self._sampled else [ts] * len(codes)
        quality = [int(self._flags.get(code, Quality.GOOD)) for code in codes] if self._flags else ()
        decoded.quality = list(quality) if any(quality) else None


def _iso(told: str) -> str:
    """A time as ISO 8601, so that what is wrong with it is told of a time and not of a number."""
    if not _DIGITS.fullmatch(told):
        return told
    date, clock = f"{told[:4]}-{told[4:6]}-{told[6:8]}", f"{told[8:10]}:{told[10:12]}:{told[12:14]}"
    return f"{date}T{clock}" + (f".{told[14:]}" if told[14:] else "")


@lru_cache(4_096)
def _moment(told: bytes, zone: tzinfo) -> Micros | None:
    """A time that many stations tell; None where it is none."""
    try:
        return parse_time(_iso(told.decode("ascii")), zone)
    except DecodeError:
        return None
