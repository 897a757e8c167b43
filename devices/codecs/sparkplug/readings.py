"""Messages of Sparkplug B as readings and presence; whose metrics have their names (node.py). Pure.

Metrics of the protocol itself (bdSeq, Node Control/..., Properties/...) are no readings. Characters of a name that the
hub's metrics do not have become `_`. A metric that is null was not measured: a flag without a value. What an edge node
tells as historical corrects history and pages nobody, whatever its time.
"""

import re
from datetime import tzinfo
from math import isfinite, isnan, nan

from devices.codecs.clock import in_range
from devices.codecs.decoded import MAX_BYTES, Codec, Decoded
from devices.codecs.inner import Envelope
from devices.codecs.metric import Verdict, is_metric, judge
from devices.codecs.octets import check_size
from devices.codecs.protobuf import Field, float32, float64, signed
from devices.codecs.sparkplug.node import DDEATH, NDEATH
from devices.codecs.sparkplug.payload import (
    ALIAS,
    AT,
    BD_SEQ,
    BOOL,
    BOOLEAN,
    DATATYPE,
    DOUBLE,
    FLOAT,
    FLOATING,
    HISTORICAL,
    INT,
    LONG,
    NULL,
    PROPERTIES,
    SIGNED,
    UNSIGNED,
    Metric,
    Payload,
    metric_of,
    name_of,
    property_of,
    read,
    told,
)  # fmt: skip
from hub.errors import DecodeError
from hub.models import Micros
from hub.quality import Quality
from hub.words.sentence import Sentence

MAX_METRICS = 1_000
"""Readings in a message at most: a name that is seen for the first time costs up to 14 microseconds."""
_OWN = ("Node Control/", "Device Control/", "Properties/", "Node Info/")
_NUMBERS = frozenset(SIGNED) | UNSIGNED | FLOATING | {BOOL}
_GOOD = 192
_QUALITY = {_GOOD: Quality.GOOD, 0: Quality.FAULT, 500: Quality.STALE}
"""What the property Quality may be (specification 3.0, 6.4.8); of another value it is doubted."""
_ODD = re.compile(r"[^A-Za-z0-9._:/-]")


def decode(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode the metrics of a birth or of data; a birth says that its device is there."""
    return _decoded(payload, received, None)


def born(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a birth."""
    return _decoded(payload, received, True)


def died(payload: bytes, received: Micros, _zone: tzinfo) -> Decoded:
    """Decode a death: the time of arrival counts, for a last will is written when the connection begins."""
    check_size(payload, MAX_BYTES)
    read(payload)
    return Decoded(online=False, timeless=True)


def _decoded(message: bytes, received: Micros, online: bool | None) -> Decoded:
    check_size(message, MAX_BYTES)
    payload = read(message)
    if len(payload.metrics) > MAX_METRICS:
        raise DecodeError(
            "too_many_values",
            Sentence("refusal.most.metrics", most=f"{MAX_METRICS:,}"),
            payload.metrics[MAX_METRICS][4],
        )
    decoded = Decoded(online=online)
    decoded.envelope = Envelope(lenient=True)
    for field in payload.metrics:
        try:
            _take(decoded, message, payload, field, received)
        except DecodeError as error:
            decoded.leave_out(error)
    if online is None:
        return decoded.settled()
    return decoded


def _take(decoded: Decoded, message: bytes, payload: Payload, field: Field, received: Micros) -> None:
    metric = metric_of(message, field)
    name = name_of(message, metric)
    if name is None:
        raise DecodeError(
            "sparkplug_no_birth", Sentence("refusal.sparkplug.alias", alias=told(metric, ALIAS)), field[4]
        )
    if name == BD_SEQ or name.startswith(_OWN):
        return
    is_null = told(metric, NULL) != 0
    if is_null and told(metric, DATATYPE) not in _NUMBERS:
        return
    value = nan if is_null else _value(message, metric, field[4])
    if not is_metric(name):
        name = _ODD.sub("_", name)
    verdict = judge(name)
    if verdict is Verdict.PRIVATE:
        decoded.private += 1
    elif value is None or verdict is Verdict.BAD or not is_metric(name):
        decoded.note_unused(name)
    elif not is_null and not isfinite(value):
        sentence = Sentence("refusal.metric.finite", name=repr(name), value="NaN" if isnan(value) else "Infinity")
        raise DecodeError("value_not_finite", sentence, field[4])
    else:
        ts, flags = _time(payload, metric), _flags(message, metric, is_null)
        decoded.timeless = decoded.timeless or ts is None
        decoded.metrics.append(name)
        decoded.ts.append(received if ts is None else ts)
        decoded.values.append(value)
        if flags:
            decoded.quality = decoded.quality or [0] * (len(decoded.values) - 1)
            decoded.quality.append(flags)
        elif decoded.quality is not None:
            decoded.quality.append(0)


def _flags(message: bytes, metric: Metric, is_null: bool) -> int:
    flags = Quality.NOT_A_NUMBER if is_null else Quality.GOOD
    if told(metric, HISTORICAL):
        flags |= Quality.LATE
    if PROPERTIES in metric:
        flags |= _QUALITY.get(property_of(message, metric[PROPERTIES], "Quality", _GOOD), Quality.SUSPECT)
    return int(flags)


def _time(payload: Payload, metric: Metric) -> Micros | None:
    """That of the metric, else that of the payload; both are milliseconds."""
    if AT in metric:
        return in_range(told(metric, AT) * 1000, metric[AT][4])
    return None if payload.timestamp is None else in_range(payload.timestamp * 1000, payload.at)


def _value(message: bytes, metric: Metric, at: int) -> float | None:
    """The value as a number, by its data type; None of a text, a template or what else is none."""
    datatype = told(metric, DATATYPE)
    if FLOAT in metric and (datatype in FLOATING or not datatype):
        return float32(message, metric[FLOAT], "float_value")
    if DOUBLE in metric and (datatype in FLOATING or not datatype):
        return float64(message, metric[DOUBLE], "double_value")
    if BOOLEAN in metric and datatype in (BOOL, 0):
        return float(told(metric, BOOLEAN) != 0)
    if INT not in metric and LONG not in metric:
        return None
    whole = told(metric, INT if INT in metric else LONG)
    if datatype in SIGNED:
        return float(signed(whole, SIGNED[datatype]))
    if datatype in UNSIGNED:
        return float(whole)
    if not datatype:
        raise DecodeError("sparkplug_no_birth", Sentence("refusal.sparkplug.type"), at)
    return None


def codec(kind: str) -> Codec:
    """The codec of messages of a kind, as topics name it."""
    if kind in (NDEATH, DDEATH):
        return died
    return born if kind.endswith("BIRTH") else decode
