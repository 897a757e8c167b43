"""What faults go by: numbers of one frame, taken about once a second.

Blocks are (9, 16), whatever the frame's size.
"""

from functools import cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.view import View

Floats = NDArray[np.float32]

BLOCKS = 16, 9
"""Columns and rows."""
LAPLACE = 3.57
"""The mean of |Laplacian| of white noise, in its standard deviations."""
PLACE = 9
"""Pixels of `View.small` across which structure counts; what is wider is light."""
CLIPPED = 250
LARGE = 1 << 15
"""Pixels from which on sums of rows are worth it."""
ALL = np.arange(256, dtype=np.float32)


def by_block(image: NDArray[Any]) -> Floats:
    """The mean of each block (9, 16) of a picture (h, w) or (h, w, channels); whole numbers of one of uint8."""
    if _falls_into_blocks(image):
        return np.asarray(np.rint(_means(image)), np.float32)
    return np.asarray(cv2.resize(image, BLOCKS, interpolation=cv2.INTER_AREA), np.float32)


def _falls_into_blocks(image: NDArray[Any]) -> bool:
    """Whether it is large, of uint8, and has blocks of whole pixels: sums of rows take half the time of a resize."""
    large = image.dtype == np.uint8 and image.ndim == 2 and image.size > LARGE
    return large and image.shape[0] % BLOCKS[1] == 0 and image.shape[1] % BLOCKS[0] == 0


