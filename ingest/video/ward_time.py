"""How long a stream that has ended its process is read alone: twice as long each time. Pure."""

import time
from collections.abc import Callable

FIRST_S, MOST_S = 60.0, 4 * 3600.0
"""The first time; and the most: who breaks its decoder again and again ends others six times a day at most."""
STAY_S = 600.0
"""That it is read alone in one piece: others may wait for their turn."""
FORGIVEN_S = 86_400.0
"""Whoever has harmed nobody for so long begins at the first time again."""


class WardTime:
    """Of one stream, since its camera is followed."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._last_s, self._left_s = 0.0, 0.0
        self._free_since = float("-inf")

    @property
    def is_alone(self) -> bool:
        """Whether it is read alone."""
        return self._left_s > 0

    @property
    def stay_s(self) -> float | None:
        """How long it is read in one piece now; None: without an end."""
        return min(self._left_s, STAY_S) if self.is_alone else None

    def harmed(self) -> None:
        """It has ended its process."""
        if not self.is_alone and self._clock() - self._free_since > FORGIVEN_S:
            self._last_s = 0.0
        self._last_s = self._left_s = min(max(2 * self._last_s, FIRST_S), MOST_S)

    def stayed(self, seconds: float) -> None:
        """It was read alone for so long, and nothing happened."""
        self._left_s -= seconds
        if self._left_s <= 0:
            self._free_since = self._clock()
