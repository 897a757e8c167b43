"""Alibaba IoT Platform (阿里云物联网平台): properties, events and status of devices, as they are forwarded. Pure.

Source: help.aliyun.com 73736. Values that failed the check of the thing model stand in checkFailedData and not in
items: they are taken too, for the profile of the device has limits of its own.
"""

from datetime import tzinfo
from typing import Any

from devices.codecs.carriers.envelope import Sent, address_of, imei_of, message, millis, parts_of, said
from devices.codecs.carriers.properties import key_of, take, take_event
from devices.codecs.decoded import Decoded
from devices.codecs.jsontext import quoted
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_STATES = {"online": True, "offline": False}
_VALUES = ("items", "checkFailedData")


def messages(body: bytes) -> list[Sent]:
    """The messages of a push; DecodeError when it holds none."""
    return [
        Sent(
            address_of(told.get("productKey"), told.get("deviceName")),
            payload, imei_of(told.get("deviceName")), said(told.get("productKey")),
        )
        for told, payload in parts_of(body)
    ]  # fmt: skip


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message."""
    told = message(payload)
    decoded = Decoded()
    decoded.unmapped("aliyun")
    decoded.name(said(told.get("deviceName")))
    heard = "gmtCreate" if "gmtCreate" in told else "time"
    if "items" in told or "checkFailedData" in told:
        decoded.heard = millis(told.get(heard), heard)
        at = received if decoded.heard is None else decoded.heard
        for where in _VALUES:
            _values(decoded, told.get(where), at, where)
    elif "identifier" in told:
        decoded.heard = millis(told.get("time"), "time")
        code, value = said(told["identifier"]) or "event", told.get("value")
        attributes = value if isinstance(value, dict) else {} if value is None else {"value": value}
        if (grade := said(told.get("type"))) is not None:
            attributes = {**attributes, "severity": grade}
        key = key_of(told.get("productKey"), told.get("deviceName"), "event", decoded.heard, code, value)
        take_event(decoded, code, decoded.heard, key, attributes, zone, "value")
    elif "status" in told:
        state = said(told["status"])
        decoded.online = _STATES.get(state.lower()) if state is not None else None
        if decoded.online is None:
            raise DecodeError(
                "status_unknown", Sentence("refusal.push.online", value=quoted(told["status"])), "/status"
            )
        decoded.heard = None if isinstance(told.get("time"), str) else millis(told.get("time"), "time")
    else:
        known = "items, checkFailedData, identifier, status"
        raise DecodeError("push_unknown_type", Sentence("refusal.push.no_type", known=known), "")
    decoded.timeless = decoded.heard is None
    return decoded.settled()


def _values(decoded: Decoded, given: object, at: Micros, where: str) -> None:
    if given is None:
        return
    if not isinstance(given, dict):
        sentence = Sentence("refusal.push.member", name=where, value=quoted(given))
        decoded.leave_out(DecodeError("push_incomplete", sentence, f"/{where}"))
        return
    for name, item in given.items():
        wrapped: dict[str, Any] = item if isinstance(item, dict) and "value" in item else {"value": item}
        try:
            ts = millis(wrapped.get("time"), where, name, "time")
            place = (where,) if isinstance(wrapped["value"], dict) else (where, name)  # parts add the name themselves
            take(decoded, {name: wrapped["value"]}, at if ts is None else ts, *place)
        except DecodeError as error:
            if error.reason == "too_many_values":
                raise
            decoded.leave_out(error)
