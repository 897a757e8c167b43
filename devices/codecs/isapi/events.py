"""Events of Hikvision ISAPI: EventNotificationAlert as XML, as JSON, or several in a multipart body. Pure.

Of each alert only what is listed here is kept: which event, its state, its channel, region and input, what the rule
looked for. Events about persons (faces, plates, access control) are dropped by the privacy gate and counted, and with
them any picture: pictures pass their own gate where the bytes arrive (ingest/pictures).
"""

from datetime import tzinfo
from functools import cache

from devices.codecs.clock import parse_time
from devices.codecs.code_table import Meant, shipped, told
from devices.codecs.decoded import MAX_EVENTS, Decoded, EventDraft
from devices.codecs.isapi.alert import Alert, alert_of
from devices.codecs.isapi.multipart import split
from devices.codecs.jsontext import quoted
from devices.codecs.local_time import zone_at
from devices.personal_values import MASK, masked
from devices.privacy import as_code, is_private
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

PROTOCOL = "isapi"
PERSON = b"<EventNotificationAlert><eventType>facedetection</eventType></EventNotificationAlert>"
"""In place of an alert about persons: nothing of it is kept, and it is counted where it is decoded."""
_STATES = ("active", "inactive")
_LONGEST = 64
"""Characters of what is kept of a text."""


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode the events of a document or a multipart body; heartbeats give none."""
    decoded = Decoded()
    if payload.lstrip(b"\r\n").startswith(b"--"):
        for part in split(payload)[:MAX_EVENTS]:
            if part.is_picture:
                decoded.private += 1
                continue
            try:
                _take(part.body, received, zone, decoded)
            except DecodeError as error:
                error.at = max(payload.find(part.body), 0)
                decoded.leave_out(error)
        return decoded.settled()
    _take(payload, received, zone, decoded)
    return decoded.settled()


def _take(document: bytes, received: Micros, zone: tzinfo, decoded: Decoded) -> None:
    alert = alert_of(document)
    if not alert.type:
        raise DecodeError("missing_field", Sentence("refusal.isapi.type", root=quoted(alert.root[:40])), alert.at)
    if alert.is_heartbeat:
        return
    private = alert.private_members()
    decoded.private += private
    if concerns_persons(alert):
        decoded.private += not private
        return
    decoded.events.append(_event(alert, decoded, received, zone_at(zone, received)))


def concerns_persons(alert: Alert) -> bool:
    """Whether an alert is about persons: it is dropped."""
    return _is_person(alert.told("eventType")) or _is_person(_code_of(alert))


def _is_person(event_type: str) -> bool:
    return event_type.lower() in _private_types() or is_private(event_type)


def _code_of(alert: Alert) -> str:
    """Its type; of `duration`, which tells every few seconds that an event goes on, the one that it names."""
    return (alert.within("relationEvent").lower() if alert.type == "duration" else "") or alert.type


def _event(alert: Alert, decoded: Decoded, received: Micros, zone: tzinfo) -> EventDraft:
    code = as_code(_code_of(alert))
    decoded.private += code == MASK
    state = alert.told("eventState").lower() or None
    if state not in _STATES and state is not None:
        raise DecodeError(
            "event_bad_state", Sentence("refusal.isapi.state", value=quoted(state)), alert.place("eventState")
        )
    meant, known = _meant(code)
    attributes: dict[str, object] = {}
    if meant.kind == OTHER or meant.code:
        attributes["code"] = meant.code or code[:_LONGEST]
    attributes |= _details(alert)
    if not known:
        if code != MASK:
            decoded.unmapped(PROTOCOL).states[len(decoded.events)] = _code(code, alert)
        if text := _allowed(alert.told("eventDescription"), decoded):
            attributes["text"] = text
    part = [] if alert.channel in ("", "1") else [alert.channel]
    if port := _port(alert):
        part += ["input", port]
    ts = _time(alert, decoded, zone)
    # Each may be told again: `activePostCount` counts from 1 while it lasts, and `duration` names it.
    return EventDraft(
        meant.kind, ts, None, state, None, attributes, part="/".join(part) or None, continues=state == "active"
    )


def _allowed(text: str, decoded: Decoded) -> str:
    """A description without what identifies a person; "" where it is about one."""
    text, hidden = masked(text)
    decoded.private += hidden
    if is_private(text):
        decoded.private += 1
        return ""
    return text[:_LONGEST]


def _details(alert: Alert) -> dict[str, object]:
    found: dict[str, object] = {}
    if channel := alert.channel:
        found["channel"] = channel
    for name, member in (("region", "regionID"), ("target", "detectionTarget"), ("input", "inputIOPortID")):
        told = alert.within(member)
        if told and told.isprintable() and len(told) <= _LONGEST and not is_private(told):
            found[name] = masked(told)[0]
    return found


def _meant(code: str) -> tuple[Meant, bool]:
    """What a type means, and whether the table knows it; what an input is wired to, operators tell (io.1)."""
    meant = shipped(__package__).states.get(code)
    return (Meant(OTHER), False) if meant is None else (meant, code != "io")


def _code(code: str, alert: Alert) -> str:
    port = _port(alert)
    return f"{code}.{port}" if code == "io" and port else code[:_LONGEST]


def _port(alert: Alert) -> str:
    """The input that it is at; "" where none is told."""
    port = alert.within("inputIOPortID") or alert.within("dynInputIOPortID")
    return as_code(port)[:10] if port else ""


def _time(alert: Alert, decoded: Decoded, zone: tzinfo) -> Micros | None:
    """None where there is none, or none that can be: the event is taken as of its arrival."""
    text = alert.told("dateTime")
    if text:
        try:
            return parse_time(text, zone)
        except DecodeError as error:
            error.at = alert.place("dateTime")
            decoded.leave_out(error)
    decoded.timeless = True
    return None


@cache
def _private_types() -> frozenset[str]:
    return frozenset(told(__package__, "private.json")["event_types"])
