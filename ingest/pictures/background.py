"""What is known of a camera's place: what has looked the same on several occasions is place, all else may be a person.

People wait for minutes, not for an hour without moving their heads by a hand's breadth. So a tile is place once it has
looked the same on so many occasions, some minutes apart each; a camera that sends its pictures in quick succession
teaches nothing by that. Where the place is known, what comes into it is hidden for LATER times as many: a car that
parks, who sits down. A second look of a tile (its shade, its lamp) is known beside the first. Other looks make one that
is not known yet begin anew, so that of those who come and go at one spot nobody becomes place by their number.
What is remembered is small (192 pixels the longer side); only what is place leaves the memory of processes.
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
VIEWS = 3
"""Of a camera: by day, by night, and one more. A further one displaces the one that was not seen for longest."""
LATER = 6
"""Times the occasions, for what comes where the place is known."""
SAME = 0.5
"""Share of the tiles that are known which must be as known for a picture to be of a view."""
LEAST = 0.1
"""Share of the tiles that must be known of a view for a picture to be compared with it."""
_LEVEL, _TEXTURE, _COLOUR = 7.0, 3.5, 5.0
"""Grey levels by which a tile differs: as a whole, in its texture (mean), and in colour. Noise of JPEG is about 1."""
_BRIGHTER = 2.2
"""By how much the light may have changed between two pictures of one view."""

Small = NDArray[np.uint8]
Tiles = NDArray[np.bool_]
Counts = NDArray[np.uint8]


class View(NamedTuple):
    """A place as it is remembered: two looks of each tile."""

    width: int
    height: int
    last: int
    """Microseconds: of the last occasion that was counted."""
    small: bytes
    """YCrCb, height x width x 3; black where nothing is known."""
    counts: bytes
    """On how many occasions each tile has looked as in `small`, (height / TILE) x (width / TILE)."""
    other: bytes
    """Another look of tiles that are known."""
    others: bytes
    """On how many occasions more than otherwise."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(list[View])


def views_in(memory: bytes) -> list[View]:
    """What `packed` made."""
    return _decoder.decode(zlib.decompress(memory)) if memory else []


def packed(views: list[View]) -> bytes:
    """As the gate keeps it between two pictures."""
    return zlib.compress(_encoder.encode(views), 1)


