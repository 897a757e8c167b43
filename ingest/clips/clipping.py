"""The clips of one camera: its last seconds are kept, and some seconds after an event one is cut from them.

Each process makes one at a time, and a camera that is not the one looks on meanwhile: what it has cut waits.
"""

import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from hub.clip import BUSY, SHED, Clip, no_clip
from ingest.clips.making import made
from ingest.clips.place import Place
from ingest.clips.ring import Kept, Ring
from ingest.video.decoding import Picture

MOST = 4
"""Clips of a camera that wait for what comes after their event, or for others that are made."""
WAIT_S = 60.0
"""For others: the store takes what does not come within two minutes for lost."""
LAST_S = 2.0
"""For others, where the camera has gone: its thread is to end."""
WAITING_BYTES = 64 << 20
"""Of all frames of a process that wait: 40 clips."""
Tell = Callable[[int, Clip], None]


class _Wanted(NamedTuple):
    number: int
    at: float
    """Seconds of the stream, of the event."""


class _Cut(NamedTuple):
    wanted: _Wanted
    frames: list[Kept]
    until: float
    """By the monotonic clock."""

    @property
    def bytes(self) -> int:
        return sum(len(each.jpeg) for each in self.frames)


class Workshop:
    """What the cameras of a process have in common: one clip is made at a time, for each holds 35 MB while it is."""

    def __init__(self) -> None:
        self.making = threading.Lock()
        self._counting, self._bytes = threading.Lock(), 0

    def has_room(self, content: int) -> bool:
        """Take so many bytes, if there is room for them."""
        with self._counting:
            if self._bytes + content > WAITING_BYTES:
                return False
            self._bytes += content
            return True

    def leave(self, content: int) -> None:
        """Give them back."""
        with self._counting:
            self._bytes -= content


_WORKSHOP = Workshop()


class Clipping:
    """Called by the thread that looks at the camera, frame by frame."""

    def __init__(self, seconds: float, place: Place, tell: Tell, workshop: Workshop = _WORKSHOP) -> None:
        """`seconds` before an event and after it; `tell` gets the number of a clip, and it, or why there is none."""
        self._seconds, self._place, self._tell, self._workshop = seconds, place, tell, workshop
        self._ring = Ring(2 * seconds)
        self._wanted: list[_Wanted] = []
        self._cut: list[_Cut] = []
        self._numbers = 0
        self.shed = False
        """Whether none are made for now, to save time; told by another thread."""

    def see(self, t: float, picture: Picture) -> None:
        """A frame, before events are told of it."""
        if self.shed:
            self._give_up()
            return
        if any(not 0 <= t - each.at < 2 * self._seconds for each in self._wanted):  # the time has jumped
            self._cut_all()
        self._ring.put(t, picture)
        while self._wanted and t >= self._wanted[0].at + self._seconds:
            self._keep(self._wanted.pop(0))
        if self._cut:
            self._make(wait_s=0.0)

    def asked(self, t: float) -> tuple[int, str]:
        """An event at `t`, of the newest frame: the number of its clip, or 0 and why there is none."""
        if self.shed:
            return 0, SHED
        if len(self._wanted) + len(self._cut) >= MOST:
            return 0, BUSY
        self._numbers += 1
        self._wanted.append(_Wanted(self._numbers, t))
        return self._numbers, ""

    def close(self) -> None:
        """Nothing more comes: what is there of the clips that wait is what they have."""
        self._cut_all()
        while self._cut:
            self._make(wait_s=LAST_S)

    def _cut_all(self) -> None:
        while self._wanted:
            self._keep(self._wanted.pop(0))
        self._ring.clear()

    def _give_up(self) -> None:
        for each in self._cut:
            self._workshop.leave(each.bytes)
        for number in [*(each.wanted.number for each in self._cut), *(each.number for each in self._wanted)]:
            self._tell(number, no_clip(SHED))
        self._cut.clear()
        self._wanted.clear()
        self._ring.clear()

    def _keep(self, wanted: _Wanted) -> None:
        """Cut its frames, which wait until it is made."""
        frames = self._ring.cut(wanted.at - self._seconds, wanted.at + self._seconds)
        cut = _Cut(wanted, frames, time.monotonic() + WAIT_S)
        if self._workshop.has_room(cut.bytes):
            self._cut.append(cut)
        else:
            self._tell(wanted.number, no_clip(BUSY))

    def _make(self, wait_s: float) -> None:
        """The one that waits for longest, if no other is made until then."""
        if not self._workshop.making.acquire(timeout=wait_s):
            if wait_s or time.monotonic() > self._cut[0].until:
                self._told(no_clip(BUSY))
            return
        try:
            clip = made(self._cut[0].frames, self._cut[0].wanted.at, self._place)
        finally:
            self._workshop.making.release()
        self._told(clip)

    def _told(self, clip: Clip) -> None:
        cut = self._cut.pop(0)
        self._workshop.leave(cut.bytes)
        self._tell(cut.wanted.number, clip)
