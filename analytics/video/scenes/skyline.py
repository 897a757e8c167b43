"""Where the land ends and the sky begins, as a strip of the picture that is looked at more closely."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Box
from analytics.video.scenes.background import Floats
from analytics.video.view import SMALL, Image

FINE = 2, 4
"""Columns and rows of the strip to one of the small picture: far away all is low and wide."""
_ABOVE, _BELOW = 10, 6
"""Rows of the small picture around the skyline."""
SIZE = SMALL[0] * FINE[0], (_ABOVE + _BELOW) * FINE[1]
"""Width and height of the strip."""
_STEP = 10.0
"""Grey levels that the sky is brighter at least."""
_LEVEL, _MOST = 4, 0.55
"""Rows from its middle, and the share of columns within them: hills are level, roofs and trees are not."""
_SMOOTH = 3.0
"""Grey levels a pixel: a sky has no more."""


class Strip(NamedTuple):
    """Rows of the small picture."""

    top: int
    bottom: int

    def of(self, picture: Image) -> Image:
        """Its part of a frame of any size."""
        height = picture.shape[0]
        return picture[round(self.top * height / SMALL[1]) : round(self.bottom * height / SMALL[1])]

    def place(self, box: Box) -> Box:
        """Where in the picture a part of the strip is."""
        left, top, right, bottom = box
        high = self.bottom - self.top
        upper, lower = (round((self.top + share * high) / SMALL[1], 3) for share in (top, bottom))
        return left, upper, right, lower


def strip_of(place: Image) -> Strip | None:
    """None: there is no skyline that goes on through most of the picture."""
    rows, steps = _steepest(place.astype(np.float32), 1)
    clear = steps > _STEP
    if np.count_nonzero(clear) < _MOST * SMALL[0]:
        return None
    middle = int(np.median(rows[clear]))
    if np.count_nonzero(clear & (np.abs(rows - middle) <= _LEVEL)) < _MOST * SMALL[0]:
        return None
    top, bottom = middle - _ABOVE, middle + _BELOW
    if top < 0 or bottom > SMALL[1]:
        return None
    sky = place[top : middle - _LEVEL].astype(np.float32)
    if float(np.median(np.abs(np.diff(sky, axis=1)))) > _SMOOTH:
        return None
    return Strip(top, bottom)


def land_of(place: Floats) -> NDArray[np.bool_]:
    """Which pixels of a strip lie below the skyline."""
    rows = _steepest(place, FINE[1] // 2)[0].astype(np.float32)
    line = cv2.blur(rows[None, :], (9, 1))[0]
    made: NDArray[np.bool_] = np.arange(place.shape[0])[:, None] > line[None, :] + 0.5
    return made


def _steepest(picture: Floats, reach: int) -> tuple[NDArray[np.intp], Floats]:
    """By column, the last row of the sky where the picture grows darker by most, and by how much."""
    mean = cv2.blur(picture, (3, 2 * reach + 1))
    falls = mean[: -2 * reach - 1] - mean[2 * reach + 1 :]
    rows = falls.argmax(axis=0)
    return rows + reach, np.take_along_axis(falls, rows[None, :], 0)[0]