def place_of(memory: bytes, occasions: int) -> bytes:
    """What may be kept of a memory: what is place, and nothing that may be a person. Empty where nothing is."""
    kept = list[View]()
    for view in views_in(memory):
        shape = view.height, view.width, 3
        found = list[bytes]()
        for look, counts, least in (view.small, view.counts, occasions), (view.other, view.others, later(occasions)):
            known = np.frombuffer(counts, np.uint8).reshape(view.height // TILE, view.width // TILE) >= least
            found.append(np.where(_enlarged(known, shape), np.frombuffer(look, np.uint8).reshape(shape), 0).tobytes())
            found.append(np.where(known, least, 0).astype(np.uint8).tobytes())
        if any(found[1]):
            kept.append(View(view.width, view.height, view.last, *found))
    return packed(kept) if kept else b""


def later(occasions: int) -> int:
    """Occasions after which another look of a tile is known."""
    return min(LATER * occasions, 255)


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
        self._small, self._occasions, self._later = small, occasions, later(occasions)
        height, width = small.shape[:2]
        self._shape = height // TILE, width // TILE
        self._views = [view for view in views_in(memory) if (view.width, view.height) == (width, height)]
        self._view: View | None = None
        self._counts, self._others = np.zeros(self._shape, np.uint8), np.zeros(self._shape, np.uint8)
        self._same, self._same_other = np.zeros(self._shape, np.bool_), np.zeros(self._shape, np.bool_)
        best, gain = SAME, 1.0
        for view in self._views:
            counts = self._read(view.counts)
            known = counts > 0
            if known.mean() < LEAST:
                continue
            by = gain_of(small, self._image(view.small), known)
            same = same_tiles(small, self._image(view.small), by) & known
            if (alike := same.sum() / known.sum()) > best:
                self._view, self._same, self._counts, best, gain = view, same, counts, alike, by
        if self._view is not None:
            self._others = self._read(self._view.others)
            if self._others.any():
                self._same_other = same_tiles(small, self._image(self._view.other), gain) & (self._others > 0)

    def _read(self, counts: bytes) -> Counts:
        return np.frombuffer(counts, np.uint8).reshape(self._shape).copy()

    def _image(self, look: bytes) -> Small:
        return np.frombuffer(look, np.uint8).reshape(self._small.shape)

    @property
    def _known(self) -> Tiles:
        known: Tiles = self._counts >= self._occasions
        return known

    @property
    def place(self) -> Tiles:
        """Tiles that are place and look so in the picture."""
        tiles: Tiles = self._known & (self._same | (self._same_other & (self._others >= self._later)))
        return tiles

    @property
    def ripens(self) -> bool:
        """Whether tiles come nearer to being place by this occasion; likenesses in them are to be found first."""
        first = self._same & ~self._known
        return bool((first | (self._same_other & (self._others < self._later))).any())

    def is_occasion(self, now: int, apart: int) -> bool:
        """Whether the picture, received at `now`, teaches something; `apart` microseconds after the last that did."""
        return self._view is None or not 0 <= now - self._view.last < apart

    def learned(self, now: int, suspicious: Tiles) -> bytes:
        """What is known after the picture, an occasion; `suspicious` tiles that are not known yet begin anew."""
        view = self._view
        if view is None:
            kept = sorted(self._views, key=lambda one: one.last)[-(VIEWS - 1) :]
            height, width = self._small.shape[:2]
            ones, none = np.where(suspicious, 0, 1).astype(np.uint8), bytes(suspicious.size)
            first = View(width, height, now, self._small.tobytes(), ones.tobytes(), bytes(self._small.size), none)
            return packed([*kept, first])
        known = self._known
        small, counts = self._first(self._image(view.small), known, suspicious)
        other, others = self._second(self._image(view.other), known, suspicious)
        swapped = known & self._same_other & (others == self._later) & (self._others < self._later)
        pixels = _enlarged(swapped, self._small.shape)
        small, other = np.where(pixels, other, small), np.where(pixels, small, other)
        rest = [one for one in self._views if one is not view]
        learned = View(
            view.width, view.height, now, small.tobytes(), counts.tobytes(), other.tobytes(), others.tobytes()
        )
        return packed([*rest, learned])

    def _first(self, before: Small, known: Tiles, suspicious: Tiles) -> tuple[Small, Counts]:
        """The look by which a tile is place, or comes to be."""
        most = np.where(known, self._counts, np.minimum(self._counts + 1, self._occasions))
        less = np.where(known, self._counts, self._counts.astype(np.int16) - 2).clip(0)
        counts = np.where(self._same, most, less).astype(np.uint8)
        anew = counts == 0
        counts[anew] = 1
        counts[suspicious & ~known] = 0
        blended = cv2.addWeighted(before, 0.75, self._small, 0.25, 0)
        small = np.where(_enlarged(self._same, self._small.shape), blended, before)
        return np.where(_enlarged(anew, self._small.shape), self._small, small), counts

    def _second(self, before: Small, known: Tiles, suspicious: Tiles) -> tuple[Small, Counts]:
        """Another look of tiles that are known: what counts against it is what is neither."""
        neither = known & ~self._same & ~self._same_other
        seen = known & self._same_other & ~self._same
        counts = self._others.astype(np.int16) + seen - neither
        anew = neither & (counts <= 0)
        counts[anew] = 1
        counts[suspicious & (self._others < self._later) & (seen | anew)] = 0
        other = np.where(_enlarged(anew, self._small.shape), self._small, before)
        return other, counts.clip(0, self._later).astype(np.uint8)


def gain_of(small: Small, before: Small, known: Tiles) -> float:
    """How much brighter a picture is than what is remembered where it is known."""
    pixels = _enlarged(known, (*small.shape[:2], 1))[..., 0]
    return (float(np.median(small[..., 0][pixels])) + 8) / (float(np.median(before[..., 0][pixels])) + 8)


def same_tiles(small: Small, before: Small, gain: float) -> Tiles:
    """Tiles that look as before, but for the light (`gain`) and for a camera that sways by a pixel."""
    light, known = small[..., 0].astype(np.float32), before[..., 0].astype(np.float32)
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
