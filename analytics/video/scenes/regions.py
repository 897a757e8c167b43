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
    count, labels, stats, centres = cv2.connectedComponentsWithStats(mask, connectivity=8)
    if count < 2:
        return ()
    areas = stats[1:, cv2.CC_STAT_AREA]
    found = []
    for label in 1 + np.argsort(-areas, kind="stable")[:most]:
        left, top, width, height, area = (int(one) for one in stats[label])
        if area < least:
            break
        within = labels[top : top + height, left : left + width] == label
        place = box_of((left, top, left + width, top + height), mask.shape)
        x, y = (float(one) for one in centres[label])
        found.append(Region(area, left, top, width, height, x, y, within, place))
    return found


def box_of(corners: tuple[float, float, float, float], shape: tuple[int, ...]) -> Box:
    """Left, top, right and bottom in pixels of a mask (rows, columns), the last two not within: as shares of it."""
    rows, columns = shape
    left, top, right, bottom = corners
    return round(left / columns, 3), round(top / rows, 3), round(right / columns, 3), round(bottom / rows, 3)
