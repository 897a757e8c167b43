"""SenML packs (RFC 8428) as readings.

The metric is the record's name without the name of the device: the first base name that ends in one of : / _ - .
names the device, and what follows it is the metric (bn "urn:dev:ow:10e2073a01080063:", n "temp" is "temp"). A base
name without such an ending is part of the metric. Another device's base name in the same pack is refused: its
readings would be taken for this device's. A time that lies in the future by less than 2**28 s was counted since the
device started: the newest one of a pack is taken for the time of arrival. A unit (u, bu) is told with the readings;
update times are not looked at.
Null is as if it were not there; a value that is null was not measured.
"""

from collections.abc import Sequence
from datetime import tzinfo
from math import isfinite
from typing import Any

from devices.codecs.clock import EARLIEST, LATEST
from devices.codecs.decoded import MAX_NAMES, MAX_READINGS, Decoded, Place, Units
from devices.codecs.jsontext import NotFinite, parse, quoted
from devices.codecs.metric import Verdict, bad_name, is_metric, judge, leave_unused, number
from devices.codecs.pointer import below, index, pointer
from devices.codecs.senml_units import unit_of
from devices.codecs.strict import Strict
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

VERSION = 10
_LABELS = frozenset({"bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"})
_BASES = frozenset({"bn", "bt", "bu", "bv", "bs", "bver"})
_SEPARATORS = (":", "/", "_", "-", ".")
_RELATIVE: Micros = 2**28 * 1_000_000
"""A smaller sum of times counts from now (RFC 8428, 4.5.3)."""
_UNTOLD = object()
"""Stands for the unit of a metric that has told none."""
_FOREVER_S = 1e15
"""No time: bounds the integers that a float can become."""


def decode(payload: bytes, received: Micros, zone: tzinfo, into: Decoded | None = None) -> Decoded:
    """Decode a SenML JSON pack; DecodeError when no reading is usable."""
    pack = parse(payload)
    if not isinstance(pack, list):
        raise DecodeError("senml_not_a_pack", Sentence("refusal.senml.pack", value=quoted(pack)), "")
    return resolve(pack, received, into)


def resolve(records: Sequence[Any], received: Micros, into: Decoded | None = None) -> Decoded:
    """Resolve records with JSON labels into readings; a CBOR reader maps its integer labels first."""
    if not records:
        raise DecodeError("no_values", Sentence("refusal.senml.empty"), "")
    if len(records) > MAX_READINGS:
        raise DecodeError("too_many_values", Sentence("refusal.most.readings", most=f"{MAX_READINGS:,}"), "")
    if len(records) > MAX_NAMES and _many_names(records):
        raise DecodeError("too_many_values", Sentence("refusal.most.metrics", most=f"{MAX_NAMES:,}"), "")
    reader = _StrictReader(received, into) if isinstance(into, Strict) else _Reader(received)
    rest = iter(records)
    for record in rest:
        try:
            reader.read(record)
        except DecodeError as error:
            reader.forget_unit()
            reader.decoded.leave_out(below(error, index(records, rest)))
            if isinstance(error, _PackError):
                break
    reader.count_uptimes()
    return reader.decoded.settled()


def places(payload: bytes, received: Micros, _zone: tzinfo) -> list[Place]:
    """Location of each reading returned by `decode`, which must have succeeded."""
    pack = parse(payload)
    return places_in(pack if isinstance(pack, list) else [], received)


def places_in(records: Sequence[Any], received: Micros) -> list[Place]:
    """Location of each reading that `resolve` makes of records."""
    reader, found, base_time = _Reader(received), [], ""
    for position, record in enumerate(records):
        before = len(reader.decoded.metrics)
        if isinstance(record, dict) and "bt" in record:
            base_time = pointer(position, "bt")
        try:
            reader.read(record)
        except _PackError:
            break
        except DecodeError:
            continue
        if len(reader.decoded.metrics) > before:
            name = pointer(position, "n") if "n" in record else pointer(position)
            found.append(Place(name, pointer(position, "t") if "t" in record else base_time))
    return found


