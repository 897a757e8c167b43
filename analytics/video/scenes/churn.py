"""How much of what changes from frame to frame no move explains: water churns, what drives or is carried by moves."""

from itertools import product

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.view import Image

_SIDEWAYS, _UP = 8, 3
"""Pixels of 160 x 90 by which a piece may have moved: 160 km/h past a camera that sees 40 m, at 5 frames a second."""
_PIECE = 3, 3
"""Cells of 5 x 5 pixels that move as one: fewer find what is like them anywhere."""
_GRAIN = 0.8
"""Of a sensor, in pixels: it is no change."""


def churned(now: Image, before: Image, cells: NDArray[np.bool_]) -> float:
    """The share of the change within some cells (rows, columns) that is left, 0 .. 1, once each piece of `before`
    is moved to where it fits best; 0 where nothing changes.
    """
    rows, columns = cells.shape
    high, wide = now.shape
    here, was = (cv2.GaussianBlur(grey, (0, 0), _GRAIN) for grey in (now, before))
    around = cv2.copyMakeBorder(was, _UP, _UP, _SIDEWAYS, _SIDEWAYS, cv2.BORDER_REPLICATE)
    left = np.full(cells.shape, np.inf, np.float32)
    for row, column in product(range(2 * _UP + 1), range(2 * _SIDEWAYS + 1)):
        apart = cv2.absdiff(here, around[row : row + high, column : column + wide])
        by_cell = cv2.resize(apart, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32)
        by_piece = cv2.blur(by_cell, _PIECE)
        left = cv2.min(left, by_piece)
        if (row, column) == (_UP, _SIDEWAYS):
            unmoved = float(by_piece[cells].sum())
    return float(left[cells].sum()) / unmoved if unmoved > 0 else 0.0
