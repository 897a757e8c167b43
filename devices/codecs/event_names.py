"""Members of an event that tell its state or its level under another name: "alarmStatus": 0, "severity": "minor".

Without them an event would be another one: an end would be an alarm. A name that is meant, with a value that is not
understood, refuses the event. Pure.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, TypeVar

from devices.codecs.event_state import state_of
from devices.codecs.jsontext import quoted
from devices.codecs.pointer import pointer
from hub.errors import DecodeError
from hub.words.sentence import Sentence

_OF_ALARM = frozenset(
    {
        *("alarm", "active", "isactive", "alarmactive", "isalarm", "inalarm", "alarming", "alarmstate", "alarmstatus"),
        *("alarmflag", "alertstate", "alertstatus", "eventstate", "eventstatus", "报警状态", "告警状态", "事件状态"),
    }
)
"""These tell of the alarm itself, never of the thing that it is about."""
_STATE = _OF_ALARM | {"state", "status", "状态"}
_ENDED = frozenset(("inactive", "cleared", "iscleared", "resolved", "isresolved", "restored", "recovered"))
_BEGUN = frozenset(("triggered", "istriggered", "detected", "isdetected", "alarmed", "firing", "occurred"))
"""True of these is inactive, and active. What else they hold (a time) is an attribute."""
_ENDED_OR_BEGUN = _ENDED | _BEGUN
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
_OF_ATTRIBUTES = _STATE - {"status", "alarm", "active", "状态"}
"""Those that tell it among attributes too, where the others may be of anything: the status of a battery."""
_LEVEL = frozenset(("level", "severity", "eventlevel", "eventseverity", "alarmlevel", "alarmseverity", "alertlevel"))
_Told = TypeVar("_Told", str, int)
_LONGEST = 24
_BETWEEN = re.compile(r"[\s_-]+")


def tells_state(name: str) -> bool:
    """Whether a member of this name tells the state of an event."""
    return _plain(name) in _STATE


def state_among(part: Mapping[str, Any], extra: dict[str, Any], kind: str) -> str | None:
    """The state that an event without a `state` tells under other names; they are taken out of `extra`, its members.

    None when it names none at all. DecodeError event_bad_state, at the member, when it names one as null or as anything
    that is not understood, or two that differ.
    """
    found: dict[str, str] = {}
    null = "/state" if "state" in part else None
    for name in list(extra):
        plain, value = _plain(name), extra[name]
        if plain in _ENDED_OR_BEGUN and (true := _TRUTH.get(str(value).lower())) is not None:
            found[pointer(name)] = "active" if true == (plain in _BEGUN) else "inactive"
        elif plain not in _STATE:
            continue
        elif value is None:
            null = null or pointer(name)
        else:
            found[pointer(name)] = _state(value, kind, plain, pointer(name))
        del extra[name]
    attributes = part.get("attributes")
    if not found and attributes and isinstance(attributes, dict):
        for name, value in attributes.items():
            if (plain := _plain(name)) in _OF_ATTRIBUTES:
                at = pointer("attributes", name)
                found[at] = _state(value, kind, plain, at)
    if not found and null is not None:
        raise DecodeError("event_bad_state", Sentence("refusal.event.state", value=quoted(None)), null)
    return _one(found, "event_bad_state", "state")


def level_among(extra: dict[str, Any], level_of: Callable[[object], int | None]) -> int | None:
    """The level that an event without a `level` tells under other names; they are taken out of `extra`, its members.

    None when it tells none. DecodeError event_bad_level, at the member, when it is not understood, or two differ.
    """
    found: dict[str, int] = {}
    for name in [name for name in extra if _plain(name) in _LEVEL]:
        try:
            level = level_of(extra.pop(name))
        except DecodeError as error:
            error.at = pointer(name)
            raise
        if level is not None:
            found[pointer(name)] = level
    return _one(found, "event_bad_level", "level")


def _state(value: object, kind: str, plain: str, at: str) -> str:
    try:
        return state_of(value, kind, of_alarm=plain in _OF_ALARM)
    except DecodeError as error:
        error.at = at
        raise


def _one(found: Mapping[str, _Told], reason: str, field: str) -> _Told | None:
    """The value that all tell alike."""
    if len(set(found.values())) > 1:
        names = ", ".join(at[1:] for at in found)
        raise DecodeError(reason, Sentence("refusal.event.differ", names=names, field=field), [*found][-1])
    return next(iter(found.values()), None)


def _plain(name: str) -> str:
    """In lower case without what stands between words; empty for what is too long to be a name of these."""
    return _joined(name) if len(name) <= _LONGEST else ""


@lru_cache(maxsize=4096)
def _joined(name: str) -> str:
    return _BETWEEN.sub("", name.lower())
