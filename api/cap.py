"""Alert changes as messages of the OASIS Common Alerting Protocol 1.2, in Chinese and in English. Pure.

A change is a message of its own with a stable identifier, that of its CloudEvent: the first is an Alert, what ends the
handling a Cancel, all others an Update, which name the messages before them. Never for the public: the scope is
Restricted, and the picture is cut to a ceiling before it comes here.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element, SubElement, tostring

from hub.alerts.titles import marked
from hub.alerts.transitions import ENDED
from hub.words import Lang, optional, text
from hub.xml import xml_text

NAMESPACE = "urn:oasis:names:tc:emergency:cap:1.2"
CONTENT_TYPE = "application/cap+xml"
LANGUAGES: Mapping[Lang, str] = {"zh": "zh-CN", "en": "en-US"}
RADIUS_KM = 0.1
"""Of the circle around a device: how exactly a place is known."""

SEVERITY = {"red": "Extreme", "orange": "Severe", "yellow": "Moderate", "blue": "Minor"}
URGENCY = {"red": "Immediate", "orange": "Immediate", "yellow": "Expected", "blue": "Future"}
"""While the condition lasts; of one that is over it is Past."""
CONFIRMED = frozenset({"dispatched", "handled", "verified", "closed"})
"""Handlings in which people have looked at what a sensor or a camera took for an event."""
CATEGORY = {
    "fire": "Fire",
    "water": "Met",
    "environment": "Env",
    "traffic": "Transport",
    "structure": "Infra",
    "municipal": "Infra",
    "pole": "Infra",
    "video": "Security",
}
"""By the category of the device's profile."""


class Names(NamedTuple):
    """What a message calls things in one language."""

    title: str | None
    event: str | None
    """Of the metric or the kind of event, as its profile has it."""
    guidance: Mapping[str, Any] | None = None
    """What is to be done (hub/alerts/guidance.py)."""


def identifier(alert: object, seq: int) -> str:
    """Of a message; the id of the change's CloudEvent."""
    return f"{alert}.{seq}"


def message_type(picture: Mapping[str, Any], first: bool) -> str:
    """Alert, Update or Cancel, by the alert after the change; `first` of it, or the first that is no exercise."""
    if picture["handling"] in ENDED:
        return "Cancel"
    return "Alert" if first else "Update"


def cap_time(at: datetime) -> str:
    """A time as CAP writes it: to the second, UTC as -00:00."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S-00:00")


def cap_message(
    row: Mapping[str, Any],
    picture: Mapping[str, Any],
    names: Mapping[Lang, Names],
    sender: str,
    earlier: Sequence[tuple[int, datetime]] = (),
) -> bytes:
    """The message of a change (alert_id, seq, at, region_name), in UTF-8; `picture` is the alert after it, cut.

    `earlier` are number and time of the alert's changes before it; of one that was a test before, those since then.
    """
    alert = Element("alert", xmlns=NAMESPACE)
    _add(alert, "identifier", identifier(row["alert_id"], row["seq"]))
    _add(alert, "sender", sender)
    _add(alert, "sent", cap_time(row["at"]))
    _add(alert, "status", "Exercise" if picture.get("drill") else "Actual")
    _add(alert, "msgType", message_type(picture, not earlier))
    _add(alert, "scope", "Restricted")
    _add(alert, "restriction", f"{text('cap.restriction', 'zh')} / {text('cap.restriction', 'en')}")
    if picture.get("drill"):
        _add(alert, "note", f"{text('cap.drill', 'zh')} / {text('cap.drill', 'en')}")
    elif picture["handling"] == "false_alarm":
        _add(alert, "note", f"{text('cap.false_alarm', 'zh')} / {text('cap.false_alarm', 'en')}")
    references = [f"{sender},{identifier(row['alert_id'], seq)},{cap_time(at)}" for seq, at in earlier]
    _add(alert, "references", " ".join(references) or None)
    for lang in LANGUAGES:
        _info(alert, row, picture, lang, names[lang])
    message: bytes = tostring(alert, "utf-8", xml_declaration=True)
    return message


def event_name(picture: Mapping[str, Any], lang: Lang, named: str | None) -> str:
    """What has happened, in a few words."""
    kind = picture.get("event_kind")
    known = optional(f"event.kind.{kind}", lang) if kind else ""
    return named or known or picture.get("rule_name") or picture.get("metric") or kind or text("cap.event", lang)


def _info(alert: Element, row: Mapping[str, Any], picture: Mapping[str, Any], lang: Lang, names: Names) -> None:
    info = SubElement(alert, "info")
    over = picture["condition"] == "cleared"
    event = event_name(picture, lang, names.event)
    said = partial(marked, lang=lang) if picture.get("drill") else str
    _add(info, "language", LANGUAGES[lang])
    _add(info, "category", CATEGORY.get(picture.get("category") or "", "Other"))
    _add(info, "event", said(event))
    _add(info, "responseType", "AllClear" if over else "Assess")
    _add(info, "urgency", "Past" if over else URGENCY[picture["level"]])
    _add(info, "severity", SEVERITY[picture["peak_level"] if over else picture["level"]])
    _add(info, "certainty", _certainty(picture))
    for name in ("event_kind", "metric"):
        _pair(info, "eventCode", f"ganzhi:{name}", picture.get(name))
    _add(info, "onset", _stored_time(picture.get("opened_at")))
    _add(info, "headline", said(names.title or event))
    guidance = names.guidance or {}
    _add(info, "description", said(_description(picture, guidance, lang)))
    _add(info, "instruction", guidance.get("action"))
    _add(info, "web", picture.get("link"))
    _add(info, "contact", guidance.get("contacts"))
    for name in ("level", "peak_level", "state", "value", "threshold", "device", "organisation"):
        _pair(info, "parameter", f"ganzhi:{name}", picture.get(name))
    area = SubElement(info, "area")
    region = picture.get("region")
    _add(area, "areaDesc", row["region_name"] or region or text("cap.nowhere", lang))
    lon, lat = picture.get("lon"), picture.get("lat")
    if lon is not None and lat is not None:
        _add(area, "circle", f"{lat:.6f},{lon:.6f} {RADIUS_KM:g}")
    _pair(area, "geocode", "GB/T 10114", region)


def _certainty(picture: Mapping[str, Any]) -> str:
    """What is measured is observed; an event that a device reports is likely until somebody has looked."""
    if picture["handling"] == "false_alarm":
        return "Unlikely"
    return "Likely" if picture.get("event_kind") and picture["handling"] not in CONFIRMED else "Observed"


def _description(picture: Mapping[str, Any], guidance: Mapping[str, Any], lang: Lang) -> str:
    """A line for each thing that is known, so that who reads the message alone can act."""
    told = {name: picture.get(name) for name in ("device_name", "value", "threshold", "opened_at", "cleared_at")}
    told |= {name: guidance.get(name) for name in ("cause", "consequence", "respond_s")}
    told["state"] = text(f"cap.state.{picture['handling']}", lang)
    lines = [text(f"cap.told.{name}", lang, value=value) for name, value in told.items() if value is not None]
    return "\n".join(lines)


def _stored_time(written: str | None) -> str | None:
    return None if written is None else cap_time(datetime.fromisoformat(written))


def _pair(parent: Element, name: str, value_name: str, value: object) -> None:
    if value is not None:
        pair = SubElement(parent, name)
        _add(pair, "valueName", value_name)
        _add(pair, "value", value)


def _add(parent: Element, name: str, value: object) -> None:
    """An element, unless there is nothing to tell; what XML cannot hold is shown as a mark."""
    if value is not None:
        SubElement(parent, name).text = xml_text(value)
