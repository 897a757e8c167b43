"""An event as an alarm of GB/T 28181: its method, its type and words from which the kind is read again. Pure."""

from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple

from devices.codecs.code_table import shipped
from devices.codecs.gb28181 import tables
from devices.vocabulary import GUARDS, LATCHING, OTHER, PROMPT
from hub.models import Event, Micros
from hub.words import optional
from hub.words.findings import part_name

LATE: Micros = 24 * 3600 * 1_000_000
"""What comes later than this tells nothing that is going on: only what somebody must hear of goes, and says so."""
_UNTOLD = frozenset({*GUARDS, "offline"})
"""States that raise nothing, and whether it is there, which the directory tells."""
_OTHER_METHOD = "7"


class Alarm(NamedTuple):
    """What of an alarm does not depend on who it is for; as it is stored until somebody has taken it."""

    method: str
    type: str
    priority: int
    """1 is the highest, 4 the lowest."""
    text: str


def alarm_of(event: Event) -> Alarm | None:
    """None: a superior platform is not told of it. The standard knows no end of an alarm."""
    if event.state == "inactive" or event.kind in _UNTOLD:
        return None
    late = event.received - event.ts > LATE
    if late and event.kind not in LATCHING:
        return None
    told = event.attributes
    method, type_ = _numbers(told.get("method")), _numbers(told.get("type"))
    if not method:
        method, type_ = _code(event.kind, told.get("code"))
    words = _words(event, method, type_)
    return Alarm(method, type_, _priority(event, late), f"迟报 {words}" if late else words)


def _priority(event: Event, late: bool) -> int:
    if late:
        return 4
    told = event.attributes.get("priority")
    if isinstance(told, int) and 1 <= told <= 4:
        return told
    return 1 if event.kind in PROMPT else 3


def _words(event: Event, method: str, type_: str) -> str:
    """What the device said, or what its video shows; where the kind cannot be read from that, its name before it.

    The name alone where another kind would be read even then: a water level in a zone called 烟雾监测点 is no smoke.
    """
    said = str(event.attributes.get("text") or _shown(event.part or "", event.kind))
    name = _names().get(event.kind) or optional(f"event.kind.{event.kind}", "zh") or event.kind
    for words in (said, f"{name} {said}".strip()):
        meant, _ = tables.alarm(method, type_, words)
        if meant is not None and meant.kind == event.kind:
            return words
    return words if meant is None or meant.kind == OTHER else name


def _shown(part: str, kind: str) -> str:
    """What of the picture an event is about; empty where its part is no finding of video."""
    return name if (name := part_name(part, kind, "zh")) != part else ""


@cache
def _names() -> Mapping[str, str]:
    """By kind, words from which it is read."""
    return {meant.kind: words for words, meant in reversed(list(tables.texts().items())) if not words.isascii()}


@cache
def _codes() -> Mapping[tuple[str, str], tuple[str, str]]:
    """By kind and code, method and type; those of the standard alone."""
    found: dict[tuple[str, str], tuple[str, str]] = {}
    for code, meant in shipped("devices.codecs.gb28181").states.items():
        method, _, type_ = code.partition(".")
        if method.isdigit() and (type_.isdigit() or not type_):
            found.setdefault((meant.kind, meant.code), (method, type_))
    return found


def _code(kind: str, code: Any) -> tuple[str, str]:
    return _codes().get((kind, str(code or ""))) or _codes().get((kind, "")) or (_OTHER_METHOD, "")


def _numbers(told: Any) -> str:
    return told if isinstance(told, str) and told.isascii() and told.isdigit() and len(told) <= 4 else ""
