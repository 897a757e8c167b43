"""What returns to how it looked when it stood still: bare ground that the model of the place does not know.

A model that began with a car knows the car as place for minutes: the bare road that it left differs all the time, as if
something soft hid it, and other cars that pass make it stir. Smoke never stands still, and never looks the same again.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats

CALM = 1.5
"""Grey levels by which a cell changes less in a step when it stands still."""
CALM_STEPS = 5
"""For which it stands still until it is known how it looks then: the dark of dense smoke lasts for less."""
_UNKNOWN = 1e6


class Returns:
    """Of each cell the newest look at which it stood still."""

    def __init__(self, shape: tuple[int, int]) -> None:
        self._calm: NDArray[np.int32] = np.zeros(shape, np.int32)
        self._look: Floats = np.full(shape, _UNKNOWN, np.float32)

    def begin(self) -> None:
        """Another place: nothing is known."""
        self._calm[:] = 0
        self._look[:] = _UNKNOWN

    def apart(self, veil: Floats, apart: Floats, step: Floats) -> Floats:
        """How far each cell is from the place, or from how it looked when it stood still: the lesser of the two.

        `veil`: by how much it is brighter than the place; `apart`: how far it is from it; `step`: how much it changed.
        """
        self._calm += 1
        self._calm[step >= CALM] = 0
        np.copyto(self._look, veil, where=self._calm >= CALM_STEPS)
        made: Floats = np.minimum(apart, np.abs(veil - self._look))
        return made
