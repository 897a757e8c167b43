"""What a camera's settings take, and how they refuse."""

from datetime import datetime
from typing import Any

import pytest

from analytics.video.kinds import QUALITY
from analytics.video.settings import BadVideoSettings, VideoSettings, Window, read_settings

LINE = {"begin": [0.5, 1], "end": [0.5, 0]}
SQUARE = [[0.1, 0.1], [0.5, 0.1], [0.5, 0.5], [0.1, 0.5]]


def test_without_any_the_picture_is_watched_and_nothing_of_the_scene() -> None:
    settings = read_settings({})
    assert "black" in settings.kinds
    assert "flame" not in settings.kinds
    assert settings.level("black") == 0.5


def test_what_a_place_is_there_for_is_looked_for() -> None:
    zones = [{"name": "road", "polygon": SQUARE, "kinds": ["flood"]}, {"name": "yard", "polygon": SQUARE}]
    gauge = {"name": "pier", "upper": [0.5, 0.1], "lower": [0.5, 0.9], "top": 4, "bottom": 0}
    settings = read_settings({"zones": zones, "lines": [{**LINE, "name": "gate"}], "gauges": [gauge]})
    assert settings.kinds == frozenset((*QUALITY, "flood", "line_crossing", "level"))
    assert read_settings({"zones": zones, "kinds": ["black"]}).kinds == frozenset(("black",))


def test_sensitivity_lowers_the_level_of_a_kind() -> None:
    settings = VideoSettings(sensitivity=0.6, sensitivities={"blur": 0.2})
    assert settings.level("black") == pytest.approx(0.4)
    assert settings.level("blur") == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"kinds": ["black", "face"]}, "kinds: 'face' is not a kind; there are"),
        ({"kind": ["black"]}, "kind: 'kind' is not a setting; 'kinds' is meant?"),
        ({"zones": [{"name": "road", "points": SQUARE}]}, "zones.0.polygon: it is missing"),
        ({"zones": [{"name": "road", "polygon": SQUARE, "hour": 1}]}, "zones.0.hour: 'hour' is not a setting"),
        (
            {"zones": [{"name": "road", "polygon": SQUARE[:2]}]},
            "zones.0.polygon: there are 2, and at least 3 are needed",
        ),
        ([1], "the settings: a JSON object is needed"),
        (
            {"zones": [{"name": "a", "polygon": [[10, 10], [90, 10], [90, 90]]}]},
            "zones.0.polygon.0.0: 10 is more than 1",
        ),
        (
            {"zones": [{"name": "a", "polygon": [[0.1, 0.1], [0.5, 0.5], [0.3, 0.3]]}]},
            "give its corners in their order",
        ),
        ({"zones": [{"name": "a", "polygon": SQUARE, "kinds": ["blur"]}]}, "'blur' is not a kind that has a zone"),
        ({"zones": [{"name": "a", "polygon": SQUARE}] * 2}, "'a' is the name of two zones, lines or gauges"),
        ({"lines": [{"name": "a", "begin": [0.1, 0.1], "end": [0.11, 0.1]}]}, "begins where it ends"),
        ({"lines": [{**LINE, "name": "东门"}, {**LINE, "name": "line-1"}]}, "begin with 'line-1'"),
        ({"lines": [{**LINE, "name": "a", "metric": "a/b"}]}, "lines.0.metric: "),
        ({"sensitivity": 1}, "sensitivity: "),
        ({"zones": [{"name": "a", "polygon": SQUARE, "window": {"hours": "at night"}}]}, "write them like 22:00-06:00"),
        ([], "the settings: "),
    ],
)
def test_what_is_wrong_is_named(given: Any, told: str) -> None:
    with pytest.raises(BadVideoSettings) as refused:
        read_settings(given)
    assert told in str(refused.value)


def test_readings_are_named_by_their_place() -> None:
    lines = [{**LINE, "name": "hard shoulder"}, {**LINE, "name": "东门"}, {**LINE, "name": "西门", "metric": "west"}]
    settings = read_settings({"lines": lines, "zones": [{"name": "北", "polygon": SQUARE}]})
    assert settings.prefixes() == {"hard shoulder": "hard-shoulder", "东门": "line-2", "西门": "west", "北": "zone-1"}


def test_a_window_past_midnight_belongs_to_the_day_it_begins_on() -> None:
    window = Window(days=frozenset({"fri"}), hours="22:00-06:00")
    assert window.holds(datetime(2026, 5, 1, 23, 0))  # noqa: DTZ001 a Friday, by the clock of the camera
    assert window.holds(datetime(2026, 5, 2, 5, 59))  # noqa: DTZ001
    assert not window.holds(datetime(2026, 5, 1, 5, 0))  # noqa: DTZ001
    assert not window.holds(datetime(2026, 5, 2, 22, 30))  # noqa: DTZ001
    assert window.holds(None)
