"""What returns to how it looked before: bare ground that the model of the place does not know.

A model that began with a car knows the car as place for minutes: the bare road that it left differs all the time, as if
something soft hid it, and other cars that pass make it stir. In traffic it never stands still for long, but shows
itself between cars again and again. Smoke never stands still, and never looks the same again.
"""

from collections import deque
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats

CALM = 1.5
"""Grey levels by which a cell changes less in a step when it stands still."""
CALM_STEPS = 5
"""For which it stands still until it is known how it looks then: the dark of dense smoke lasts for less."""
LOOKS = 25
"""In which a cell that comes home is known: 10 s."""
_SAME = 2.0
"""Grey levels around its middle one in which a cell is at home: bare ground is, of dense smoke only the black is."""
_HOME = 0.45
"""Share of the looks in which it is there at least."""
_RENEWED = 5
"""Looks after which homes are known anew."""
_UNKNOWN = 1e6


def homes(looks: Sequence[Floats], within: float) -> tuple[Floats, NDArray[np.bool_]]:
    """The middle look of each cell, and whether it comes back to it, within so many grey levels."""
    stack = np.stack(looks)
    middle: Floats = np.median(stack, axis=0)
    known: NDArray[np.bool_] = (np.abs(stack - middle) < within).mean(axis=0) >= _HOME
    return middle, known


class Returns:
    """Of each cell the newest look at which it stood still, and the one that it comes back to."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._calm: NDArray[np.int32] = np.zeros(shape, np.int32)
        self._look, self._home = (np.full(shape, _UNKNOWN, np.float32) for _ in range(2))
        self._looks: deque[Floats] = deque(maxlen=LOOKS)
        self._count = 0

    def begin(self) -> None:
        """Another place: nothing is known."""
        self._calm[:] = 0
        self._look[:], self._home[:] = _UNKNOWN, _UNKNOWN
        self._looks.clear()
        self._count = 0

    def apart(self, veil: Floats, apart: Floats, step: Floats) -> Floats:
        """How far each cell is from the place, from how it looked when it stood still, and from home: the least of it.

        `veil`: by how much it is brighter than the place; `apart`: how far it is from it; `step`: how much it changed.
        """
        self._calm += 1
        self._calm[step >= CALM] = 0
        np.copyto(self._look, veil, where=self._calm >= CALM_STEPS)
        self._looks.append(veil)
        self._count += 1
        if len(self._looks) == LOOKS and self._count % _RENEWED == 0:
            middle, known = homes(self._looks, _SAME)
            self._home = np.where(known, middle, np.float32(_UNKNOWN))
        made: Floats = np.minimum(apart, np.minimum(np.abs(veil - self._look), np.abs(veil - self._home)))
        return made
