"""Events of ONVIF notifications. Pure.

A property tells its state: true is active, false inactive. `Initialized` is the state before the subscription, no new
alarm; `Deleted` ends it. What is no property has no state: it has happened, and nothing of it is told when a
subscription begins. Topics about persons (faces, plates, access control, tracks of objects) are dropped and counted.
"""

from datetime import UTC, tzinfo
from functools import cache

from devices.codecs.clock import parse_time
from devices.codecs.code_table import Meant, shipped, told
from devices.codecs.decoded import Decoded, EventDraft
from devices.codecs.onvif.notification import Notification, notifications
from devices.personal_values import masked
from devices.privacy import is_private
from devices.vocabulary import OTHER
from hub.errors import DecodeError
from hub.models import Micros

PROTOCOL = "onvif"
PERSON = b"<NotificationMessage><Topic>RuleEngine/Recognition/Face</Topic><Message/></NotificationMessage>"
"""In place of a notification about persons: nothing of it is kept, and it is counted where it is decoded."""
_TRUTH = {
    "true": True,
    "1": True,
    "active": True,
    "on": True,
    "false": False,
    "0": False,
    "inactive": False,
    "off": False,
}
_LONGEST = 64
"""Characters of what is kept of a text."""
_NO_OBJECT = ("", "0", "-1")
"""Ids of objects that are told where there is none."""


def decode(payload: bytes, received: Micros, zone: tzinfo) -> Decoded:
    """Decode all notifications of a document."""
    decoded = Decoded()
    for notification in notifications(payload):
        try:
            _take(notification, decoded)
        except DecodeError as error:
            decoded.leave_out(error)
    return decoded.settled()


def is_person(topic: str) -> bool:
    """Whether a topic is about persons: it is dropped."""
    lowered = topic.lower()
    if any(lowered == each or lowered.startswith(f"{each}/") for each in _private_topics()):
        return True
    return any(level.lower() in _private_levels() or is_private(level) for level in topic.split("/"))


def _take(notification: Notification, decoded: Decoded) -> None:
    private = sum(is_private(name) for part in notification[3:6] for name in part)
    decoded.private += private
    topic = notification.topic
    if is_person(topic) or any(is_private(name) for name in notification.data):
        decoded.private += not private
        return
    state = _state(notification)
    if state is None and notification.operation == "initialized":
        return
    meant = _meant(topic, notification)
    if meant is None and topic.startswith(_passed()):
        decoded.note_unused(topic[:_LONGEST])
        return
    code = topic or "/".join(["", *notification.data])
    attributes = _attributes(notification)
    if meant is None:
        attributes["code"] = code[:_LONGEST]
        decoded.unmapped(PROTOCOL).states[len(decoded.events)] = code[:_LONGEST]
    elif meant.kind == OTHER or meant.code:
        attributes["code"] = meant.code
    kind = OTHER if meant is None else meant.kind
    ts, part = _time(notification, decoded), _part(attributes)
    decoded.events.append(EventDraft(kind, ts, None, state, None, attributes, part=part))


def _part(attributes: dict[str, object]) -> str | None:
    """What a property is of, beside its topic: source and key make the path."""
    told = (attributes.get(name) for name in ("channel", "rule", "input", "object"))
    names = (str(each).replace("/", "-").strip() for each in told if each is not None)
    return "/".join(each for each in names if each) or None


def _attributes(notification: Notification) -> dict[str, object]:
    """Where it is: channel, rule or input, and the object that is its key."""
    found: dict[str, object] = {}
    source, key = notification.source, notification.key
    for name, text in (
        ("channel", notification.channel),
        ("rule", source.get("Rule") or source.get("RuleName") or ""),
        ("input", source.get("InputToken") or source.get("RelayToken") or ""),
        ("object", key.get("ObjectId", key.get("ObjectID", ""))),
    ):
        if text and text.isprintable() and len(text) <= _LONGEST and not (name == "object" and text in _NO_OBJECT):
            found[name] = masked(text)[0]
    return found


def _state(notification: Notification) -> str | None:
    if notification.operation == "deleted":
        return "inactive"
    values = (_TRUTH.get(value.strip().lower()) for value in notification.data.values())
    found = next((value for value in values if value is not None), None)
    if found is None or notification.topic in _momentary():
        return None
    return "active" if found else "inactive"


def _meant(topic: str, notification: Notification) -> Meant | None:
    """What a topic means, or the one above it; without a topic, what the name of the value tells."""
    states = shipped(__package__).states
    while topic:
        if (meant := states.get(topic)) is not None:
            return meant
        topic = topic.rpartition("/")[0]
    if notification.topic:
        return None
    return next((states[f"?{name}"] for name in notification.data if f"?{name}" in states), None)


def _time(notification: Notification, decoded: Decoded) -> Micros | None:
    """None where there is none; a year 0 is told by cameras for what was before they started."""
    text = notification.utc
    if text and not text.startswith("0000"):
        try:
            return parse_time(text, UTC)
        except DecodeError as error:
            error.at = notification.utc_at
            decoded.leave_out(error)
    decoded.timeless = True
    return None


@cache
def _private_topics() -> tuple[str, ...]:
    return tuple(told(__package__, "private.json")["topics"])


@cache
def _private_levels() -> frozenset[str]:
    return frozenset(told(__package__, "private.json")["levels"])


@cache
def _passed() -> tuple[str, ...]:
    return tuple(told(__package__, "passed.json")["topics"])


@cache
def _momentary() -> frozenset[str]:
    return frozenset(told(__package__, "passed.json")["momentary"])
