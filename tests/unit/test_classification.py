"""What leaves is cut to the ceiling of its receiver, in one place."""

from datetime import UTC, datetime
from operator import attrgetter
from typing import Any

import pytest

from api.cloudevents import cloudevent
from app.check.retention import limits
from devices.library.profiles import library
from hub.access.classification import SERIES, Level, cut_row, level_named, town
from hub.access.inventory import EXPORTED, TABLES
from hub.settings import Settings
from tests.support.privacy_page import PAGE, page

ALERT = "0b8e6a3e-6a39-4c39-9d55-111111111111"
PICTURE: dict[str, Any] = {
    "alert": ALERT, "seq": 1, "rule": "smoke", "rule_name": "Smoke", "device": "smoke-7", "device_name": "Kitchen 7",
    "metric": None, "event_kind": "smoke", "category": "fire", "region": "330106001002", "lon": 120.13, "lat": 30.27,
    "organisation": "brigade", "title": "Kitchen 7: smoke (red)", "level": "red", "peak_level": "red", "state": "open",
    "condition": "active", "handling": "open", "value": 5.5, "threshold": 4.0, "opened_at": "2026-03-01T00:00:00Z",
    "cleared_at": None, "changed_at": "2026-03-01T00:00:00Z", "raised_at": "2026-03-01T00:00:00Z",
    "picture": "https://hub.example.org/p/1.jpg", "phone": "13800138000",
}  # fmt: skip
ROW = {"alert_id": ALERT, "seq": 1, "kind": "raised", "at": datetime(2026, 3, 1, tzinfo=UTC), "picture": PICTURE}


def test_a_robot_on_the_internet_gets_level_kind_town_and_a_link() -> None:
    event = cloudevent(ROW, Level.L1, "https://ganzhi.example.org")
    assert event["data"] == {
        **{name: PICTURE[name] for name in ("alert", "seq", "metric", "event_kind", "category", "level", "peak_level",
                                            "state", "condition", "handling", "opened_at", "cleared_at", "changed_at",
                                            "raised_at")},
        "region": "330106001000",
        "link": f"https://ganzhi.example.org/#alert-{ALERT}",
    }  # fmt: skip
    assert (event["source"], event["subject"]) == ("ganzhi/330106001000", ALERT)
    assert not any(told in str(event) for told in ("smoke-7", "Kitchen", "120.13", "30.27", "p/1.jpg", "13800138000"))


@pytest.mark.parametrize(
    ("ceiling", "cut"),
    [
        (Level.L2, {"lon", "lat", "picture", "phone"}),
        (Level.L3, {"picture", "phone"}),
        (Level.L4, {"picture", "phone"}),  # nobody classified these fields of an alert
        (Level.CORE, set()),
    ],
)
def test_a_ceiling_leaves_out_what_is_above_it(ceiling: Level, cut: set[str]) -> None:
    event = cloudevent(ROW, ceiling)
    assert set(PICTURE) - set(event["data"]) == cut
    assert event["subject"] == "smoke-7"


def test_a_measured_value_has_the_level_of_its_series() -> None:
    for category, told in (("environment", True), ("fire", False), ("unheard-of", False), (None, False)):
        event = cloudevent({**ROW, "picture": PICTURE | {"category": category}}, Level.L1)
        assert ("value" in event["data"], "threshold" in event["data"]) == (told, told)


def test_a_title_tells_no_value_that_may_not_leave() -> None:
    measured = PICTURE | {"metric": "tilt", "category": "structure", "title": "Bridge: tilt 5.5 ≥ 4 (red)"}
    titles = [cloudevent({**ROW, "picture": measured}, ceiling)["data"].get("title") for ceiling in Level]
    assert titles == [None, "Kitchen 7: Smoke", *[measured["title"]] * 4]


def test_each_category_of_the_library_has_a_level() -> None:
    assert {profile["category"] for profile in library().values()} == set(SERIES)


def test_a_row_of_an_export_is_cut_to_its_ceiling() -> None:
    row = {"code": "a-1", "name": "A", "region": "330106001002", "lon": 1.0, "lat": 2.0, "state": "active", "new": 1}
    cut = {"code": None, "name": None, "region": "330106001000", "lon": None, "lat": None, "new": None}
    assert cut_row(row, EXPORTED, Level.L1) == row | cut
    assert cut_row(row, EXPORTED, Level.L2) == row | {"lon": None, "lat": None, "new": None}
    assert cut_row(row, EXPORTED, Level.CORE) == row


def test_the_town_of_a_division() -> None:
    assert [town(code) for code in ("330106001002", "330106000000")] == ["330106001000", "330106000000"]


def test_levels_by_name() -> None:
    assert [level_named(name) for name in ("L1", "L4", "important", "core")] == [
        Level.L1, Level.L4, Level.IMPORTANT, Level.CORE,
    ]  # fmt: skip
    with pytest.raises(KeyError):
        level_named("L5")


def test_the_page_tells_what_the_code_goes_by() -> None:
    written = PAGE.read_text(encoding="utf-8")
    assert page(written) == written, "python -m tests.support.privacy_page"


def test_each_limit_is_a_setting() -> None:
    names = {name for table in TABLES.values() for name in limits(table.kept)}
    assert names >= {"alerts.keep_days", "dead_letters.keep"}
    for name in names:
        attrgetter(name)(Settings())
