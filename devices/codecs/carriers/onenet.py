"""OneNET (中国移动): messages of the older platform and of OneNET Studio, also as they are pushed. Pure.

Source: open.iot.10086.cn, http_push; cm-heclouds/data-push. The envelope with its digest is in onenet_envelope.py. Old:
`type` 1 data, 2 on or off, 7 the outcome of a command. Studio: `lifeCycle`, `notify` of properties and events; what
else it has (replies, scenes, places of people) is passed over.
"""

from datetime import tzinfo
from typing import Any

from devices.codecs.carriers.envelope import (
    MAX_PARTS,
    Sent,
    address_of,
    imei_of,
    member,
    message,
    millis,
    parts_of,
    said,
    there,
)
from devices.codecs.carriers.properties import carry, key_of, take, take_event
from devices.codecs.decoded import Decoded
from devices.codecs.jsontext import parse, quoted
from hub.errors import At, DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_DATA, _PRESENCE = 1, 2
_HEX = frozenset("0123456789abcdefABCDEF")
_STATES = {"online": True, "1": True, "offline": False, "0": False}
_PASSED = ("lbsAndWifi", "reply", "sceneLog")


def messages(msg: bytes) -> list[Sent]:
    """The messages of a push, of which `msg` is the content; DecodeError when it holds none."""
    return [_sent(told, payload) for told, payload in parts_of(msg)]


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message, or an envelope that holds one and is not encrypted."""
    told = message(payload)
    if "msg" not in told:
        return _decoded(told, received, zone)
    msg = told["msg"]
    try:
        decoded = _decoded(_inner(msg), received, zone)
    except DecodeError as error:
        faults = [(reason, detail, _within(msg, at)) for reason, detail, at in error.faults]
        raise DecodeError(*faults[0], faults) from None
    decoded.faults = [fault._replace(at=_within(msg, fault.at)) for fault in decoded.faults]
    if decoded.envelope is not None:
        decoded.envelope.inner = [each._replace(at=_within(msg, each.at)) for each in decoded.envelope.inner]
    return decoded


def _within(msg: object, at: At) -> At:
    """A place in an envelope: in a text that holds JSON no more can be pointed at than the text."""
    return f"/msg{at}" if isinstance(msg, dict) and isinstance(at, str) else "/msg"


def _decoded(told: dict[str, Any], received: Micros, zone: tzinfo) -> Decoded:
    decoded = Decoded()
    decoded.unmapped("onenet")
    if "messageType" in told:
        _studio(decoded, told, received, zone)
    elif "type" in told:
        _old(decoded, told, received)
    else:
        raise DecodeError("push_unknown_type", Sentence("refusal.push.no_type", known="type, messageType"), "")
    decoded.timeless = decoded.heard is None
    return decoded.settled()


def _inner(msg: object) -> dict[str, Any]:
    if isinstance(msg, str):
        msg = parse(msg.encode("utf-8", "replace"), MAX_PARTS)
    if not isinstance(msg, dict):
        raise DecodeError("not_an_object", Sentence("refusal.push.object", value=quoted(msg)), "")
    return msg


def _sent(told: dict[str, Any], payload: bytes) -> Sent:
    if "messageType" in told:
        address = address_of(told.get("productId"), told.get("deviceName"))
        imei = imei_of(told.get("imei", told.get("deviceName")))
        return Sent(address, payload, imei, said(told.get("productId")))
    return Sent(address_of(told.get("dev_id")), payload, imei_of(told.get("imei")), None)


def _whole(value: object) -> int | None:
    text = said(value)
    return int(text) if text is not None and len(text) < 4 and text.isascii() and text.isdigit() else None


def _old(decoded: Decoded, told: dict[str, Any], received: Micros) -> None:
    kind = _whole(told.get("type"))
    at = decoded.heard = millis(told.get("at"), "at")
    decoded.name(said(told.get("dev_id")))
    if kind == _DATA:
        _value(decoded, said(told.get("ds_id")) or "value", told.get("value"), received if at is None else at)
    elif kind == _PRESENCE:
        decoded.online = _state(told.get("status"), there(told, "status"))
    else:
        decoded.note_unused(f"type {kind}")


def _value(decoded: Decoded, name: str, value: object, at: Micros) -> None:
    """A stream of data; a text in hexadecimal digits is what the device sent as bytes."""
    if isinstance(value, str) and value and len(value) % 2 == 0 and _HEX.issuperset(value):
        carry(decoded, bytes.fromhex(value), "value")
    else:
        take(decoded, {name: value}, at, "value")


def _studio(decoded: Decoded, told: dict[str, Any], received: Micros, zone: tzinfo) -> None:
    kind = told["messageType"]
    decoded.name(said(told.get("deviceName")))
    if kind == "lifeCycle":
        life = member(told, "data")
        decoded.heard = millis(life.get("time", told.get("time")), "data", "time")
        decoded.online = _state(life.get("status"), there(told, "data", "status"))
    elif kind == "notify" and told.get("notifyType") in ("property", "event"):
        params = member(told, "data", "params")
        for name, given in params.items():
            _param(decoded, told, name, given, received, zone)
    elif kind in _PASSED or kind == "notify":
        decoded.note_unused(str(told.get("notifyType", kind))[:40])
    else:
        sentence = Sentence("refusal.push.type", value=quoted(kind), known="lifeCycle, notify, " + ", ".join(_PASSED))
        raise DecodeError("push_unknown_type", sentence, "/messageType")


def _param(
    decoded: Decoded, told: dict[str, Any], name: str, given: object, received: Micros, zone: tzinfo
) -> None:  # fmt: skip
    wrapped = isinstance(given, dict) and "value" in given
    value, at = (given["value"], given.get("time")) if isinstance(given, dict) and wrapped else (given, None)
    steps = "data", "params", name
    try:
        ts = millis(at, *steps, "time")
        if ts is not None:
            decoded.heard = max(ts, decoded.heard or 0)
        if told.get("notifyType") == "event":
            key = key_of(told.get("productId"), told.get("deviceName"), "event", ts, name, value)
            attributes = value if isinstance(value, dict) else {} if value is None else {"value": value}
            take_event(decoded, name, ts, key, attributes, zone, *steps)
        else:
            take(decoded, {name: value}, received if ts is None else ts, *steps)
    except DecodeError as error:
        if error.reason == "too_many_values":
            raise
        decoded.leave_out(error)


def _state(value: object, at: str) -> bool:
    text = said(value)
    online = _STATES.get(text.lower()) if text is not None else None
    if online is None:
        raise DecodeError("status_unknown", Sentence("refusal.push.online", value=quoted(value)), at)
    return online
