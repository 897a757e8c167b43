"""CTWing (天翼物联网, AEP): dataReport, eventReport, deviceOnlineOfflineReport, commandResponse. Pure.

Source: what two open receivers and a reader's notes of the platform's documentation have in common. There is no id of
a message: it is known again by its device, type, time and payload. dataReportTupUnion repeats a dataReport and is
passed over; "undefined" stands for nothing.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any
from uuid import UUID

from devices.codecs.carriers.envelope import (
    MAX_PARTS,
    Sent,
    address_of,
    imei_of,
    message,
    millis,
    parts_of,
    said,
    there,
    unpacked,
)
from devices.codecs.carriers.properties import base64_of, carry, key_of, take, take_event
from devices.codecs.decoded import Decoded, ReplyDraft
from devices.codecs.jsontext import parse, quoted
from devices.vocabulary import OTHER, kind_of
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

_SEVERITY = {1: "info", 2: "warning", 3: "fault"}
_FINAL = {"SUCCESSFUL": None, "FAILED": "failed", "EXPIRED": "expired", "TIMEOUT": "timeout"}
"""Of a command: its outcome as an error, or none; SENT and DELIVERED are none yet."""
_ONLINE_OFFLINE = "deviceOnlineOfflineReport"


def messages(body: bytes) -> list[Sent]:
    """The messages of a push; DecodeError when it holds none."""
    found = []
    for told, payload in parts_of(unpacked(body)):
        address, imei = address_of(told.get("deviceId")), imei_of(told.get("IMEI", told.get("imei")))
        found.append(Sent(address, payload, imei, said(told.get("productId"))))
    return found


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode one message."""
    told = message(unpacked(payload))
    kind = told.get("messageType")
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None:
        sentence = Sentence("refusal.push.type", value=quoted(kind), known=", ".join(_READERS))
        raise DecodeError("push_unknown_type", sentence, there(told, "messageType"))
    decoded = Decoded()
    decoded.unmapped("ctwing")
    at = millis(told.get("timestamp"), "timestamp")
    decoded.heard, decoded.timeless = at, at is None
    decoded.name(said(told.get("deviceId")))
    reader(decoded, told, at, received, zone)
    return decoded.settled()


def _data(decoded: Decoded, told: dict[str, Any], at: Micros | None, received: Micros, zone: tzinfo) -> None:
    payload = _object_of(told.get("payload"))
    parts = payload if isinstance(payload, list) else [payload]
    for number, part in enumerate(parts):
        steps = ("payload", number) if isinstance(payload, list) else ("payload",)
        if isinstance(part, dict):
            try:
                _part(decoded, part, received if at is None else at, *steps)
            except DecodeError as error:
                if error.reason == "too_many_values":
                    raise
                decoded.leave_out(error)
        elif part is not None and said(part) is not None:
            sentence = Sentence("refusal.push.payload", value=quoted(part))
            decoded.leave_out(DecodeError("push_payload", sentence, "/payload"))


def _object_of(value: object) -> object:
    """What a text holds that is JSON itself, as some products write it; anything else as it is."""
    if not isinstance(value, str) or value[:1] not in ("{", "["):
        return value
    try:
        return parse(value.encode("utf-8", "replace"), MAX_PARTS)
    except DecodeError:
        return value


def _part(decoded: Decoded, part: dict[str, Any], at: Micros, *steps: str | int) -> None:
    if "APPdata" in part:
        carry(decoded, base64_of(part["APPdata"], *steps, "APPdata"), *steps, "APPdata")
        return
    inner = _object_of(part.get("serviceData"))
    if isinstance(inner, dict):
        take(decoded, inner, at, *steps, "serviceData")
    else:
        take(decoded, part, at, *steps)


def _event(decoded: Decoded, told: dict[str, Any], at: Micros | None, _received: Micros, zone: tzinfo) -> None:
    code, content, grade = said(told.get("serviceId")), _object_of(told.get("eventContent")), told.get("eventType")
    grade = int(grade) if isinstance(grade, str) and grade in ("1", "2", "3") else grade
    attributes = content if isinstance(content, dict) else {} if content is None else {"content": content}
    attributes = {**attributes, **({"severity": _SEVERITY[grade]} if grade in (1, 2, 3) else {})}
    kind = code or "event"
    if grade == 3 and kind_of(kind) == OTHER:
        kind, attributes = "fault", {**attributes, "code": code}
    key = key_of(told.get("deviceId"), "eventReport", at, code, content)
    take_event(decoded, kind, at, key, attributes, zone, "eventContent")


def _presence(decoded: Decoded, told: dict[str, Any], _at: Micros | None, _received: Micros, _zone: tzinfo) -> None:
    said_ = told.get("eventType")
    online = {1: True, "1": True, 0: False, "0": False}.get(said_) if isinstance(said_, int | str) else None
    if online is None:
        raise DecodeError(
            "status_unknown", Sentence("refusal.push.online", value=quoted(said_)), there(told, "eventType")
        )
    decoded.online = online


def _reply(decoded: Decoded, told: dict[str, Any], _at: Micros | None, _received: Micros, _zone: tzinfo) -> None:
    """Of a command of ours, whose id it has; others' are passed over."""
    result = told.get("result")
    code = said(result.get("resultCode")) if isinstance(result, dict) else None
    try:
        command = UUID(str(told.get("taskId"))[:40])
    except ValueError:
        decoded.note_unused("taskId")
        return
    if code in _FINAL:
        decoded.reply = ReplyDraft(command, code if _FINAL[code] is None else None, _FINAL[code])


def _repeated(decoded: Decoded, _told: dict[str, Any], _at: Micros | None, _received: Micros, _zone: tzinfo) -> None:
    decoded.note_unused("dataReportTupUnion")


_READERS: Mapping[str, Callable[[Decoded, dict[str, Any], Micros | None, Micros, tzinfo], None]] = {
    "dataReport": _data,
    "eventReport": _event,
    _ONLINE_OFFLINE: _presence,
    "commandResponse": _reply,
    "dataReportTupUnion": _repeated,
}
