"""The colour of a place: what has another colour than it, though it may be as bright."""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.view import SMALL, Image

_OTHER = 13.0
"""Levels of halved differences of channels from which a colour is another: lamps, codecs and clouds change less."""
_EDGES = 0.7
"""Share of the colours around a pixel that it may take on, for edges shake."""


class PlaceColour:
    """Of one camera: (90, 160, 2), how much more red and blue there is than green."""

    def __init__(self) -> None:
        self._place: NDArray[np.float32] = np.full((*SMALL[::-1], 2), 128.0, np.float32)
        self.even: Image = self._place.astype(np.uint8)
        """As `opposed` makes it."""
        self._tolerance: Image = np.zeros(SMALL[::-1], np.uint8)

    def begin(self, now: Image) -> None:
        """The place is what is seen in a first frame, as `opposed` makes it."""
        self._place[:] = now
        self.settle()

    def settle(self) -> None:
        """Make what frames are compared with: a few times a second is often enough."""
        self.even = cv2.convertScaleAbs(self._place)
        around = cv2.morphologyEx(self.even, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
        self._tolerance = cv2.convertScaleAbs(_most(around), alpha=_EDGES, beta=_OTHER)

    def differs(self, now: Image) -> Image:
        """(90, 160): 255 where the colour is another one."""
        found: Image = cv2.compare(_most(cv2.absdiff(now, self.even)), self._tolerance, cv2.CMP_GT)
        return found

    def learn(self, now: Image, weight: float, where: Image | None = None) -> None:
        """Take over what is seen, where it is the place's."""
        cv2.accumulateWeighted(now, self._place, weight, where)

    def replace(self, now: Image, where: NDArray[np.bool_]) -> None:
        """What is seen there has become place."""
        self._place[where] = now[where]


def opposed(channels: tuple[Image, Image, Image]) -> Image:
    """Of blue, green and red (90, 160): (90, 160, 2), how much more red and blue there is, halved, about 128."""
    blue, green, red = channels  # four times as fast as `cv2.transform`
    made: Image = cv2.merge([cv2.addWeighted(one, 0.5, green, -0.5, 128.0) for one in (red, blue)])
    return made


def _most(pair: Image) -> Image:
    made: Image = cv2.max(cv2.extractChannel(pair, 0), cv2.extractChannel(pair, 1))
    return made
