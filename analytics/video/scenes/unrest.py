"""How much of a picture changes from frame to frame all over it: a camera that is carried; and cuts."""

import cv2
import numpy as np

from analytics.video.scenes.background import fading
from analytics.video.scenes.evidence import ramp
from analytics.video.view import Image

MEMORY_S = 1.0
_BLOCKS = 4, 3
_RESTS, _CARRIED = 5.0, 8.0
"""Grey levels by which the middle one of the blocks changes: traffic, leaves and fires stir a part of it only."""
_LIGHT = 9, 9
"""Pixels of 160 x 90: what changes by as much all over so many of them is light."""
_CUT, _LIKE = 25.0, 0.4
"""Grey levels that change at a cut, and how like each other pictures before and after it are at most."""
_COARSE = 32, 18


class Unrest:
    """Of one camera."""

    def __init__(self) -> None:
        self._change = 0.0

    def begin(self) -> None:
        """Nothing has been seen."""
        self._change = 0.0

    @property
    def carried(self) -> float:
        """0 of a camera that stands, 1 of one that is carried so that no glide of all of the picture explains it."""
        return ramp(self._change, _RESTS, _CARRIED)

    def seen(self, before: Image, now: Image, dt: float) -> bool:
        """Take in a frame (90, 160) and the one before it, moved as the camera glides; True at a cut."""
        step = cv2.subtract(now, before, dtype=cv2.CV_16S)
        edges = cv2.convertScaleAbs(cv2.subtract(step, cv2.blur(step, _LIGHT)))
        change = float(np.median(cv2.resize(edges, _BLOCKS, interpolation=cv2.INTER_AREA)))
        if cv2.mean(cv2.absdiff(before, now))[0] > _CUT and _like(before, now) < _LIKE:
            return True
        self._change += fading(dt, MEMORY_S) * (change - self._change)
        return False


def _like(one: Image, other: Image) -> float:
    """The correlation of two pictures, -1 .. 1."""
    small = [cv2.resize(picture, _COARSE, interpolation=cv2.INTER_AREA) for picture in (one, other)]
    return float(cv2.matchTemplate(small[0], small[1], cv2.TM_CCOEFF_NORMED)[0, 0])
