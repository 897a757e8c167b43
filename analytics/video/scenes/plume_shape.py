"""How something that differs from the place has come: from where, into which direction, and whether it stays."""

from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats
from analytics.video.scenes.changes import Changes
from analytics.video.scenes.evidence import level, ramp
from analytics.video.scenes.regions import Region

_LATER_S = 3.0
"""After the first: what comes as a whole has no pixel that came so late."""

_YOUNGEST_S, _LEAST_GROWN = 4.0, 0.15
"""Younger things, and those that have grown less, are no plumes yet."""
_CUT = 8
"""Rows below which it is the lower rim of a cloud that the upper edge of the picture cuts off."""

_BAND = 64
"""Columns from which on something flat is a strip of the sky in another light."""


class Shape(NamedTuple):
    """Of a region."""

    first: NDArray[np.intp]
    """The quarter of its pixels that has differed for longest, as indices of `region.within`'s."""
    age: float
    """Seconds since it began."""
    grown: float
    """Share of its pixels that came later than the first ones."""
    rise: float
    """0 .. 1: the newest part lies above the first one."""
    anchored: float
    """0 .. 1: the first part lies at the bottom, and little of what belonged to it has been left."""
    strength: float
    """Grey levels, in the middle."""
    sharp: float
    """Of its sharpest edges a pixel, in parts of its strength."""
    root: float
    """Grey levels a pixel of the place's edges where it began: a sky has none."""


def shape_of(region: Region, known: Changes) -> Shape | None:
    """None: it has not risen from a place of its own."""
    box, within = region.box, region.within
    ages = known.since[box][within]
    age = level(ages, 0.9)
    grown = float(np.count_nonzero(ages < age - _LATER_S)) / ages.size
    cut = region.top == 0 and region.height < _CUT
    cut = cut or region.width > max(_BAND, 4 * region.height)
    if cut or age < _YOUNGEST_S or grown < _LEAST_GROWN:
        return None
    rows, columns = np.nonzero(within)
    order = np.argsort(-ages, kind="stable")
    first, last = order[: max(3, order.size // 4)], order[-max(3, (2 * order.size) // 5) :]
    low, high = float(rows[first].mean()), float(rows[last].mean())
    up, aside = low - high, abs(float(columns[last].mean() - columns[first].mean()))
    rise = (
        ramp(up / max(region.height, 3), 0.05, 0.2) * ramp(up, 0.2, 0.8) * ramp(up, 0.05 * aside, 0.12 * aside + 0.01)
    )
    around = region.around(3)
    kept = region.area / (region.area + float(known.lost[around].sum()))
    anchored = ramp((low + 0.5) / region.height, 0.5, 0.68) * ramp(kept, 0.4, 0.65)
    if min(rise, anchored) <= 0:
        return None
    much = np.abs(known.apart[box][within])
    y, x = int(region.top + low), int(region.left + float(columns[first].mean()))
    return Shape(
        first=first,
        age=age,
        grown=grown,
        rise=rise,
        anchored=anchored,
        strength=level(much, 0.5),
        sharp=level(_slope(known.apart[around]), 0.9) / max(level(much, 0.9), 1.0),
        root=level(_slope(known.place[max(y - 2, 0) : y + 6, max(x - 4, 0) : x + 5]), 0.85),
    )


def _slope(picture: Floats) -> Floats:
    made: Floats = cv2.magnitude(
        cv2.Sobel(picture, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(picture, cv2.CV_32F, 0, 1, scale=0.125)
    )
    return made