def _many_names(records: Sequence[Any]) -> bool:
    """Whether a pack exceeds the limit of distinct names."""
    base, names = "", set()
    for record in records:
        if type(record) is dict:
            base = record.get("bn", base)
            name = record.get("n", "")
            if type(base) is str and type(name) is str:
                names.add(base + name)
    return len(names) > MAX_NAMES


class _PackError(DecodeError):
    """The rest of the pack cannot be interpreted either"""


class _Reader:
    """Reads the records of one pack in order; each base field persists until it is replaced."""

    __slots__ = (
        "_base_ts",
        "_base_value",
        "_changes",
        "_device",
        "_foreign",
        "_metrics",
        "_prefix",
        "_received",
        "_times",
        "_unit",
        "_units",
        "_uptimes",
        "_values",
        "decoded",
    )

    def __init__(self, received: Micros, decoded: Decoded | None = None) -> None:
        self.decoded = Decoded() if decoded is None else decoded
        self._metrics, self._times, self._values = self.decoded.metrics, self.decoded.ts, self.decoded.values
        self._received = received
        self._device: str | None = None
        self._foreign: str | None = None
        self._prefix = ""
        self._base_ts: Micros = 0
        self._base_value = 0.0
        self._unit: object = None
        """The base unit, as it is sent."""
        self._units: dict[str, object] = {}
        """By metric the unit of its first value that has one, as it is sent."""
        self._changes = 0
        """How often another unit was looked up, which takes up to 0.1 ms."""
        self._uptimes: list[int] = []
        """Places of times after the arrival, in microseconds from now."""

    def read(self, record: object) -> None:
        """Append a record's reading; DecodeError rejects the record, _PackError the rest of the pack as well."""
        if type(record) is not dict:
            raise DecodeError("not_an_object", Sentence("refusal.senml.record", value=quoted(record)), "")
        value: Any = record.get("v")
        # Most records are n, v and perhaps u and t: they take 0.7 instead of 0.9 µs when nothing else is looked for.
        has_unit = "u" in record
        simple = type(value) is float and "n" in record and len(record) == 2 + ("t" in record) + has_unit
        if not simple:
            if not _BASES.isdisjoint(record):
                self._take_bases(record)  # first: they hold for what follows, even if this record is refused
                if _BASES.issuperset(record):
                    return
            if not _LABELS.issuperset(record):
                self._check_labels(record)
        metric = self._metric(record)
        if metric is None:
            self.decoded.private += 1
            return
        if not simple or self._base_value:
            value = _value(metric, record, self._base_value)
            if value is None:
                return
        unit = record["u"] if has_unit else self._unit
        if (unit is not None or self._units) and self._units.get(metric, _UNTOLD) != unit:
            self._take_unit(metric, unit, "/u" if has_unit else "/bu" if "bu" in record else "")
        ts = self._time(metric, record)
        self._metrics.append(metric)
        self._times.append(ts)
        self._values.append(value)

    def _time(self, metric: str, record: dict[str, Any]) -> Micros:
        ts = self._base_ts
        if "t" in record:
            t = record["t"]
            ts += t * 1_000_000 if type(t) is int else _seconds("t", t)
        if ts < _RELATIVE:
            self.decoded.timeless = True
            if ts > 0:
                self._uptimes.append(len(self._times))
                return ts
            ts += self._received
        if not EARLIEST <= ts < LATEST:
            raise _out_of_range(metric, ts, "/t" if "t" in record else "/bt" if "bt" in record else "")
        return ts

    def count_uptimes(self) -> None:
        """Nothing is measured in the future: what counts from now on was counted since the start. The last is now."""
        times, uptimes = self._times, self._uptimes
        if uptimes:
            start = self._received - max(times[at] for at in uptimes)
            for at in uptimes:
                times[at] += start
            self.decoded.uptime = True

    def _take_unit(self, metric: str, sent: object, at: str) -> None:
        """Note the unit of the next value: that of its metric, if it is the first one; DecodeError when it is none."""
        if sent is None or sent == "":
            self._note_other(None)
            return
        self._changes += 1
        if self._changes > MAX_NAMES:
            raise _PackError("too_many_values", Sentence("refusal.most.units", most=f"{MAX_NAMES:,}"), "")
        try:
            unit = unit_of(sent)
        except DecodeError as error:
            error.at = at
            raise
        units = self.decoded.units
        if units is None:
            units = self.decoded.units = Units()
            units.others = dict.fromkeys(range(len(self._values)))  # those before told none
        if metric not in self._units:
            units[metric], self._units[metric] = unit, sent
        elif units[metric] != unit:
            self._note_other(unit)

    def forget_unit(self) -> None:
        """The value that was to come next is refused."""
        if self.decoded.units is not None:
            self.decoded.units.others.pop(len(self._values), None)

    def _note_other(self, unit: str | None) -> None:
        """Note that the next value does not have the unit of its metric."""
        if self.decoded.units is not None:
            self.decoded.units.others[len(self._values)] = unit

    def _take_bases(self, record: dict[str, Any]) -> None:
        """Update base fields from a record; _PackError when one is invalid."""
        version = record.get("bver", VERSION)
        if version is not None and (type(version) is not int or not 1 <= version <= VERSION):
            sentence = Sentence("refusal.senml.version", value=quoted(version), most=VERSION)
            raise _PackError("senml_bad_version", sentence, "/bver")
        self._unit = record.get("bu", self._unit)
        if record.get("bn") is not None:
            self._rename(record["bn"])
        try:
            if record.get("bt") is not None:
                self._base_ts = _seconds("bt", record["bt"])
            if record.get("bv") is not None:
                self._base_value = _numeric("bv", record["bv"])
        except DecodeError as error:
            raise _PackError(error.reason, error.detail, error.at) from None

    def _rename(self, name: object) -> None:
        if not isinstance(name, str):
            raise _PackError("senml_bad_field", Sentence("refusal.senml.base_name", value=quoted(name)), "/bn")
        self._foreign = None
        names_device = name.endswith(_SEPARATORS)
        if self._device is None and names_device:
            self._device = name
        if self._device is not None and name.startswith(self._device):
            self._prefix = name[len(self._device) :]
        elif names_device:
            self._foreign = name
        else:
            self._prefix = name

    def _metric(self, record: dict[str, Any]) -> str | None:
        """The record's metric name; None when the privacy gate drops it, DecodeError when it has none."""
        name = record.get("n", "")
        if type(name) is not str:
            name = _no_text(name)
        if self._foreign is not None:
            device = quoted(self._device)
            sentence = Sentence("refusal.senml.other_device", other=quoted(self._foreign), device=device)
            raise DecodeError("senml_other_device", sentence, "/bn" if "bn" in record else "")
        metric = self._prefix + name
        verdict = judge(metric)
        if verdict is Verdict.GOOD:
            return metric
        if verdict is Verdict.PRIVATE:
            return None
        if verdict is Verdict.TIME and is_metric(metric):
            return metric
        if not metric:
            raise DecodeError("senml_no_name", Sentence("refusal.senml.no_name"), "/n" if "n" in record else "")
        raise below(bad_name(metric), *(["n"] if "n" in record else ["bn"] if "bn" in record else []))

    def _check_labels(self, record: dict[str, Any]) -> None:
        """Note unknown labels, except those ending in _, which a reader must understand (RFC 8428, 4.4)."""
        for label in record:
            if label in _LABELS:
                continue
            if label.endswith("_"):
                refusal = _PackError if label.startswith("b") else DecodeError
                sentence = Sentence("refusal.senml.label", label=quoted(label))
                raise refusal("senml_mandatory_label", sentence, pointer(label))
            leave_unused(self.decoded, label)


