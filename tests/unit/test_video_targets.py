"""The table of `./run bench video`: figures beside what is asked of them."""

import pytest

from tests.support.video_targets import Target, targets

MEASURED = {
    "faults": {"share": 0.95},
    "clean": {"false_an_hour": {"noise": 1.0, "object_left": 5.0}},
    "flame_delay_s": {"fire": 2.0, "barn": None},
    "burning_told_of_nothing": {"street": 1},
    "cost": {"cameras_a_core_at_5_fps": 39.0},
    "with_decoding": {"h264_1080p": {"cameras_a_core": 7.5}},
    "patrol": {"round_s": 100.0, "cameras": 2000},
}


def test_each_line_tells_how_far_it_is() -> None:
    found = [(line.value, line.reached) for line in targets(MEASURED)]
    assert found == [
        (0.95, "least"), (1.0, "least"), (2.0, "aim"), ("not found", "missed"), (1, "missed"), (39.0, "missed"),
        (7.5, "stated"), (3.33, "aim"),
    ]  # fmt: skip


def test_what_was_not_measured_reaches_nothing() -> None:
    assert {line.reached for line in targets({})} == {"not measured"}


@pytest.mark.parametrize(("value", "reached"), [(100, "aim"), (99, "least"), (40, "least"), (39, "missed")])
def test_limits_are_reached_at_the_limit(value: float, reached: str) -> None:
    line = Target("cameras", value, "cameras", 40, 100, more_is_better=True)
    assert line.reached == reached
    assert line.told()["aim"] == 100
