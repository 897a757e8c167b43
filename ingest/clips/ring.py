"""The last seconds of a camera, as JPEG, in memory alone: what a clip is cut from."""

from collections import deque
from typing import NamedTuple

import cv2

from hub.clip import MOST_S
from ingest.video.decoding import Picture

MOST_BYTES = 3 << 20
"""Of a camera: 50 frames of 640 x 360 have 1.6 MB, at night with a noisy sensor twice as much."""
APART_S = 0.2
"""Between two frames that are kept."""
SPARE_S = 1.0
"""Kept longer than a clip is: one is cut with a frame that comes late."""
QUALITY = 85


class Kept(NamedTuple):
    """A frame."""

    t: float
    """Seconds of the stream."""
    jpeg: bytes


class Ring:
    """Of one camera; it holds `seconds` and MOST_BYTES at most, whatever comes."""

    def __init__(self, seconds: float) -> None:
        self._seconds = min(seconds, MOST_S) + SPARE_S
        self._frames: deque[Kept] = deque()
        self.bytes = 0

    def put(self, t: float, picture: Picture) -> None:
        """Keep a frame, if it is not too soon after the last one; where time goes back, what was kept is gone."""
        if self._frames and not 0 <= t - self._frames[-1].t < self._seconds:
            self.clear()
        if self._frames and t - self._frames[-1].t < 0.9 * APART_S:
            return
        jpeg = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()
        self._frames.append(Kept(t, jpeg))
        self.bytes += len(jpeg)
        while self._frames and (self.bytes > MOST_BYTES or t - self._frames[0].t > self._seconds):
            self.bytes -= len(self._frames.popleft().jpeg)

    def cut(self, begin: float, end: float) -> list[Kept]:
        """The frames between two times of the stream."""
        return [each for each in self._frames if begin <= each.t <= end]

    def clear(self) -> None:
        """Forget all."""
        self._frames.clear()
        self.bytes = 0
