"""Titles of alerts in the language of who is told."""

from typing import Any

import pytest

from devices.vocabulary import KINDS
from hub.access.classification import Level, cut_alert
from hub.alerts.titles import at_part, event_title, flagged, part_in, reading_title, title_in
from hub.quality import Quality
from hub.words import text

DEPTH = {"name": "水深", "name_en": "Water depth"}
READING = {
    "device_name": "桥下", "event_kind": None, "metric": "depth", "value": 35.0, "threshold": 27.0, "level": "red",
    "cleared_at": None, "title": "桥下: 水深 35 ≥ 27 (red)",
}  # fmt: skip
EVENT = READING | {
    "target": "d1/smoke",
    "event_kind": "smoke",
    "metric": None,
    "value": None,
    "threshold": None,
    "title": "桥下: smoke (red)",
}


@pytest.mark.parametrize(
    ("alert", "direction", "names", "zh", "en"),
    [
        (READING, "above", DEPTH, "桥下：水深 35 ≥ 27（红色）", "桥下: Water depth 35 ≥ 27 (red)"),
        (READING, "above", {"name": "水"}, "桥下：水 35 ≥ 27（红色）", "桥下: 水 35 ≥ 27 (red)"),
        (READING, "above", None, "桥下：depth 35 ≥ 27（红色）", "桥下: depth 35 ≥ 27 (red)"),
        (
            READING | {"value": 12.0, "threshold": 15.0, "cleared_at": "2026-01-01", "level": "yellow"}, "above", DEPTH,
            "桥下：水深 12 < 15（已解除）", "桥下: Water depth 12 < 15 (cleared)",
        ),
        (READING | {"value": 20.0}, "below", None, "桥下：depth 20 ≤ 27（红色）", "桥下: depth 20 ≤ 27 (red)"),
        (READING | {"value": None}, "above", DEPTH, READING["title"], READING["title"]),
        (EVENT, None, None, "桥下：烟雾（红色）", "桥下: smoke (red)"),
        (EVENT, None, {"name": "烟感", "name_en": "Smoke"}, "桥下：烟感（红色）", "桥下: Smoke (red)"),
        (
            EVENT | {"title": "桥下: smoke (red), 25 min late"}, None, None,
            "桥下：烟雾（红色），迟到 25 分钟", "桥下: smoke (red), 25 min late",
        ),
        (EVENT | {"event_kind": "new_kind"}, None, None, "桥下：new_kind（红色）", "桥下: new_kind (red)"),
    ],
)  # fmt: skip
def test_a_title_is_told_in_either_language(
    alert: dict[str, Any], direction: str | None, names: dict[str, Any] | None, zh: str, en: str
) -> None:
    assert title_in("zh", alert, {"direction": direction, "signal": "value"}, names) == zh
    assert title_in("en", alert, {"direction": direction, "signal": "value"}, names) == en


def test_it_is_the_stored_one_where_the_profile_has_one_name() -> None:
    stored = reading_title("Gauge", "level", 4.31, True, True, 4.0, 3)
    alert = READING | {"device_name": "Gauge", "value": 4.31, "threshold": 4.0, "level": "orange", "title": stored}
    assert title_in("en", alert, {"direction": "above", "signal": "value"}, {"name": "level"}) == stored
    late = event_title("Pole 7", "smoke", 4, 1_559_000_000)
    assert title_in("en", EVENT | {"device_name": "Pole 7", "title": late}, {}, None) == late


@pytest.mark.parametrize("end", ["", ", since 2026-11-01 08:00", ", flapping: 3 times since 2026-11-01 08:00"])
def test_a_title_names_the_flags_of_its_reading_in_either_language(end: str) -> None:
    stored = flagged("桥下: 水深 35 ≥ 27 (red)", Quality.SUSPECT | Quality.OUT_OF_RANGE)
    assert stored == "桥下: 水深 35 ≥ 27 (red), flagged out of range/suspect"
    alert, rule = READING | {"title": stored + end}, {"direction": "above", "signal": "value"}
    assert title_in("en", alert, rule, {"name": "水深"}) == stored + end
    assert title_in("zh", alert, rule, DEPTH).startswith("桥下：水深 35 ≥ 27（红色），质量标记：超出量程/")
    odd = READING | {"title": "桥下: 水深 35 ≥ 27 (red), flagged by nobody"}
    assert title_in("zh", odd, rule, DEPTH) == "桥下：水深 35 ≥ 27（红色）"


def test_what_a_part_is_called_is_found_whatever_it_is_and_may_be_cut() -> None:
    title = event_title(at_part("Station 4", "Flat 302: fire (red), Li"), "fire", 4)
    assert part_in(title, "fire") == "Flat 302: fire (red), Li"
    alert = EVENT | {"device_name": "Station 4", "target": "s4/fire/1/3", "event_kind": "fire", "title": title}
    alert |= {"origin": "rule", "rule_name": "Fire", "metric": None}
    assert title_in("en", alert, {}, None) == title
    cut = cut_alert(alert, Level.L2)
    assert cut["title"] == "Station 4 · 1/3: Fire"
    assert cut_alert(alert, Level.L3)["title"] == title
    assert title_in("en", alert | cut, {}, None) == "Station 4 · 1/3: fire (red)"


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_each_kind_of_event_has_a_name(kind: str) -> None:
    assert text(f"event.kind.{kind}", "zh").isascii() is False
    assert text(f"event.kind.{kind}", "en").isascii()
