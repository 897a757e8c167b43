"""CAP messages: what the standard demands of them, by its schema too where GANZHI_CAP_XSD names it."""

import os
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from xml.etree import ElementTree

import pytest

from api.cap import CATEGORY, NAMESPACE, SEVERITY, URGENCY, Names, cap_message, cap_time, message_type
from hub.access.classification import Level, cut_alert
from hub.alerts.guidance import guidance_in
from hub.alerts.transitions import CONDITIONS, HANDLINGS
from hub.models import LEVEL_NAMES
from hub.words import Lang

AT = datetime(2026, 3, 1, 8, 30, 0, 999_999, timezone(timedelta(hours=8)))
ALERT = "6b1d1f6e-8d5c-4c77-9a37-7a0f3c2f6a01"
PICTURE: dict[str, Any] = {
    "alert": ALERT, "seq": 1, "origin": "rule", "rule": "smoke", "rule_name": "Smoke", "device": "pole-7",
    "device_name": "Pole 7", "metric": None, "event_kind": "smoke", "category": "fire", "region": "330106001002",
    "lon": 120.13, "lat": 30.27, "organisation": "eco", "title": "Pole 7: smoke (red)", "level": "red",
    "peak_level": "red", "state": "open", "condition": "active", "handling": "open", "value": None, "threshold": None,
    "opened_at": "2026-03-01T00:30:00+00:00", "cleared_at": None, "link": "https://hub.example.org/#alert-1?a&b",
}  # fmt: skip
NAMES: dict[Lang, Names] = {"zh": Names("灯杆 7：烟雾（红色）", "烟雾"), "en": Names("Pole 7: smoke (red)", "smoke")}
ORDER = {
    "alert": "identifier sender sent status msgType source scope restriction addresses code note references incidents "
    "info",
    "info": "language category event responseType urgency severity certainty audience eventCode effective onset "
    "expires senderName headline description instruction web contact parameter resource area",
    "area": "areaDesc polygon circle geocode altitude ceiling",
    "eventCode": "valueName value",
    "parameter": "valueName value",
    "geocode": "valueName value",
}
"""The elements of each, in the order in which the standard has them."""
WORDS = {
    "status": {"Actual", "Exercise"},
    "msgType": {"Alert", "Update", "Cancel"},
    "scope": {"Restricted"},
    "category": {
        "Geo",
        "Met",
        "Safety",
        "Security",
        "Rescue",
        "Fire",
        "Health",
        "Env",
        "Transport",
        "Infra",
        "CBRNE",
        "Other",
    },
    "responseType": {"Shelter", "Evacuate", "Prepare", "Execute", "Avoid", "Monitor", "Assess", "AllClear", "None"},
    "urgency": {"Immediate", "Expected", "Future", "Past", "Unknown"},
    "severity": {"Extreme", "Severe", "Moderate", "Minor", "Unknown"},
    "certainty": {"Observed", "Likely", "Possible", "Unlikely", "Unknown"},
}
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d-00:00")


def message(seq: int = 1, earlier: int = 0, **alert: Any) -> bytes:
    row = {"alert_id": ALERT, "seq": seq, "at": AT, "region_name": None}
    before = [(number, AT) for number in range(1, earlier + 1)]
    return cap_message(row, {**PICTURE, **alert}, NAMES, "hub.example.org", before)


def read(body: bytes) -> ElementTree.Element:
    """A message that keeps the rules of the standard."""
    root = ElementTree.fromstring(body)  # noqa: S314 the hub's own
    assert root.tag == f"{{{NAMESPACE}}}alert"
    for element in root.iter():
        name = element.tag.removeprefix(f"{{{NAMESPACE}}}")
        children = [child.tag.removeprefix(f"{{{NAMESPACE}}}") for child in element]
        if name in ORDER:
            places = [ORDER[name].split().index(child) for child in children]
            assert places == sorted(places), (name, children)
        else:
            assert children == []
            assert (element.text or "").strip(), name
        assert element.text in WORDS[name] if name in WORDS else True, (name, element.text)
        assert TIME.fullmatch(element.text or "") if name in ("sent", "onset") else True
        if name in ("identifier", "sender"):
            assert not re.search(r"[\s,<&]", element.text or "")
    assert [each.text for each in root.iterfind(".//{*}language")] == ["zh-CN", "en-US"]
    if path := os.environ.get("GANZHI_CAP_XSD"):
        pytest.importorskip("xmlschema").XMLSchema(path).validate(body.decode())
    return root


def told(root: ElementTree.Element, name: str) -> str | None:
    return root.findtext(f".//{{*}}{name}")


