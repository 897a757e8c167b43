"""Makes a clip of frames: each as a picture that has passed the gate; then encoded.

An animated WebP plays in every browser, is made in memory, for this process
may write no file, and is free of patents; OpenCV's FFmpeg makes VP8 in twice the time and of nine times the size, and
no H.264.
"""

import time
from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

from hub.clip import MOST_BYTES, NO_FRAMES, TOO_MANY_BYTES, TOO_SLOW, Clip, no_clip
from ingest.clips.place import Place
from ingest.clips.ring import APART_S, Kept
from ingest.pictures.background import Tiles
from ingest.pictures.blocks import Box, Stir, boxes_of, put_in_blocks
from ingest.video.decoding import Picture

PLACE_S = 1.0
"""How often the place is shown anew."""
CPU_S = 3.0
"""What putting a clip in blocks may take; 50 frames take 0.2 s, encoding another 0.2."""
QUALITIES = (60, 30)


def made(frames: Sequence[Kept], at: float, place: Place) -> Clip:
    """A clip of frames, of which `at` is the time of the event; or why there is none."""
    began = time.thread_time()
    pictures, times = list[Picture](), list[float]()
    for kept in frames:
        picture = np.asarray(cv2.imdecode(np.frombuffer(kept.jpeg, np.uint8), cv2.IMREAD_COLOR), np.uint8)
        if pictures and pictures[-1].shape != picture.shape:  # its size has changed: what came before is another clip
            pictures.clear()
            times.clear()
        pictures.append(picture)
        times.append(kept.t)
    if len(pictures) < 2:
        return no_clip(NO_FRAMES)
    unknown = list[Tiles]()
    for picture in pictures:
        unknown.append(place.unknown(picture))
        if time.thread_time() - began > CPU_S:
            return no_clip(TOO_SLOW)
    height, width = pictures[0].shape[:2]
    shown = Shown(place.stir)
    frames_shown = [
        shown.frame(t, picture, boxes_of(_around(unknown, number), width, height))
        for number, (t, picture) in enumerate(zip(times, pictures, strict=True))
    ]
    webp = _encoded(frames_shown, times)
    if not webp:
        return no_clip(TOO_MANY_BYTES)
    seconds = times[-1] - times[0] + APART_S
    return Clip(webp, width, height, round(seconds, 2), round(max(0.0, at - times[0]), 2), shown.is_nothing)


class Shown:
    """What a clip shows, frame by frame: the place as it is once a second, all else in blocks as it is in each frame.

    A place that stands still between two looks costs a fifth of the bytes, and no stir below what tells a tile from the
    place is shown fifty times.
    """

    def __init__(self, stir: Stir) -> None:
        self._stir = stir
        self._place: Picture | None = None
        self._hidden: Tiles = np.empty((0, 0), np.bool_)
        """Pixels of `_place` that are not to be shown: there was something else."""
        self._at = float("-inf")
        self.is_nothing = True
        """No frame has shown any of the place."""

    def frame(self, t: float, picture: Picture, boxes: list[Box] | None) -> Picture:
        """A frame as it may be shown; `boxes`: what is not place, None for all."""
        if boxes is None:
            made = picture.copy()
            put_in_blocks(made, None, self._stir)
            return made
        self.is_nothing = False
        hidden: Tiles = np.zeros(picture.shape[:2], np.bool_)
        for left, top, width, height in boxes:
            hidden[top : top + height, left : left + width] = True
        if self._place is None or t - self._at >= PLACE_S:
            self._place, self._hidden, self._at = picture.copy(), hidden, t
        else:
            seen = self._hidden & ~hidden
            self._place[seen] = picture[seen]
            self._hidden &= hidden
        made = np.where(hidden[..., None], picture, self._place)
        put_in_blocks(made, boxes, self._stir)
        return made


def _around(unknown: Sequence[Tiles], number: int) -> Tiles:
    """What is not place in a frame, the one before it or the one after: what moves is seen by one of them."""
    tiles: Tiles = np.logical_or.reduce(unknown[max(0, number - 1) : number + 2])
    return tiles


def _encoded(pictures: Sequence[Picture], times: Sequence[float]) -> bytes:
    """b"" where it is too large at any quality."""
    animation = cv2.Animation()
    animation.frames = list(pictures)
    apart = [round(1000 * (later - t)) for t, later in pairwise(times)]
    animation.durations = [min(max(each, 20), 5000) for each in [*apart, round(1000 * APART_S)]]
    for quality in QUALITIES:
        done, content = cv2.imencodeanimation(".webp", animation, [cv2.IMWRITE_WEBP_QUALITY, quality])
        if done and len(content) <= MOST_BYTES:
            return content.tobytes()
    return b""
