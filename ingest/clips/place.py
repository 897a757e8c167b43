"""What is known of a camera's place where its frames are looked at; as ingest/pictures knows it of pictures."""

import numpy as np

from hub.models import Micros
from hub.picture import Picture as Passed
from ingest.pictures.background import Background, Tiles, place_of, reduced
from ingest.pictures.blocks import Stir
from ingest.pictures.framing import Box
from ingest.pictures.work import passed, taught
from ingest.video.decoding import Picture


class Place:
    """Of one camera: a spot that looked the same on `occasions`, `apart` microseconds from each other, is place."""

    def __init__(self, occasions: int, apart: Micros, seed: bytes, kept: bytes = b"") -> None:
        """`seed`: of what is added to the blocks of this camera; `kept`: what is known of it already."""
        self.stir = Stir(seed)
        self._occasions, self._apart = occasions, apart
        self._memory, self._fresh = kept, b""
        self._next: Micros = 0

    def learn(self, now: Micros, picture: Picture) -> None:
        """Look at it, if it is time: 5 ms once a minute, 40 where spots become place."""
        if 0 <= self._next - now <= self._apart:
            return
        self._next = now + self._apart
        background = Background(reduced(picture), self._memory, self._occasions)
        if memory := taught(picture, background, now, self._apart):
            self._memory, self._fresh = memory, place_of(memory, self._occasions)

    def fresh(self) -> bytes:
        """What is place, once after each occasion, to be kept; empty: nothing new."""
        fresh, self._fresh = self._fresh, b""
        return fresh

    def unknown(self, picture: Picture) -> Tiles:
        """Tiles of a frame that are not place, or do not look so in it."""
        tiles: Tiles = np.logical_not(self._place_in(picture))
        return tiles

    def passed(self, picture: Picture, box: Box | None = None) -> Passed:
        """A frame as the picture of an event, which is at `box`, if that is known: 4 ms, of 640 x 360."""
        return passed(picture.copy(), self._place_in(picture), self.stir, box)

    def _place_in(self, picture: Picture) -> Tiles:
        return Background(reduced(picture), self._memory, self._occasions).place
