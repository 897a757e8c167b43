"""By how much all of a picture has moved since the frame before: a camera that glides, pans or sways."""

from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.view import SMALL, Image

Array = TypeVar("Array", bound=NDArray[Any])

_STIR = 6.0
"""Grey levels that change in the mean where it is looked for: below it costs nothing."""
_COARSE = SMALL[0] // 2, SMALL[1] // 2
_FARTHEST = 16
"""Pixels of 160 between two frames."""
_LEFT = 0.75
"""The share of the change that may be left once the move is undone: less is left of a true one."""
_WINDOW: NDArray[np.float32] = cv2.createHanningWindow(_COARSE, cv2.CV_32F)


class Glide:
    """Of one camera; parts of a pixel are kept for the next frame."""

    def __init__(self) -> None:
        self._rest = 0.0, 0.0

    def seen(self, before: Image, now: Image) -> tuple[int, int]:
        """Columns and rows by which what was in `before` (90, 160) has moved in `now`; 0, 0 where it stands."""
        change = cv2.mean(cv2.absdiff(before, now))[0]
        if change < _STIR:
            self._rest = 0.0, 0.0
            return 0, 0
        was, here = (cv2.resize(one, _COARSE, interpolation=cv2.INTER_AREA).astype(np.float32) for one in (before, now))
        (across, down), _ = cv2.phaseCorrelate(was, here, _WINDOW)
        whole = 2 * across + self._rest[0], 2 * down + self._rest[1]
        columns, rows = round(whole[0]), round(whole[1])
        if max(abs(columns), abs(rows)) > _FARTHEST or not (columns or rows):
            self._rest = (0.0, 0.0) if columns or rows else whole
            return 0, 0
        left, columns, rows = min(
            (cv2.mean(cv2.absdiff(shifted(before, columns + x, rows + y), now))[0], columns + x, rows + y)
            for x, y in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1))
        )
        if left > _LEFT * change:
            self._rest = 0.0, 0.0
            return 0, 0
        self._rest = _half(whole[0] - columns), _half(whole[1] - rows)
        return columns, rows


def shifted(picture: Array, columns: int, rows: int) -> Array:
    """A picture or map moved to the right and down; what comes in is as its edge."""
    move = np.array([[1, 0, columns], [0, 1, rows]], np.float32)
    made: Array = cv2.warpAffine(picture, move, SMALL, flags=cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
    return made


def _half(rest: float) -> float:
    return min(max(rest, -0.5), 0.5)
