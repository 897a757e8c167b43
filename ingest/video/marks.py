"""Marks that a child leaves while it is in code of others: when it has died, they tell which cameras it was about.

Beside them lies its beat, by which its parent sees that its loop goes on, whatever waits in the pipe between them.
A small file of which both have a map; it is removed once both have it.
"""

import mmap
import os
import tempfile
from pathlib import Path

SLOTS = 1_024
"""Cameras of a child at most."""
_BYTES = SLOTS + 1
"""The last one is the beat."""


class Marks:
    """A counter of one byte for each camera, odd while its pictures are worked on; and one of beats."""

    def __init__(self, map_: mmap.mmap) -> None:
        self._map = map_

    def enter(self, slot: int) -> None:
        """One of its pictures is worked on: called again for the next one, before `leave`."""
        self._map[slot] = (self._map[slot] + 1 & 0xFF) | 1

    def leave(self, slot: int) -> None:
        """They are not."""
        self._map[slot] = self._map[slot] + 1 & 0xFE

    def count(self, slot: int) -> int:
        """It changes while work goes on."""
        return self._map[slot]

    def inside(self) -> list[int]:
        """Slots whose pictures are worked on."""
        return [slot for slot, count in enumerate(self._map[:SLOTS]) if count & 1]

    def beat(self) -> None:
        """The loop of the child goes on."""
        self._map[SLOTS] = self._map[SLOTS] + 1 & 0xFF

    @property
    def beats(self) -> int:
        """It changes while the loop goes on."""
        return self._map[SLOTS]

    def clear(self) -> None:
        """For the next child."""
        self._map[:] = bytes(_BYTES)


def made() -> tuple[Marks, Path]:
    """New marks, and the file by which a child joins them; the parent removes it."""
    number, name = tempfile.mkstemp(prefix="ganzhi-video-")
    try:
        os.truncate(number, _BYTES)
        return Marks(mmap.mmap(number, _BYTES)), Path(name)
    finally:
        os.close(number)


def joined(path: Path) -> Marks:
    """The marks of a parent. OSError."""
    number = os.open(path, os.O_RDWR)
    try:
        return Marks(mmap.mmap(number, _BYTES))
    finally:
        os.close(number)
