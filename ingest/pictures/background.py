"""What is known of a camera's place: what has looked the same on several occasions is place, all else may be a person.

Nobody stands for minutes without moving his head by a hand's breadth, and who does so on one occasion is not there at
the next. So a tile is place once it has looked the same on so many occasions, apart in time; a camera that sends its
pictures in quick succession teaches nothing by that. What is remembered is small (192 pixels the longer side), and in
memory alone.
"""

import zlib
from typing import NamedTuple

import cv2
import msgspec
import numpy as np
from numpy.typing import NDArray

SIDE = 192
"""Pixels of the longer side of what is remembered: a person of whom a face could be made out has 15 x 4 of them."""
TILE = 3
"""Pixels of a side of a tile: 20 of 1,280."""
VIEWS = 2
"""Of a camera: by day and by night, or two presets. A third one displaces the one that was not seen for longest."""
MOST = 20
"""Occasions that are counted: a tile that is another from now on is learned anew after half as many at the latest."""
SAME = 0.5
"""Share of tiles that must be as known for a picture to be of a view."""
_LEVEL, _TEXTURE, _COLOUR = 7.0, 3.5, 5.0
"""Grey levels by which a tile differs: as a whole, in its texture (mean), and in colour. Noise of JPEG is about 1."""
_BRIGHTER = 2.2
"""By how much the light may have changed between two pictures of one view."""

Small = NDArray[np.uint8]
Tiles = NDArray[np.bool_]


class View(NamedTuple):
    """A place as it is remembered."""

    width: int
    height: int
    last: int
    """Microseconds: of the last occasion that was counted."""
    small: bytes
    """YCrCb, height x width x 3."""
    counts: bytes
    """On how many occasions each tile has looked as in `small`, (height / TILE) x (width / TILE)."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[View])


def views_in(memory: bytes) -> list[View]:
    """What `packed` made."""
    return _decoder.decode(zlib.decompress(memory)) if memory else []


def packed(views: list[View]) -> bytes:
    """As the gate keeps it between two pictures."""
    return zlib.compress(_encoder.encode(views), 1)


def reduced(picture: Small) -> Small:
    """A picture (BGR) as it is remembered: YCrCb, sides multiples of TILE."""
    height, width = picture.shape[:2]
    factor = SIDE / max(height, width)
    sides = [max(TILE, round(side * factor / TILE) * TILE) for side in (width, height)]
    small: Small = cv2.cvtColor(cv2.resize(picture, sides, interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2YCrCb)
    return small


class Background:
    """A camera's place, as it is known when a picture comes."""

    def __init__(self, small: Small, memory: bytes, occasions: int) -> None:
        """`small` is the picture, as `reduced` gives it."""
        self._small, self._occasions = small, occasions
        height, width = small.shape[:2]
        self._shape = height // TILE, width // TILE
        self._views = [view for view in views_in(memory) if (view.width, view.height) == (width, height)]
        self._view: View | None = None
        self._counts = np.zeros(self._shape, np.uint8)
        self._same = np.zeros(self._shape, np.bool_)
        for view in self._views:
            same = same_tiles(small, np.frombuffer(view.small, np.uint8).reshape(small.shape))
            if same.mean() > max(SAME, self._same.mean()):
                self._view, self._same = view, same
        if self._view is not None:
            self._counts = np.frombuffer(self._view.counts, np.uint8).reshape(self._shape).copy()

    @property
    def place(self) -> Tiles:
        """Tiles that are place and look so in the picture."""
        return self._same & (self._counts >= self._occasions)

    @property
    def ripens(self) -> bool:
        """Whether tiles become place by this occasion; likenesses in them are to be found first."""
        return bool((self._same & (self._counts == self._occasions - 1)).any())

    def is_occasion(self, now: int, apart: int) -> bool:
        """Whether the picture, received at `now`, teaches something; `apart` microseconds after the last that did."""
        return self._view is None or not 0 <= now - self._view.last < apart

    def learned(self, now: int, suspicious: Tiles) -> bytes:
        """What is known after the picture, an occasion; `suspicious` tiles begin anew."""
        view, counts = self._view, self._counts
        if view is None:
            kept = sorted(self._views, key=lambda one: one.last)[-(VIEWS - 1) :]
            height, width = self._small.shape[:2]
            ones = np.ones(self._shape, np.uint8)
            first = View(width, height, now, self._small.tobytes(), ones.tobytes())
            return packed([*kept, first])
        before = np.frombuffer(view.small, np.uint8).reshape(self._small.shape)
        counts = (
            np.where(self._same, np.minimum(counts + 1, MOST), counts.astype(np.int16) - 2).clip(0).astype(np.uint8)
        )
        anew = counts == 0
        counts[anew] = 1
        counts[suspicious] = 0
        whole = _enlarged(anew, self._small.shape)
        blended = cv2.addWeighted(before, 0.75, self._small, 0.25, 0)
        small = np.where(_enlarged(self._same, self._small.shape), blended, before)
        small = np.where(whole, self._small, small)
        others = [one for one in self._views if one is not view]
        return packed([*others, view._replace(last=now, small=small.tobytes(), counts=counts.tobytes())])


def same_tiles(small: Small, before: Small) -> Tiles:
    """Tiles that look as before, but for the light and for a camera that sways by a pixel."""
    light, known = small[..., 0].astype(np.float32), before[..., 0].astype(np.float32)
    bright, was = float(np.median(light)) + 8, float(np.median(known)) + 8
    gain = bright / was
    if not 1 / _BRIGHTER < gain < _BRIGHTER:
        return np.zeros((small.shape[0] // TILE, small.shape[1] // TILE), np.bool_)
    known = known * gain
    kernel = np.ones((3, 3), np.uint8)
    least, most = cv2.erode(known, kernel), cv2.dilate(known, kernel)
    beyond = np.maximum(np.maximum(least - light, light - most), 0)
    level = np.abs(_tiled(light - known).mean(axis=(1, 3)))
    texture = _tiled(beyond).mean(axis=(1, 3))
    colours = np.abs(small[..., 1:].astype(np.int16) - before[..., 1:]).max(axis=2).astype(np.float32)
    colour = _tiled(colours).mean(axis=(1, 3))
    same: Tiles = (level < _LEVEL) & (texture < _TEXTURE) & (colour < _COLOUR)
    return same


def _tiled(values: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = values.shape
    return values.reshape(height // TILE, TILE, width // TILE, TILE)


def _enlarged(tiles: Tiles, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    return np.repeat(np.repeat(tiles, TILE, 0), TILE, 1)[..., None] & np.ones(shape, np.bool_)
