"""Sees by its marks that a child hangs: in one picture, or its loop. Pure, but for the marks.

Only time is counted in which the parent itself looked on and could have been told: where it was held up, or the machine
slept, nobody is to blame.
"""

from typing import NamedTuple

from ingest.video.marks import Marks

HANGS_S = 20.0
"""A child that is in one piece of code of others for so long is ended, and one whose loop shows no beat."""
TURNS = 8
"""In that time it is looked at so often."""


class _Still(NamedTuple):
    """A counter that has not changed."""

    beats: int
    seconds: float


class Vigil:
    """Over one child; `turn` is called every `every_s`."""

    def __init__(self, marks: Marks, hangs_s: float) -> None:
        self._marks, self._hangs_s = marks, hangs_s
        self.every_s = hangs_s / TURNS
        self._pictures: dict[int, _Still] = {}
        self._beat = _Still(-1, 0.0)

    def turn(self, *, is_held_up: bool) -> str | None:
        """What hangs, or None. `is_held_up`: what the child tells was not read; its loop may wait for that."""
        marks = self._marks
        self._pictures = {
            slot: self._on(self._pictures.get(slot, _Still(-1, 0.0)), marks.count(slot)) for slot in marks.inside()
        }
        self._beat = _Still(marks.beats, 0.0) if is_held_up else self._on(self._beat, marks.beats)
        if any(each.seconds >= self._hangs_s for each in self._pictures.values()):
            return "a picture"
        return "its loop" if self._beat.seconds >= self._hangs_s else None

    def _on(self, was: _Still, count: int) -> _Still:
        return _Still(count, was.seconds + self.every_s if count == was.beats else 0.0)
