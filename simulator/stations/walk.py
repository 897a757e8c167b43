"""Values that go up and down within bounds, in whole steps: what a frame tells of them is exact. Deterministic."""

from random import Random
from typing import NamedTuple


class Course(NamedTuple):
    """A quantity in steps of its last decimal."""

    metric: str
    low: int
    high: int
    decimals: int


class Walk:
    """One sensor's values, one after another."""

    def __init__(self, course: Course, rng: Random) -> None:
        self._course, self._rng = course, rng
        self._now = rng.randint(course.low, course.high)

    def next(self) -> int:
        """The next value, in steps; the number is that by ten to the power of the decimals."""
        low, high = self._course.low, self._course.high
        most = max(1, (high - low) // 20)
        self._now = min(high, max(low, self._now + self._rng.randint(-most, most)))
        return self._now
