"""Tencent IoT Explorer (腾讯云物联网开发平台): reports of properties, events and status, as they are pushed. Pure.

Source: cloud.tencent.com 1081/40298 for the push; the body is the device's message of the thing model (`method`,
`params`) with who sent it beside it, as that protocol is documented. Times of an envelope are seconds, those of a
message milliseconds: by their size they cannot be taken for each other.
"""

from datetime import tzinfo
from typing import Any

from devices.codecs.carriers.envelope import Sent, address_of, imei_of, message, millis, parts_of, said
from devices.codecs.carriers.properties import base64_of, carry, key_of, take, take_event
from devices.codecs.decoded import Decoded
from devices.codecs.jsontext import quoted
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_STATES = {"online": True, "offline": False}
_SECONDS = 100_000_000_000
"""What is less is no time in milliseconds since 1973."""


def messages(body: bytes) -> list[Sent]:
    """The messages of a push; DecodeError when it holds none."""
    found = []
    for told, payload in parts_of(body):
        name, product = _named(told, "devicename"), _named(told, "productid")
        found.append(Sent(address_of(product, name), payload, imei_of(name), said(product)))
    return found


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message."""
    told = message(payload)
    decoded = Decoded()
    decoded.unmapped("tencent")
    decoded.name(said(_named(told, "devicename")))
    decoded.heard = _time(_named(told, "timestamp"), "timestamp")
    inner = told.get("payload", told)
    if (state := _state(told)) is not None:
        decoded.online = state
    elif isinstance(inner, dict):
        _thing(decoded, told, inner, received, zone)
    elif inner is not None:
        carry(decoded, base64_of(inner, "payload"), "payload")
    decoded.timeless = decoded.heard is None
    return decoded.settled()


def _named(told: dict[str, Any], name: str) -> object:
    """A member whatever its capitals: they differ from push to push."""
    return next((value for each, value in told.items() if each.lower() == name), None)


def _state(told: dict[str, Any]) -> bool | None:
    for name in ("event", "status"):
        text = said(_named(told, name))
        if text is not None and (state := _STATES.get(text.lower())) is not None:
            return state
    return None


def _time(value: object, *steps: str | int) -> Micros | None:
    if type(value) is int and 0 < value < _SECONDS:
        value *= 1000
    return millis(value, *steps)


def _thing(decoded: Decoded, told: dict[str, Any], inner: dict[str, Any], received: Micros, zone: tzinfo) -> None:
    method, params = said(inner.get("method")), inner.get("params")
    above = () if inner is told else ("payload",)
    at = _time(inner.get("timestamp"), *above, "timestamp") or decoded.heard
    decoded.heard = at if decoded.heard is None else decoded.heard
    if method == "report" and isinstance(params, dict):
        take(decoded, params, received if at is None else at, *above, "params")
    elif method == "event_post":
        code = said(inner.get("eventId")) or "event"
        attributes = params if isinstance(params, dict) else {}
        if (grade := said(inner.get("type"))) is not None:
            attributes = {**attributes, "severity": grade}
        key = key_of(_named(told, "productid"), _named(told, "devicename"), "event", at, code, params)
        take_event(decoded, code, at, key, attributes, zone, *above, "params")
    elif method is None:
        raise DecodeError("push_unknown_type", Sentence("refusal.push.no_type", known="method"), "")
    else:
        decoded.note_unused(method[:40])
        if method == "report":
            sentence = Sentence("refusal.push.member", name="params", value=quoted(params))
            raise DecodeError("push_incomplete", sentence, "")
