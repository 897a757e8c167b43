"""Zones and lines of a camera's settings on the small picture."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.settings import Point, VideoSettings, Window
from analytics.video.view import SMALL, Image

_SUB = 4
"""Bits of fractions of a pixel that OpenCV draws with."""


class Area(NamedTuple):
    """Where a kind is looked for."""

    name: str | None
    """None: in the whole picture, for no zone asks for the kind."""
    mask: Image
    """(90, 160): 255 within it."""
    window: Window
    crowded: float
    after_s: float

    def counts(self, when: datetime | None) -> bool:
        """Whether it is looked at now."""
        return self.window.holds(when)


def areas(kind: str, settings: VideoSettings) -> Sequence[Area]:
    """The zones that ask for a kind that the camera looks for; without one, the whole picture."""
    if kind not in settings.kinds:
        return ()
    zones = [
        Area(zone.name, filled(zone.polygon), zone.window, zone.crowded, zone.after_s)
        for zone in settings.zones
        if kind in zone.kinds
    ]
    return zones or [Area(None, np.full(SMALL[::-1], 255, np.uint8), Window(), 0.3, 15.0)]


def watched(kind: str, settings: VideoSettings) -> Image:
    """(90, 160): 0 where a kind is ignored, 255 elsewhere."""
    mask = np.full(SMALL[::-1], 255, np.uint8)
    for area in settings.ignored:
        if kind in area.kinds:
            mask[filled(area.polygon) > 0] = 0
    return mask


def filled(polygon: Sequence[Point]) -> Image:
    """(90, 160): 255 within the polygon, 0 elsewhere; what lies beyond the picture is cut off.

    A polygon that is thinner than a pixel has the pixels of its outline.
    """
    mask = np.zeros(SMALL[::-1], np.uint8)
    scale = np.array(SMALL, np.float64) * (1 << _SUB)
    half = 1 << (_SUB - 1)
    corners = np.round(np.clip(np.array(polygon, np.float64), -1.0, 2.0) * scale).astype(np.int32) - half
    cv2.fillPoly(mask, [corners], 255, shift=_SUB)
    return mask


def across(begin: Point, end: Point, aside: float) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Rows and columns (n,) of pixels along a line, one a pixel, moved `aside` pixels to its right as one walks it.

    What lies beyond the picture is drawn in to its edge.
    """
    size = np.array(SMALL, np.float64)
    a, b = np.array(begin) * size, np.array(end) * size
    length = float(np.hypot(*(b - a)))
    right = np.array([-(b - a)[1], (b - a)[0]]) / max(length, 1e-9)
    steps = np.linspace(0.0, 1.0, max(2, min(4 * SMALL[0], round(length) + 1)))
    points = a + steps[:, None] * (b - a) + aside * right
    columns = np.clip(np.floor(points[:, 0]), 0, SMALL[0] - 1).astype(np.intp)
    rows = np.clip(np.floor(points[:, 1]), 0, SMALL[1] - 1).astype(np.intp)
    return rows, columns
