"""What faults go by: numbers of one frame, taken about once a second."""

from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from analytics.video.view import View

Floats = NDArray[np.float32]


class Measures:
    """Of one frame; each is made when it is first asked for."""

    def __init__(self, view: View) -> None:
        self.view = view

    @cached_property
    def shares(self) -> Floats:
        """(256,): the share of pixels by their grey, of `View.small`."""
        counts = np.bincount(self.view.small.ravel(), minlength=256)
        shares: Floats = (counts / counts.sum()).astype(np.float32)
        return shares

    @cached_property
    def _below(self) -> Floats:
        below: Floats = np.cumsum(self.shares)
        return below

    def grey_at(self, share: float) -> int:
        """The grey that this share of the pixels does not exceed."""
        return int(np.searchsorted(self._below, share - 1e-4))

    @cached_property
    def mean(self) -> float:
        """Grey, 0 .. 255."""
        return float(self.shares @ np.arange(256, dtype=np.float32))

    @cached_property
    def colour_spread(self) -> float:
        """The standard deviation of blue, green and red over the picture, the largest of the three."""
        return float(cv2.meanStdDev(self.view.small_bgr)[1].max())
