"""Alarms of GB/T 28181: what happened, when, and in which words. Pure.

An alarm has no end of its own, for a camera repeats it while it lasts: it continues; a text may say that it is over.
One with a time that there is not has happened when it came, so that a wrong clock hides nothing; that something is over
is not taken then. How urgent a camera finds it (AlarmPriority) is kept and decides nothing: most say 1 of everything.
"""

import re
from datetime import tzinfo
from typing import Any, NamedTuple

from devices.codecs.clock import parse_time
from devices.codecs.decoded import Decoded, EventDraft
from devices.codecs.gb28181.document import Element
from devices.codecs.gb28181.manscdp import Body, check_device
from devices.codecs.gb28181.reading import ALARM
from devices.codecs.gb28181.tables import alarm
from devices.personal_values import MASK, masked
from devices.picture_signs import writes_picture
from devices.privacy import as_code, is_private
from devices.vocabulary import MOMENTARY, OTHER, PROMPT
from hub.errors import DecodeError
from hub.models import Micros
from hub.words.sentence import Sentence

PROTOCOL = "gb28181"
MAX_TEXT, MAX_CODE = 256, 16
"""Characters of a description, and of a method or type."""
_OVER = re.compile(
    r"[^,;?\uff0c\uff1b\uff1f。、]*(?:报警|告警|警报|烟感|温感|已|已经)(?:已|已经)?(?:恢复|解除|消除|结束)(?:正常)?[\s.!)。\uff01\uff09]*"
)
"""What a text says in one clause, to its end."""
_DOUBT = re.compile(r"[请未尚不没无勿需须应待等若如否仍难必禁将要又再后前才非]|拒绝|失败")
"""Words with which the same says something else: that it is to be ended, cannot be, or is not. In doubt it lasts."""
_PERSONAL = frozenset({"targettrack", "targettracking", "facedetect", "facecapture", "platecapture"})
_POSITIONED = "4"
"""The method of an alarm by GPS: where it is follows who carries it."""
_LEAVING = "2"
"""EventType of an intrusion: somebody or something has left."""
_READ = ALARM | {"longitude", "latitude"}


class _Told(NamedTuple):
    """The fields of an alarm, wherever they stand: in it, in Info, or in the AlarmInfo of some."""

    method: str
    type: str
    text: str
    priority: str
    event_type: str


def take_alarm(body: Body, decoded: Decoded, zone: tzinfo) -> None:
    """Take the event of an alarm. DecodeError where it tells no device or no method."""
    check_device(body)
    root = body.root
    told = _told(root)
    if not told.method:
        at = (root.child("AlarmMethod") or root).at
        raise DecodeError("missing_field", Sentence("refusal.gb28181.method"), at)
    meant, code = alarm(told.method, told.type, told.text)
    kind = OTHER if meant is None else meant.kind
    text = _allowed(told.text, decoded)
    if text is None and kind == OTHER:
        return
    for child in root.children:
        if child.name.lower() not in _READ:
            leave_unused(decoded, child.name)
    if told.method == _POSITIONED and root.told("Longitude", "Latitude"):
        decoded.private += 1
    attributes: dict[str, Any] = {"method": told.method, **({"type": told.type} if told.type else {})}
    decoded.private += MASK in (told.method, told.type)
    if meant is None:
        attributes["code"] = code
        if MASK not in code:
            decoded.unmapped(PROTOCOL).states[len(decoded.events)] = code
    elif meant.code:
        attributes["code"] = meant.code
    attributes |= {"priority": int(told.priority)} if told.priority in ("1", "2", "3", "4") else {}
    attributes |= {"text": text} if text else {}
    ts = time_of(root, "AlarmTime", decoded, zone)
    decoded.timeless |= ts is None
    state = _state(kind, told)
    if state != "inactive" or not decoded.faults or kind not in PROMPT:
        source = f"{body.number}/{code}" if ts is None and body.number else None
        repeats = state is not None and kind not in MOMENTARY
        decoded.events.append(EventDraft(kind, ts, source, state, None, attributes, continues=repeats))


def time_of(root: Element, name: str, decoded: Decoded, zone: tzinfo) -> Micros | None:
    """None where it tells none, or one that there is not: that is left out with its reason."""
    found = root.child(name)
    if found is None:
        return None
    try:
        return parse_time(found.text, zone)
    except DecodeError as error:
        decoded.leave_out(DecodeError(error.reason, error.detail, found.at))
        return None


def leave_unused(decoded: Decoded, name: str) -> None:
    """Remember an element or a command of which nothing is made; what is of persons is dropped, and counted."""
    if is_private(name) or name.lower() in _PERSONAL:
        decoded.private += 1
    else:
        decoded.note_unused(name)


def _told(root: Element) -> _Told:
    inside = [root, *root.all("Info"), *root.all("AlarmInfo")]

    def first(name: str) -> str:
        return next((text for each in inside if (text := each.told(name))), "")

    parameter = next((found for each in inside if (found := each.child("AlarmTypeParam")) is not None), None)
    event_type = "" if parameter is None else parameter.told("EventType") or parameter.text
    method, type_ = (as_code(first(name).lstrip("0"))[:MAX_CODE] for name in ("AlarmMethod", "AlarmType"))
    text = " ".join(first("AlarmDescription").split())
    return _Told(method, type_, text, first("AlarmPriority"), event_type)


def _allowed(text: str, decoded: Decoded) -> str | None:
    """A description without what identifies a person; None where it is about one, or holds a picture."""
    text, hidden = masked(text)
    decoded.private += hidden
    if is_private(text) or writes_picture(text):
        decoded.private += 1
        return None
    return text[:MAX_TEXT]


def _state(kind: str, told: _Told) -> str | None:
    if kind == OTHER:
        return None
    over = len(told.text) < MAX_TEXT and _OVER.fullmatch(told.text) is not None and _DOUBT.search(told.text) is None
    return "inactive" if over or (kind == "intrusion" and told.event_type == _LEAVING) else "active"
