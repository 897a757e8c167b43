"""What the analysis of a scene finds in made-up scenes whose truth is known, and what it must not take for it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from analytics.video.camera import CameraAnalysis
from analytics.video.finding import Finding
from analytics.video.measure import Measure
from analytics.video.settings import read_settings
from tests.support import harmless_clips as harmless
from tests.support import scene_clips as clips
from tests.support.scenes import Frames

ROAD = [[0, 0.55], [1, 0.55], [1, 1], [0, 1]]
SHOULDER = [[0, 0.86], [1, 0.86], [1, 1], [0, 1]]
FLOOR = [[0, 0.42], [1, 0.42], [1, 1], [0, 1]]
SQUARE = [[0.25, 0.5], [0.75, 0.5], [0.75, 0.95], [0.25, 0.95]]


def zone(kind: str, polygon: Any) -> dict[str, Any]:
    return {"kinds": [kind], "zones": [{"name": "here", "polygon": polygon, "kinds": [kind]}]}


class Case(NamedTuple):
    clip: Callable[[float], Frames]
    seconds: float
    settings: Mapping[str, Any]
    kind: str
    after: float
    """Seconds at which it begins."""
    within: float
    """Seconds in which it must be found."""
    x: float
    """A spot of it, in shares of the picture."""
    y: float
    most: float
    """The share of the picture that its box has at most."""


FOUND = (
    Case(clips.fire_at_night, 16, {"kinds": ["flame", "smoke"]}, "flame", 10, 5, 0.656, 0.45, 0.03),
    Case(clips.fire_small, 16, {"kinds": ["flame"]}, "flame", 10, 5, 0.25, 0.68, 0.01),
    Case(clips.smoke_near, 30, {"kinds": ["flame", "smoke"]}, "smoke", 15, 12, 0.5, 0.5, 0.3),
    Case(clips.intruder, 24, zone("intrusion", SHOULDER), "intrusion", 20, 3, 0.14, 0.9, 0.01),
    Case(clips.bag_left, 46, {"kinds": ["object_left", "object_removed"]}, "object_left", 22, 20, 0.5, 0.86, 0.01),
    Case(
        clips.bin_removed, 46, {"kinds": ["object_left", "object_removed"]}, "object_removed", 25, 20, 0.5, 0.78, 0.02
    ),
    Case(clips.flood_indoors, 40, zone("flood", FLOOR), "flood", 20, 18, 0.75, 0.67, 0.6),
)
NOT_FOUND: Sequence[tuple[Callable[[float], Frames], float, Mapping[str, Any]]] = (
    (harmless.flag, 12, {"kinds": ["flame"]}),
    (harmless.orange_truck, 12, {"kinds": ["flame"]}),
    (harmless.exposure, 20, {"kinds": ["flame", "smoke", "object_left", "object_removed", "flood"]}),
    (harmless.foliage, 12, zone("intrusion", [[0, 0], [0.45, 0], [0.45, 0.5], [0, 0.5]])),
)
NOT_FOUND_LONG: Sequence[tuple[Callable[[float], Frames], float, Mapping[str, Any]]] = (
    *((clip, 300.0, {"kinds": ["flame", "smoke"]}) for name, clip in harmless.HARMLESS.items() if name != "steam"),
    (harmless.clouds, 60, {"kinds": ["flood"]}),
    (harmless.clouds, 60, zone("intrusion", ROAD)),
    (clips.lorry_parks, 60, zone("crowd", SQUARE)),
    (clips.lorry_parks, 60, zone("flood", FLOOR)),
    (clips.people_indoors, 60, zone("flood", FLOOR)),
)


def seen(frames: Frames, settings: Mapping[str, Any]) -> tuple[list[Finding], list[Measure]]:
    analysis = CameraAnalysis(read_settings(dict(settings)))
    found: list[Finding] = []
    measured: list[Measure] = []
    for t, frame in frames:
        found += analysis.see(t, frame)
        measured += analysis.measured()
    return found, measured


@pytest.mark.parametrize("case", FOUND, ids=lambda case: case.clip.__name__)
def test_is_found_in_time_with_its_evidence_and_nothing_else_is(case: Case) -> None:
    found, _ = seen(case.clip(case.seconds), case.settings)
    assert [(finding.kind, finding.state) for finding in found] == [(case.kind, "active")]
    assert case.after < found[0].t <= case.after + case.within
    assert len(found[0].cues) >= 2
    left, top, right, bottom = found[0].box or (0.0, 0.0, 1.0, 1.0)
    assert left < case.x < right
    assert top < case.y < bottom
    assert (right - left) * (bottom - top) < case.most


@pytest.mark.parametrize(("clip", "seconds", "settings"), NOT_FOUND, ids=lambda v: getattr(v, "__name__", ""))
def test_what_only_looks_like_it_is_not_found(
    clip: Callable[[float], Frames], seconds: float, settings: Mapping[str, Any]
) -> None:
    assert seen(clip(seconds), settings)[0] == []


@pytest.mark.heavy
def test_a_narrow_plume_far_away_is_found_in_twenty_seconds() -> None:
    found, _ = seen(clips.smoke_horizon(36), {"kinds": ["flame", "smoke"]})
    assert [finding.kind for finding in found] == ["smoke"]
    assert 15 < found[0].t < 35


@pytest.mark.heavy
@pytest.mark.parametrize(("clip", "seconds", "settings"), NOT_FOUND_LONG, ids=lambda v: getattr(v, "__name__", ""))
def test_what_only_looks_like_it_is_not_found_in_minutes(
    clip: Callable[[float], Frames], seconds: float, settings: Mapping[str, Any]
) -> None:
    assert seen(clip(seconds), settings)[0] == []


@pytest.mark.heavy
def test_an_object_ends_when_it_is_taken() -> None:
    found, _ = seen(clips.bag_left(72), {"kinds": ["object_left"]})
    assert [finding.state for finding in found] == ["active", "ended"]
    assert 60 < found[1].t < 70


def test_flames_are_nothing_new_where_they_are_ignored() -> None:
    around = [[0.5, 0.2], [0.8, 0.2], [0.8, 0.7], [0.5, 0.7]]
    ignored = {"kinds": ["flame"], "ignored": [{"polygon": around, "kinds": ["flame"]}]}
    assert seen(clips.fire_at_night(16), ignored)[0] == []


def test_crossings_are_counted_by_direction() -> None:
    line = {"name": "gate", "begin": [0.5, 1.0], "end": [0.5, 0.55]}
    found, measured = seen(clips.crossers(65), {"kinds": ["line_crossing"], "lines": [line]})
    assert found == []
    assert [(one.metric, one.value, one.zone) for one in measured] == [
        ("crossings", 5.0, "gate"),
        ("crossings_back", 3.0, "gate"),
    ]


def test_each_crossing_of_a_line_is_an_event_where_it_is_asked_for() -> None:
    line = {"name": "gate", "begin": [0.5, 1.0], "end": [0.5, 0.55], "event": True}
    found, _ = seen(clips.crossers(22), {"kinds": ["line_crossing"], "lines": [line]})
    assert [finding.state for finding in found] == ["active", "ended", "active", "ended"]


def test_a_gauge_is_read_to_a_hundredth_of_its_board_and_its_limit_is_an_event() -> None:
    gauge = {"name": "pier", "upper": [0.4875, 0.1], "lower": [0.4875, 0.9], "top": 4, "bottom": 0, "width": 0.035}
    settings = {"kinds": ["level"], "gauges": [{**gauge, "limit": 2.5}]}
    found, measured = seen(clips.gauge_rises(125), settings)
    assert [one.metric for one in measured] == ["level", "level"]
    for one in measured:  # the middle of the minute before
        assert one.value == pytest.approx(clips.gauge_level(one.t - 30), abs=0.06)
    assert [(finding.kind, finding.zone) for finding in found] == [("level", "pier")]
    assert found[0].t == pytest.approx(75, abs=12)
    assert found[0].box == pytest.approx((0.47, 0.1, 0.505, 0.9), abs=0.001)


def test_a_crowd_is_found_and_the_share_of_the_area_that_it_covers_is_a_reading() -> None:
    found, measured = seen(clips.crowd_gathers(65), zone("crowd", SQUARE))
    assert [(finding.kind, finding.state) for finding in found] == [("crowd", "active")]
    assert 15 < found[0].t <= 15 + 28
    left, top, right, bottom = found[0].box or (0.0, 0.0, 1.0, 1.0)
    assert 0.25 <= left < 0.5 < right <= 0.76
    assert 0.5 <= top < bottom <= 0.95
    assert len(found[0].cues) >= 2
    assert [(one.metric, one.zone) for one in measured] == [("occupancy", "here")]
    assert 10 < measured[0].value < 60