@pytest.mark.parametrize("handling", HANDLINGS)
@pytest.mark.parametrize("condition", CONDITIONS)
@pytest.mark.parametrize("level", LEVEL_NAMES)
def test_every_state_of_an_alert_is_a_valid_message(level: str, condition: str, handling: str) -> None:
    cleared = "2026-03-01T01:00:00+00:00" if condition == "cleared" else None
    root = read(message(2, 1, level=level, handling=handling, condition=condition, cleared_at=cleared))
    assert told(root, "scope") == "Restricted"
    assert told(root, "urgency") == (URGENCY[level] if cleared is None else "Past")
    assert told(root, "severity") == SEVERITY[level if cleared is None else "red"]
    assert told(root, "msgType") == ("Cancel" if handling in ("closed", "false_alarm", "merged") else "Update")


@pytest.mark.parametrize("ceiling", [Level.L1, Level.L2, Level.L3, Level.L4])
def test_what_is_above_the_ceiling_is_not_in_it(ceiling: Level) -> None:
    row = {"alert_id": ALERT, "seq": 1, "at": AT, "region_name": None}
    picture = cut_alert(PICTURE, ceiling)
    names = NAMES if "title" in picture else {lang: Names(None, each.event) for lang, each in NAMES.items()}
    root = read(cap_message(row, picture, names, "hub.example.org"))
    text = ElementTree.tostring(root, "unicode")
    assert ("pole-7" in text, "Pole 7" in text) == (ceiling >= Level.L2, ceiling >= Level.L2)
    assert (root.find(".//{*}circle") is not None) == (ceiling >= Level.L3)
    assert told(root, "geocode/{*}value") == ("330106001002" if ceiling >= Level.L2 else "330106001000")


def test_what_is_to_be_done_is_told_in_both_languages() -> None:
    row = {"alert_id": ALERT, "seq": 1, "at": AT, "region_name": None}
    names = {lang: each._replace(guidance=guidance_in(lang, PICTURE)) for lang, each in NAMES.items()}
    root = read(cap_message(row, PICTURE, names, "hub.example.org"))
    zh, en = ({each.tag.rpartition("}")[2]: each.text or "" for each in info} for info in root.findall("{*}info"))
    assert "转 119" in zh["instruction"]
    assert "119" in en["instruction"]
    assert zh["contact"] != en["contact"]
    assert "Likely cause: smouldering fire" in en["description"]
    assert "须在 60 秒内响应" in zh["description"]


def test_the_first_is_an_alert_and_later_ones_name_those_before_them() -> None:
    first, third = read(message()), read(message(3, 2))
    assert (told(first, "msgType"), told(first, "references")) == ("Alert", None)
    sent = "2026-03-01T00:30:00-00:00"
    assert told(first, "identifier") == f"{ALERT}.1"
    assert told(first, "sent") == sent
    assert told(third, "references") == f"hub.example.org,{ALERT}.1,{sent} hub.example.org,{ALERT}.2,{sent}"
    assert message() == message(), "told again it is the same"


def test_a_drill_is_an_exercise() -> None:
    assert told(read(message()), "status") == "Actual"
    assert told(read(message(drill=True)), "status") == "Exercise"


def test_what_people_write_cannot_break_it() -> None:
    name = "A<b>&\"'\x00\x1b[31m\ud800\ufffe]]>\r\n灯杆"
    root = read(message(device_name=name, rule_name=name, organisation=name))
    assert "A<b>&\"'" in (told(root, "description") or "")
    assert "\x1b" not in ElementTree.tostring(root, "unicode")


def test_an_alert_without_rule_device_and_place_is_a_message_too() -> None:
    nothing = dict.fromkeys(
        ("rule", "rule_name", "device", "device_name", "metric", "event_kind", "category", "region", "lon", "lat",
         "organisation", "opened_at", "link")
    )  # fmt: skip
    row = {"alert_id": ALERT, "seq": 1, "at": AT, "region_name": None}
    names: dict[Lang, Names] = {"zh": Names(None, None), "en": Names(None, None)}
    root = read(cap_message(row, {**PICTURE, **nothing}, names, "ganzhi"))
    assert [each.text for each in root.iterfind(".//{*}event")] == ["告警", "alert"]
    assert [each.text for each in root.iterfind(".//{*}areaDesc")] == ["地点不详", "place not known"]


def test_times_are_to_the_second_with_a_zone() -> None:
    assert cap_time(datetime(2026, 3, 1, tzinfo=UTC)) == "2026-03-01T00:00:00-00:00"


def test_the_tables_speak_the_words_of_the_standard() -> None:
    assert set(SEVERITY) == set(URGENCY) == set(LEVEL_NAMES)
    assert set(CATEGORY.values()) <= WORDS["category"]
    assert message_type({"handling": "open"}, first=True) == "Alert"