class _StrictReader(_Reader):
    """Counts metrics that are not known among what is left out."""

    __slots__ = ("_known",)

    def __init__(self, received: Micros, strict: Strict) -> None:
        super().__init__(received, strict)
        self._known = strict.known

    def _metric(self, record: dict[str, Any]) -> str | None:
        metric = super()._metric(record)
        if metric is not None and metric not in self._known:
            raise DecodeError("unknown_metric", Sentence("refusal.strict.unknown", name=quoted(metric)), "/n")
        return metric


def _value(metric: str, record: dict[str, Any], base: float) -> float | None:
    """The value of a record that is not simply a float in `v`, None for null; the base value counts for `v` only."""
    given: list[str] = [label for label in ("v", "vb", "vs", "vd") if label in record]
    label = given[0] if len(given) == 1 else _label(metric, record, given)
    value = record[label]
    if value is None:
        return None
    if label in ("vs", "vd"):
        sentence = Sentence("refusal.senml.not_numeric", metric=quoted(metric), label=label)
        raise DecodeError("senml_not_numeric", sentence, pointer(label))
    if label == "vb" and not isinstance(value, bool):
        sentence = Sentence("refusal.senml.boolean", metric=quoted(metric), value=quoted(value))
        raise DecodeError("senml_bad_field", sentence, "/vb")
    if label == "vb":
        return float(value)
    try:
        total = number(metric, value) + base
    except DecodeError as error:
        raise below(error, "v") from None
    if not isfinite(total):
        raise DecodeError("value_not_finite", Sentence("refusal.senml.sum_finite", metric=quoted(metric)), "/v")
    return total


