"""A frame, and what several detectors need of it: each made at most once, when it is first asked for."""

from datetime import datetime
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]

WIDTH, HEIGHT = 640, 360
"""Of a frame at most: what analysis needs, and what it costs, is known for this size."""
SMALL = 160, 90
"""Width and height of `View.small`, whatever the frame's."""


class View:
    """One frame; `previous` is the one before it, without its own."""

    def __init__(self, t: float, bgr: Image, previous: "View | None" = None, when: datetime | None = None) -> None:
        """`bgr`: uint8 (h, w, 3), at most 640 x 360; `when`: its time of day where the camera is, if it is known."""
        self.t, self.bgr, self.previous, self.when = t, bgr, previous, when

    @cached_property
    def grey(self) -> Image:
        """(h, w)."""
        grey: Image = cv2.cvtColor(self.bgr, cv2.COLOR_BGR2GRAY)
        return grey

    @cached_property
    def small(self) -> Image:
        """Grey, always (90, 160)."""
        small: Image = cv2.cvtColor(self.small_bgr, cv2.COLOR_BGR2GRAY)
        return small

    @cached_property
    def small_bgr(self) -> Image:
        """Always (90, 160, 3)."""
        height, width = self.bgr.shape[:2]
        by_halves = width >= 2 * SMALL[0] and height >= 2 * SMALL[1] and width % 2 == 0 and height % 2 == 0
        # Halves are made with the instructions of the processor for them: twice as by quarters is four times as fast.
        large = cv2.resize(self.bgr, (width // 2, height // 2), interpolation=cv2.INTER_AREA) if by_halves else self.bgr
        small: Image = cv2.resize(large, SMALL, interpolation=cv2.INTER_AREA)
        return small

    @cached_property
    def channels(self) -> tuple[Image, Image, Image]:
        """Blue, green and red of `small_bgr`, each (90, 160)."""
        blue, green, red = cv2.split(self.small_bgr)
        return blue, green, red

    @cached_property
    def extremes(self) -> tuple[Image, Image]:
        """The brightest channel of each pixel of `small_bgr`, and the darkest; each (90, 160)."""
        blue, green, red = self.channels
        most: Image = cv2.max(cv2.max(blue, green), red)
        least: Image = cv2.min(cv2.min(blue, green), red)
        return most, least

    @cached_property
    def hsv(self) -> Image:
        """(h, w, 3): hue 0 .. 179, saturation and value 0 .. 255."""
        hsv: Image = cv2.cvtColor(self.bgr, cv2.COLOR_BGR2HSV)
        return hsv


def reduced(picture: Image) -> Image:
    """A picture as BGR of at most 640 x 360, its sides in proportion; grey and BGRA are taken, too.

    Raises ValueError for what is no picture of uint8.
    """
    if picture.dtype != np.uint8 or picture.ndim not in (2, 3) or picture.size == 0:
        raise ValueError(f"a frame is uint8 (h, w, 3), not {picture.dtype} {picture.shape}")
    if picture.ndim == 2 or picture.shape[2] == 1:
        picture = cv2.cvtColor(picture, cv2.COLOR_GRAY2BGR)
    elif picture.shape[2] == 4:
        picture = cv2.cvtColor(picture, cv2.COLOR_BGRA2BGR)
    elif picture.shape[2] != 3:
        raise ValueError(f"a frame has 1, 3 or 4 channels, not {picture.shape[2]}")
    height, width = picture.shape[:2]
    scale = min(WIDTH / width, HEIGHT / height)
    if scale < 1:
        sides = max(1, round(width * scale)), max(1, round(height * scale))
        picture = cv2.resize(picture, sides, interpolation=cv2.INTER_AREA)
    return picture
