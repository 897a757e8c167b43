"""Connected regions of a mask, the largest first."""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.finding import Box
from analytics.video.view import Image


class Region(NamedTuple):
    """A connected region, in pixels of its mask."""

    area: int
    left: int
    top: int
    width: int
    height: int
    x: float
    """Of its centre."""
    y: float
    within: NDArray[np.bool_]
    """(height, width): its own pixels."""
    place: Box = 0.0, 0.0, 1.0, 1.0
    """Where it is, in shares of the picture."""

    @property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of it in the picture."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def around(self, pixels: int) -> tuple[slice, slice]:
        """The same with so many pixels more on each side; a picture may end before."""
        rows = slice(max(self.top - pixels, 0), self.top + self.height + pixels)
        return rows, slice(max(self.left - pixels, 0), self.left + self.width + pixels)


def regions(mask: Image, least: int, most: int = 8) -> Sequence[Region]:
    """The `most` largest regions of at least `least` pixels; their pixels touch at sides or corners."""
    x, y, wide, high = cv2.boundingRect(mask)
    if not wide:
        return ()
    # Their cost is that of the pixels, however few are set, and of 32 bits three times that of 16.
    x, y, wide, high = x & ~1, y & ~1, wide + (x & 1), high + (y & 1)
    part = mask[y : y + high, x : x + wide]
    _, labels, stats, centres = cv2.connectedComponentsWithStats(part, connectivity=8, ltype=cv2.CV_16U)
    areas = stats[1:, cv2.CC_STAT_AREA]
    found = []
    for label in 1 + np.argsort(-areas, kind="stable")[:most]:
        left, top, width, height, area = stats[label].tolist()
        if area < least:
            break
        within = labels[top : top + height, left : left + width] == label
        left, top, (at_x, at_y) = left + x, top + y, centres[label].tolist()
        place = box_of((left, top, left + width, top + height), mask.shape)
        found.append(Region(area, left, top, width, height, at_x + x, at_y + y, within, place))
    return found


def box_of(corners: tuple[float, float, float, float], shape: tuple[int, ...]) -> Box:
    """Left, top, right and bottom in pixels of a mask (rows, columns), the last two not within: as shares of it."""
    rows, columns = shape
    left, top, right, bottom = corners
    return round(left / columns, 3), round(top / rows, 3), round(right / columns, 3), round(bottom / rows, 3)