def _label(metric: str, record: dict[str, Any], given: list[str]) -> str:
    """The one label of a value that is not null; DecodeError when there are several, or no value at all."""
    if not given and "s" in record:
        raise DecodeError("senml_sum_only", Sentence("refusal.senml.sum", metric=quoted(metric)), "/s")
    if not given:
        raise DecodeError("senml_no_value", Sentence("refusal.senml.no_value", metric=quoted(metric)), "")
    valued = [label for label in given if record[label] is not None] or given[:1]
    if len(valued) > 1:
        sentence = Sentence("refusal.senml.two_values", metric=quoted(metric), one=valued[0], other=valued[1])
        raise DecodeError("senml_two_values", sentence, "")
    return valued[0]


def _no_text(name: object) -> str:
    """Of a name that is null, the empty one."""
    if name is None:
        return ""
    raise DecodeError("senml_bad_field", Sentence("refusal.senml.name", value=quoted(name)), "/n")


def _numeric(label: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        reason = "value_not_finite" if isinstance(value, NotFinite) else "senml_bad_field"
        raise DecodeError(reason, Sentence("refusal.senml.number", label=label, value=quoted(value)), pointer(label))
    try:
        return number(label, value)
    except DecodeError as error:
        raise below(error, label) from None


def _seconds(label: str, value: object) -> Micros:
    """Seconds as microseconds, null as 0; exact to the microsecond for today's times as 64-bit floats."""
    if value is None:
        return 0
    if type(value) is int:
        return value * 1_000_000
    if type(value) is float and abs(value) < _FOREVER_S:
        return round(value * 1e6)
    if type(value) is float:
        sentence = Sentence("refusal.senml.seconds_range", label=label, value=quoted(value))
        raise DecodeError("time_out_of_range", sentence, pointer(label))
    raise DecodeError("bad_time", Sentence("refusal.senml.seconds", label=label, value=quoted(value)), pointer(label))


def _out_of_range(metric: str, ts: Micros, at: str) -> DecodeError:
    hint = Sentence("refusal.senml.clock")
    if EARLIEST <= ts // 1000 < LATEST:
        hint = Sentence("refusal.senml.milliseconds")
    elif EARLIEST <= ts // 1_000_000 < LATEST:
        hint = Sentence("refusal.senml.microseconds")
    elif EARLIEST <= ts // 1_000_000_000 < LATEST:
        hint = Sentence("refusal.senml.nanoseconds")
    seconds = quoted(ts // 1_000_000)
    sentence = Sentence("refusal.senml.time", metric=quoted(metric), seconds=seconds, hint=hint)
    return DecodeError("time_out_of_range", sentence, at)