def _means(image: NDArray[np.uint8]) -> Floats:
    """The mean of each block, to fractions, of what falls into blocks."""
    high, wide = image.shape[0] // BLOCKS[1], image.shape[1] // BLOCKS[0]
    rows = cv2.reduce(image.reshape(-1, wide), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    sums = rows.reshape(BLOCKS[1], high, BLOCKS[0]).sum(1)
    return np.asarray(sums.astype(np.float32) * np.float32(1 / (high * wide)), np.float32)


def _by_strips(grey: NDArray[np.uint8], strips: int) -> Floats:
    """(h / 2, strips): the mean of two rows each, in strips of the width; whole numbers."""
    height, width = grey.shape
    if height % 2 or width % strips:
        size = strips, max(1, height // 2)
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
    sums = cv2.reduce(grey.reshape(-1, width // strips), 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    pairs = sums.reshape(height // 2, 2, strips).sum(1)
    return np.asarray(np.rint(pairs.astype(np.float32) * np.float32(strips / (2 * width))), np.float32)


def edges(grey: NDArray[Any]) -> NDArray[np.uint8]:
    """|Laplacian|, at most 255."""
    return np.asarray(cv2.convertScaleAbs(cv2.Laplacian(grey, cv2.CV_16S)), np.uint8)


def correlation(shared: Floats, power: Floats, other: Floats) -> Floats:
    """Of two structures, by block, -1 .. 1, by their product and the power of each; 0 where one of them has none."""
    return np.asarray(shared / np.sqrt(power * other + np.float32(0.05)), np.float32)


def structure_of(small: NDArray[Any]) -> Floats:
    """A grey picture (90, 160) without what is wider than PLACE pixels: that is light."""
    given = small.astype(np.float32)
    return np.asarray(cv2.subtract(given, cv2.blur(given, (PLACE, PLACE))), np.float32)


def _along_strips(grey: NDArray[np.uint8], strips: int) -> Floats:
    """(w / 2, strips): the mean of two columns each, in strips of the height; whole numbers."""
    height, width = grey.shape
    if width % 2 or height % strips:
        size = max(1, width // 2), strips
        return np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA).T, np.float32)
    parts = [cv2.reduce(part, 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S) for part in grey.reshape(strips, -1, width)]
    pairs = np.vstack(parts).reshape(strips, width // 2, 2).sum(2)
    return np.asarray(np.rint(pairs.T.astype(np.float32) * np.float32(strips / (2 * height))), np.float32)


def without_light(profiles: Floats) -> Floats:
    """Profiles (length, strips) without what is wider than half of them."""
    across = np.ascontiguousarray(profiles.T)  # along rows it takes a third
    wide = max(3, len(profiles) // 2)
    return np.ascontiguousarray(cv2.subtract(across, cv2.blur(across, (wide, 1))).T)


class Measures:
    """Of one frame; each is made when it is first asked for. `last`: those of the look before, or None."""

    def __init__(self, view: View, last: "Measures | None" = None) -> None:
        self.view = view
        self._before = None if view.previous is None else view.previous.grey
        same = last is not None and last.view.grey.shape == view.grey.shape
        self._last = last if same else None
        self.last_rows = last.rows if last is not None and same else None
        """`rows` of the look before."""

    @cached_property
    def shares(self) -> Floats:
        """(256,): the share of pixels by their grey, of `View.small`."""
        counts = cv2.calcHist([self.view.small], [0], None, [256], [0, 256])[:, 0]
        return np.asarray(counts / np.float32(self.view.small.size), np.float32)

    @cached_property
    def _below(self) -> Floats:
        return np.asarray(np.cumsum(self.shares), np.float32)

    def grey_at(self, share: float) -> int:
        """The grey that this share of the pixels does not exceed."""
        return int(np.searchsorted(self._below, share - 1e-4))

    @cached_property
    def mean(self) -> float:
        """Grey, 0 .. 255."""
        return float(self.shares @ ALL)

    @cached_property
    def clipped(self) -> float:
        """The share of pixels that are as bright as they can be."""
        return float(self.shares[CLIPPED:].sum())

    @cached_property
    def light(self) -> Floats:
        """Grey by block."""
        return by_block(self.view.small)

    @cached_property
    def chroma(self) -> Floats:
        """(9, 16, 2): the logarithms of red and of blue over green, by block: a gain of a channel moves all alike."""
        blue, green, red = np.moveaxis(np.log(by_block(self.view.small_bgr) + 8), 2, 0)
        return np.stack((red - green, blue - green), axis=2)

    @cached_property
    def saturation(self) -> float:
        """What the brightest channel has over the darkest on the mean, as a share of the mean grey; 0 is grey."""
        return float(cv2.mean(cv2.subtract(*self.view.extremes))[0]) / (self.mean + 4)

    @cached_property
    def structure(self) -> Floats:
        """(90, 160): see `structure_of`."""
        return structure_of(self.view.small)

    @cached_property
    def power(self) -> Floats:
        """The variance of the structure, by block."""
        return by_block(cv2.multiply(self.structure, self.structure))

    @cached_property
    def _edges(self) -> NDArray[np.uint8]:
        return edges(self.view.grey)

    @cached_property
    def fine(self) -> Floats:
        """By block, the standard deviation of white noise that would have as much of the finest detail."""
        return by_block(self._edges) / np.float32(LAPLACE)

    @cached_property
    def coarse(self) -> Floats:
        """The same at half the size: of white noise there is half as much, of a place as much or more."""
        height, width = self.view.grey.shape
        half = max(1, width // 2), max(1, height // 2)
        return by_block(edges(cv2.resize(self.view.grey, half, interpolation=cv2.INTER_AREA))) / np.float32(LAPLACE)

    @cached_property
    def peaks(self) -> Floats:
        """The sharpest edge of each block, 0 .. 255: a codec keeps it where it smoothes what is fine."""
        found = self._edges
        if found.shape[0] < BLOCKS[1] or found.shape[1] < BLOCKS[0]:
            found = np.asarray(cv2.resize(found, BLOCKS, interpolation=cv2.INTER_NEAREST), np.uint8)
        high, wide = found.shape[0] // BLOCKS[1], found.shape[1] // BLOCKS[0]
        whole = found[: high * BLOCKS[1], : wide * BLOCKS[0]].reshape(BLOCKS[1], high, -1).max(1)
        return np.asarray(whole.reshape(BLOCKS[1], BLOCKS[0], wide).max(2), np.float32)

    @cached_property
    def flicker(self) -> Floats | None:
        """As `fine`, of what comes and goes from frame to frame."""
        if self._before is None:
            return None
        change = cv2.addWeighted(self.view.grey, 0.5, self._before, -0.5, 128)  # half of it: uint8 is 4 times as fast
        return by_block(edges(change)) / np.float32(LAPLACE * np.sqrt(0.5))

    @cached_property
    def change(self) -> Floats | None:
        """How far pixels have moved since the look before, by block."""
        if self._last is None:
            return None
        apart = cv2.absdiff(self.view.grey, self._last.view.grey)
        return _means(apart) if _falls_into_blocks(apart) else by_block(apart.astype(np.float32))

    @cached_property
    def settled(self) -> Floats | None:
        """Correlation of the structure with that of the look before, by block, -1 .. 1."""
        last = self._last
        if last is None:
            return None
        return correlation(by_block(cv2.multiply(self.structure, last.structure)), self.power, last.power)

    @cached_property
    def rows(self) -> Floats:
        """(h / 2, 8): grey by rows, of 8 strips of the width, without what is wider than half the picture: light."""
        return without_light(_by_strips(self.view.grey, 8))

    @cached_property
    def columns(self) -> Floats:
        """(w / 2, 6): grey by columns, of 6 strips of the height, without light."""
        return without_light(_along_strips(self.view.grey, 6))

    def seen(self) -> "Measures":
        """Make what needs the frames before, and let go of them."""
        _ = self.change, self.settled
        self._last = self._before = self.last_rows = None
        return self
