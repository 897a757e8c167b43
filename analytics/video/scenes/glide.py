"""By how much all of a picture has moved since the frame before: a camera that glides, pans or sways."""

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats
from analytics.video.view import SMALL, Image

Array = TypeVar("Array", bound=NDArray[Any])

_STIR = 6.0
"""Grey levels that change in the mean where it is looked for: below it costs nothing."""
_MARGIN = 5
"""Rows that are left out above and below: an odd number of halves shifts `cv2.phaseCorrelate` by half a pixel."""
_COARSE = SMALL[0] // 2, SMALL[1] // 2 - _MARGIN
_FARTHEST = 16
"""Pixels of 160 between two frames."""
_LEFT = 0.8
"""The share of the change that may be left once the move is undone: less is left of a true one."""
_OUTLIER = 20.0
"""Grey levels: what differs by more once the pictures lie nearly on each other moves by itself."""
_INNER = slice(_FARTHEST // 4, -_FARTHEST // 4)
_WINDOW: Floats = cv2.createHanningWindow(_COARSE, cv2.CV_32F)


class Glide:
    """Of one camera; parts of a pixel are kept for the next frame."""

    def __init__(self) -> None:
        self._rest = 0.0, 0.0
        self.exact = 0.0, 0.0
        """Columns and rows by which the last frame had moved, with parts of pixels."""

    def seen(self, before: Image, now: Image) -> tuple[int, int]:
        """Columns and rows by which maps of `before` (90, 160) follow what is in `now`; 0, 0 where it stands."""
        self.exact = self._moved(before, now)
        across, down = self._rest[0] + self.exact[0], self._rest[1] + self.exact[1]
        columns, rows = round(across), round(down)
        self._rest = across - columns, down - rows
        return columns, rows

    def _moved(self, before: Image, now: Image) -> tuple[float, float]:
        if cv2.mean(cv2.absdiff(before, now))[0] < _STIR:
            return 0.0, 0.0
        was, here = _coarse(before), _coarse(now)
        across, down = cv2.phaseCorrelate(was.copy(), here.copy(), _WINDOW)[0]  # it writes into what it is given
        across, down = _nearer(was, here, round(across), round(down))
        if max(abs(across), abs(down)) > _FARTHEST / 2:
            return 0.0, 0.0
        if _apart(moved(was, across, down), here) > _LEFT * _apart(was, here):
            return 0.0, 0.0
        return 2 * across, 2 * down


def _coarse(picture: Image) -> Floats:
    half: Floats = cv2.resize(picture[_MARGIN:-_MARGIN], _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32)
    return half


def _apart(one: Floats, other: Floats) -> float:
    return cv2.mean(cv2.absdiff(one, other)[_INNER, _INNER])[0]


def _nearer(was: Floats, here: Floats, across: float, down: float) -> tuple[float, float]:
    """A move to the pixel made exact: where slopes of the picture differ least, in two steps."""
    ways = ((1, 0), (0, 1))
    slopes = [cv2.Sobel(here, cv2.CV_32F, *way, ksize=3, scale=1 / 8)[_INNER, _INNER].ravel() for way in ways]
    square = np.array([[one @ other for other in slopes] for one in slopes]) + np.eye(2)
    for _ in range(2):
        left = np.clip((here - moved(was, across, down))[_INNER, _INNER], -_OUTLIER, _OUTLIER).ravel()
        x, y = np.linalg.solve(square, [one @ left for one in slopes])
        across, down = across - float(x), down - float(y)
    return across, down


def moved(picture: Array, across: float, down: float) -> Array:
    """A picture moved to the right and down by parts of pixels, too; what comes in is as its edge."""
    move = np.array([[1, 0, across], [0, 1, down]], np.float32)
    size = picture.shape[1], picture.shape[0]
    made: Array = cv2.warpAffine(picture, move, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return made


def shifted(picture: Array, columns: int, rows: int) -> Array:
    """A picture or map moved to the right and down; what comes in is as its edge."""
    move = np.array([[1, 0, columns], [0, 1, rows]], np.float32)
    made: Array = cv2.warpAffine(picture, move, SMALL, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return made
