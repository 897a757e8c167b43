"""The clips of one camera: its last seconds are kept, and some seconds after an event one is cut from them."""

from collections.abc import Callable
from typing import NamedTuple

from hub.clip import BUSY, SHED, Clip, no_clip
from ingest.clips.making import made
from ingest.clips.place import Place
from ingest.clips.ring import Ring
from ingest.video.decoding import Picture

MOST = 4
"""Clips of a camera that wait for what comes after their event."""
Tell = Callable[[int, Clip], None]


class _Wanted(NamedTuple):
    number: int
    at: float
    """Seconds of the stream, of the event."""


class Clipping:
    """Called by the thread that looks at the camera, frame by frame."""

    def __init__(self, seconds: float, place: Place, tell: Tell) -> None:
        """`seconds` before an event and after it; `tell` gets the number of a clip, and it, or why there is none."""
        self._seconds, self._place, self._tell = seconds, place, tell
        self._ring = Ring(2 * seconds)
        self._wanted: list[_Wanted] = []
        self._numbers = 0
        self.shed = False
        """Whether none are made for now, to save time; told by another thread."""

    def see(self, t: float, picture: Picture) -> None:
        """A frame, before events are told of it."""
        if self.shed:
            self._give_up()
            return
        if any(not 0 <= t - each.at < 2 * self._seconds for each in self._wanted):  # the time has jumped
            self.close()
        self._ring.put(t, picture)
        while self._wanted and t >= self._wanted[0].at + self._seconds:
            self._make(self._wanted.pop(0))

    def asked(self, t: float) -> tuple[int, str]:
        """An event at `t`, of the newest frame: the number of its clip, or 0 and why there is none."""
        if self.shed:
            return 0, SHED
        if len(self._wanted) >= MOST:
            return 0, BUSY
        self._numbers += 1
        self._wanted.append(_Wanted(self._numbers, t))
        return self._numbers, ""

    def close(self) -> None:
        """Nothing more comes: what is there of the clips that wait is what they have."""
        while self._wanted:
            self._make(self._wanted.pop(0))
        self._ring.clear()

    def _give_up(self) -> None:
        while self._wanted:
            self._tell(self._wanted.pop(0).number, no_clip(SHED))
        self._ring.clear()

    def _make(self, wanted: _Wanted) -> None:
        frames = self._ring.cut(wanted.at - self._seconds, wanted.at + self._seconds)
        self._tell(wanted.number, made(frames, wanted.at, self._place))
