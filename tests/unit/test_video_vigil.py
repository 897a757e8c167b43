"""A child that hangs is seen by its marks."""

from collections.abc import Callable

import pytest

from ingest.video.marks import made
from ingest.video.vigil import TURNS, Vigil


@pytest.mark.parametrize(
    ("beats", "works", "is_held_up", "hangs"),
    [
        pytest.param(True, True, False, None, id="goes on"),
        pytest.param(True, False, False, "a picture", id="picture"),
        pytest.param(False, True, False, "its loop", id="loop"),
        pytest.param(False, True, True, None, id="waits for the parent"),
    ],
)
def test_a_child_hangs_in_a_picture_or_its_loop(
    *, beats: bool, works: bool, is_held_up: bool, hangs: str | None
) -> None:
    marks, joins = made()
    joins.unlink()
    marks.enter(5)
    vigil = Vigil(marks, 20.0)

    def turn() -> str | None:
        told: list[tuple[bool, Callable[[], None]]] = [(beats, marks.beat), (works, lambda: marks.enter(5))]
        for goes_on, tell in told:
            if goes_on:
                tell()
        return vigil.turn(is_held_up=is_held_up)

    assert [turn() for _ in range(TURNS)] == [None] * TURNS, "not before its time"
    assert turn() == hangs
