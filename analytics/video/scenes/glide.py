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
_FRAME = _FARTHEST // 4
"""Pixels at the edges of the coarse picture that are not looked at: a move brings in what is not known."""
_ONES = np.eye(2, dtype=np.float32)
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
        inner = moved(here, 0, 0, _FRAME)
        across, down = _nearer(was, inner, round(across), round(down))
        if max(abs(across), abs(down)) > _FARTHEST / 2:
            return 0.0, 0.0
        if _apart(moved(was, across, down, _FRAME), inner) > _LEFT * _apart(moved(was, 0, 0, _FRAME), inner):
            return 0.0, 0.0
        return 2 * across, 2 * down


def _coarse(picture: Image) -> Floats:
    half: Floats = cv2.resize(picture[_MARGIN:-_MARGIN], _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32)
    return half


def _apart(one: Floats, other: Floats) -> float:
    return cv2.mean(cv2.absdiff(one, other))[0]


def _nearer(was: Floats, inner: Floats, across: float, down: float) -> tuple[float, float]:
    """A move to the pixel made exact: where slopes of the picture differ least, in two steps."""
    slopes = np.stack([cv2.Sobel(inner, cv2.CV_32F, *way, ksize=3, scale=1 / 8).ravel() for way in ((1, 0), (0, 1))])
    square = slopes @ slopes.T + _ONES
    for _ in range(2):
        left = cv2.subtract(inner, moved(was, across, down, _FRAME)).ravel()
        np.clip(left, -_OUTLIER, _OUTLIER, out=left)
        x, y = np.linalg.solve(square, slopes @ left)
        across, down = across - float(x), down - float(y)
    return across, down


def moved(picture: Array, across: float, down: float, frame: int = 0) -> Array:
    """A picture without its frame, moved right and down by parts of pixels, too; what comes in is as its edge."""
    height, width = picture.shape
    centre = (width - 1) / 2 - across, (height - 1) / 2 - down
    made: Array = cv2.getRectSubPix(picture, (width - 2 * frame, height - 2 * frame), centre)
    return made


def shifted(picture: Array, columns: int, rows: int) -> Array:
    """A picture or map moved to the right and down; what comes in is as its edge."""
    height, width = picture.shape[:2]
    top, bottom, left, right = max(rows, 0), max(-rows, 0), max(columns, 0), max(-columns, 0)
    kept = picture[bottom : height - top, right : width - left]
    made: Array = cv2.copyMakeBorder(kept, top, bottom, left, right, cv2.BORDER_REPLICATE)
    return made
