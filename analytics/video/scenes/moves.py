"""What moves as it moved before, where a picture is coloured as flames are: cars, people, banners, texts that run.

A piece of a flame often looks like one beside it a moment ago, so that a move explains half of what changes in it; but
the next change is no move of the same way. What drives or walks goes on as it went.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.scenes.background import Floats, fading
from analytics.video.scenes.flicker import MEMORY_S, Flicker
from analytics.video.scenes.glide import shifted
from analytics.video.scenes.regions import Region
from analytics.video.view import SMALL, Image

REACH = 5
"""Pixels of a move between two frames that is looked for."""
_PIECE = 14
"""Pixels of a side of what may move by itself."""
_UNKNOWN = 127
"""What has not been looked at has no way yet: nothing is said of its first move."""
_LEAST = 25.0
"""Squared levels of red that change in a region at least, for any of it to be a move."""


class Moves:
    """Of one camera: pixel by pixel, how much of the change was a move that went on, over the last seconds."""

    def __init__(self) -> None:
        shape = SMALL[::-1]
        self._share: Floats = np.zeros(shape, np.float32)
        self._weight: Floats = np.zeros(shape, np.float32)
        self._way: NDArray[np.int8] = np.full((*shape, 2), _UNKNOWN, np.int8)

    def begin(self) -> None:
        """Forget all."""
        self._share[:], self._weight[:], self._way[:] = 0.0, 0.0, _UNKNOWN

    def glide(self, columns: int, rows: int) -> None:
        """All of the picture has moved: what was learned moves with it."""
        self._share, self._weight = shifted(self._share, columns, rows), shifted(self._weight, columns, rows)
        self._way = np.roll(self._way, (rows, columns), (0, 1))

    def explained(self, region: Region) -> float:
        """The share of the change within a region that was such a move, 0 .. 1; 0 where none was looked for."""
        weight = float(self._weight[region.box][region.within].sum())
        return float(self._share[region.box][region.within].sum()) / weight if weight > 0 else 0.0

    def learn(self, rows: slice, columns: slice, colour: Image, seen: Flicker, dt: float) -> None:
        """Look at a part of a picture (90, 160, 3), `REACH` pixels from its edges at least."""
        part = _wider(rows), _wider(columns)
        now, was = cv2.blur(colour[part][:, :, 2], (3, 3)), cv2.blur(seen.before[part], (3, 3))
        rest, all_of_it, known = 0.0, 0.0, False
        for piece in _pieces(rows, columns):
            mask = seen.coloured[piece]
            if not cv2.countNonZero(mask):
                continue
            top, left = piece[0].start - part[0].start, piece[1].start - part[1].start
            high, wide = mask.shape
            around = now[top - REACH : top + high + REACH, left - REACH : left + wide + REACH]
            apart = cv2.matchTemplate(around, was[top : top + high, left : left + wide], cv2.TM_SQDIFF, mask=mask)
            left = self._as_before(piece, apart)
            if left is not None:
                unmoved = max(float(apart[REACH, REACH]), 0.0)
                all_of_it += unmoved
                rest += min(unmoved, left)
                known = True
        if not known:
            return
        weight = np.float32(fading(dt, MEMORY_S))
        share, total = self._share[rows, columns], self._weight[rows, columns]
        explained = 1 - rest / all_of_it if all_of_it > _LEAST else 0.0
        share += weight * (np.float32(explained) - share)
        total += weight * (1 - total)

    def _as_before(self, piece: tuple[slice, slice], apart: Floats) -> float | None:
        """What no move as the one before, give or take a pixel, explains; the best move is the next one to go on."""
        way = self._way[piece]
        before = way[way.shape[0] // 2, way.shape[1] // 2].tolist()
        column, row = cv2.minMaxLoc(apart)[2]
        way[:] = row - REACH, column - REACH
        if before[0] == _UNKNOWN:
            return None
        y, x = (min(max(one + REACH, 1), 2 * REACH - 1) for one in before)
        return max(float(apart[y - 1 : y + 2, x - 1 : x + 2].min()), 0.0)


def _pieces(rows: slice, columns: slice) -> list[tuple[slice, slice]]:
    height, width = rows.stop - rows.start, columns.stop - columns.start
    high, wide = max(1, round(height / _PIECE)), max(1, round(width / _PIECE))
    return [
        (
            slice(rows.start + row * height // high, rows.start + (row + 1) * height // high),
            slice(columns.start + column * width // wide, columns.start + (column + 1) * width // wide),
        )
        for row in range(high)
        for column in range(wide)
    ]


def _wider(part: slice) -> slice:
    return slice(part.start - REACH, part.stop + REACH)
