"""Huawei IoTDA (华为云设备接入): properties, messages, status and events of devices, as they are forwarded. Pure.

Source: support.huaweicloud.com, iot_06_v5_01202 and iot_01_0001. `event_time` of a service is the time of sampling;
that of the message is the platform's.
"""

from datetime import UTC, datetime, tzinfo
from typing import Any

from devices.codecs.carriers.envelope import (
    Sent,
    address_of,
    imei_of,
    member,
    message,
    parts_of,
    said,
    there,
)
from devices.codecs.carriers.properties import base64_of, carry, key_of, take, take_event
from devices.codecs.clock import EARLIEST, LATEST
from devices.codecs.decoded import MAX_NAMES, Decoded
from devices.codecs.jsontext import quoted
from devices.codecs.pointer import pointer
from hub.errors import DecodeError
from hub.models import Micros, to_micros
from hub.words.sentence import Sentence

_KNOWN = ("device.property", "device.message", "device.status", "device.event")
_STATES = {"ONLINE": True, "OFFLINE": False, "ABNORMAL": True, "INACTIVE": False}


def messages(body: bytes) -> list[Sent]:
    """The messages of a push; DecodeError when it holds none."""
    found = []
    for told, payload in parts_of(body):
        header = _header(told)
        imei = imei_of(header.get("node_id"))
        found.append(Sent(address_of(header.get("device_id")), payload, imei, said(header.get("product_id"))))
    return found


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message."""
    told = message(payload)
    resource, body = told.get("resource"), member(told, "notify_data", "body")
    decoded = Decoded()
    decoded.unmapped("iotda")
    decoded.heard = _heard(told)
    decoded.timeless = decoded.heard is None
    decoded.name(said(_header(told).get("device_id")))
    at = received if decoded.heard is None else decoded.heard
    if resource == "device.property":
        _services(decoded, body, at)
    elif resource == "device.message":
        _content(decoded, body, at)
    elif resource == "device.status":
        state = said(body.get("status"))
        decoded.online = _STATES.get(state.upper()) if state is not None else None
        if decoded.online is None:
            sentence = Sentence("refusal.push.online", value=quoted(body.get("status")))
            raise DecodeError("status_unknown", sentence, there(told, "notify_data", "body", "status"))
    elif resource == "device.event":
        _events(decoded, told, body, zone)
    else:
        sentence = Sentence("refusal.push.type", value=quoted(resource), known=", ".join(_KNOWN))
        raise DecodeError("push_unknown_type", sentence, there(told, "resource"))
    return decoded.settled()


def _header(told: dict[str, Any]) -> dict[str, Any]:
    data = told.get("notify_data")
    header = data.get("header") if isinstance(data, dict) else None
    return header if isinstance(header, dict) else {}


def _heard(told: dict[str, Any]) -> Micros | None:
    exact = _time(told.get("event_time_ms"), "event_time_ms")
    return _time(told.get("event_time"), "event_time") if exact is None else exact


def _time(value: object, *steps: str | int) -> Micros | None:
    """Microseconds of 20260912T173041Z or of ISO 8601 with its zone; None where there is none."""
    text = said(value)
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text[:40])
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        ts = to_micros(at)
    except (ValueError, OverflowError):
        ts = 0
    if not EARLIEST <= ts < LATEST:
        raise DecodeError("bad_time", Sentence("refusal.push.time", value=quoted(value)), pointer(*steps))
    return ts


def _services(decoded: Decoded, body: dict[str, Any], at: Micros) -> None:
    """A property keeps its name; one that two services of a message have is that of the second with its service."""
    services, seen = body.get("services"), set[str]()
    if not isinstance(services, list):
        sentence = Sentence("refusal.push.member", name="services", value=quoted(services))
        raise DecodeError("push_incomplete", sentence, "/notify_data/body")
    for number, service in enumerate(services[:MAX_NAMES]):
        steps = "notify_data", "body", "services", number
        try:
            if not isinstance(service, dict):
                raise DecodeError(
                    "not_an_object", Sentence("refusal.push.object", value=quoted(service)), pointer(*steps)
                )
            properties = service.get("properties")
            if not isinstance(properties, dict):
                continue
            ts = _time(service.get("event_time"), *steps, "event_time")
            again = seen & properties.keys()
            named = {f"{said(service.get('service_id')) or number}.{name}" if name in again else name: value
                     for name, value in properties.items()}  # fmt: skip
            seen |= properties.keys()
            take(decoded, named, at if ts is None else ts, *steps, "properties")
        except DecodeError as error:
            if error.reason == "too_many_values":
                raise
            decoded.leave_out(error)


def _content(decoded: Decoded, body: dict[str, Any], at: Micros) -> None:
    """What a device sent as it is: an object is read as properties, a text in base64 as its bytes."""
    content = body.get("content")
    steps = "notify_data", "body", "content"
    if isinstance(content, dict):
        take(decoded, content, at, *steps)
    elif content is not None:
        carry(decoded, base64_of(content, *steps), *steps)


def _events(decoded: Decoded, told: dict[str, Any], body: dict[str, Any], zone: tzinfo) -> None:
    services = body.get("services")
    for number, service in enumerate(services[:MAX_NAMES] if isinstance(services, list) else []):
        steps = "notify_data", "body", "services", number
        if not isinstance(service, dict):
            continue
        code = said(service.get("event_type")) or said(service.get("service_id")) or "event"
        given = service.get("paras", service.get("properties"))
        attributes = given if isinstance(given, dict) else {}
        try:
            at = _time(service.get("event_time"), *steps, "event_time") or decoded.heard
        except DecodeError as error:
            decoded.leave_out(error)
            continue
        key = key_of(_header(told).get("device_id"), "event", at, code, attributes)
        take_event(decoded, code, at, key, attributes, zone, *steps)
