"""What differs from the place though nothing came: light that creeps, and what was there before it counted.

A model that began with a car knows a ghost of it as place. The bare road differs from it from then on, but counts only
once the noise of the beginning is forgotten, when nothing moves any more. What is put down differs by more at once.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.video.view import SMALL, Image

_ALREADY = 0.7
"""Share of what a pixel differs by, when it begins to count, by which it differed a look before."""


class Emerged:
    """Of one camera; looked at once a second. Its arrays are (90, 160)."""

    def __init__(self) -> None:
        shape = SMALL[::-1]
        self.here: NDArray[np.bool_] = np.zeros(shape, np.bool_)
        """Where what differs had done so before it counted."""
        self._apart: Image = np.zeros(shape, np.uint8)
        self._differed: NDArray[np.bool_] = np.zeros(shape, np.bool_)

    def begin(self) -> None:
        """Another place."""
        self.here[:] = self._differed[:] = False
        self._apart = np.zeros_like(self._apart)

    def look(self, apart: Image, differs: NDArray[np.bool_], known: NDArray[np.bool_]) -> None:
        """`apart`: levels from the place; `differs`: where that counts; `known`: where something stands already."""
        counts = differs & ~self._differed & ~known
        np.copyto(self.here, self._apart >= _ALREADY * apart, where=counts)
        self._apart, self._differed = apart, differs

    def replaced(self, new: NDArray[np.bool_]) -> None:
        """Where another thing has taken the place of what stood there: it came."""
        self.here &= ~new
