"""Coded pictures on their way from a stream to its decoder: bounded, and with less for a slower pace."""

import io
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ingest.video.messages import Pace
from ingest.video.parameter_sets import KINDS, Encoding
from ingest.video.rtp import Unit

MOST_BYTES, MOST_UNITS = 8 << 20, 128
"""That wait: of 25 frames a second 5 s. A decoder that is further behind goes on with the next key picture."""
APART_S = {Pace.KEYS: 1.0, Pace.SPARSE: 10.0}
"""Between two key pictures at least: there are streams of nothing else."""
FAST = 15
"""Pictures a second to which no other refers, from which on they are left out: of 30 a second there are 15 at most."""
OPENING_S = 1.0
"""A decoder that is being opened waits no longer for pictures: others wait for it."""


class Feed(io.BufferedIOBase):
    """Put by the thread of the network, read by the one of a decoder, for which it ends where the size changes."""

    def __init__(self, encoding: Encoding, waiting: Callable[[bool], None]) -> None:
        """`waiting` is called with True before a wait, and with False after it."""
        super().__init__()
        self.waiting, self._end = waiting, KINDS[encoding].end
        self._units: deque[tuple[float, Unit]] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._rest = b""
        self._over = False
        self._needs_key = True
        self._size: tuple[int, int] | None = None
        self._key_at = float("-inf")
        self._times: deque[float] = deque(maxlen=16)
        self._came: deque[float] = deque(maxlen=FAST)
        """Pictures to which no other refers."""
        self._open_until: float | None = None
        self.pace = Pace.FULL
        self.dropped = 0

    def put(self, unit: Unit) -> None:
        """Take a picture, or leave it out."""
        now = time.monotonic()
        with self._changed:
            if self._over or not self._wanted(unit, now):
                return
            if self._bytes + len(unit.data) > MOST_BYTES or len(self._units) >= MOST_UNITS:
                self.dropped += len(self._units) + (not unit.is_key)
                self._units.clear()
                self._bytes, self._needs_key = 0, not unit.is_key
                if not unit.is_key:
                    return
            self._units.append((now, unit))
            self._bytes += len(unit.data)
            self._changed.notify()

    def _wanted(self, unit: Unit, now: float) -> bool:
        if unit.is_key:
            if now - self._key_at < APART_S.get(self.pace, 0.0):
                self._needs_key = True
                return False
            self._needs_key, self._key_at = False, now
            return True
        if not unit.is_needed and (self.pace >= Pace.HALF or self._is_fast(now)):
            return False
        if self.pace >= Pace.KEYS:
            self._needs_key = True
        return not self._needs_key

    def _is_fast(self, now: float) -> bool:
        """Whether more pictures a second come than anybody looks at: those to which no other refers are left out."""
        self._came.append(now)
        return len(self._came) == FAST and now - self._came[0] < 1.0

    def end(self) -> None:
        """Nothing more comes, and nothing that waits is wanted."""
        with self._changed:
            self._over = True
            self._units.clear()
            self._changed.notify_all()

    def first(self) -> bool:
        """Wait for the first picture of a size; False when there is none any more."""
        with self._changed:
            self._await(None)
            if self._over:
                return False
            self._size, self._rest = self._units[0][1].size, b""
            self._times.clear()
            return True

    def take(self) -> Unit | None:
        """The next picture, where each stands for itself."""
        with self._changed:
            if not self._units:
                return None
            _, unit = self._units.popleft()
            self._bytes -= len(unit.data)
            return unit

    def skip(self) -> None:
        """Go on with the next key picture."""
        with self._changed:
            while self._units:
                _, unit = self._units.popleft()
                self._bytes -= len(unit.data)
                if self._units and self._units[0][1].is_key:
                    return
            self._needs_key = True

    def arrived(self) -> float:
        """When the picture came that was decoded last, by the monotonic clock."""
        return self._times.popleft() if self._times else time.monotonic()

    @contextmanager
    def opening(self) -> Iterator[None]:
        """While a decoder is opened."""
        self._open_until = time.monotonic() + OPENING_S
        try:
            yield
        finally:
            self._open_until = None

    def read(self, size: int | None = -1) -> bytes:
        """What a decoder asks for; b"" where it ends."""
        if not self._rest:
            with self._changed:
                until = self._open_until
                self._await(None if until is None else until - time.monotonic())
                if self._over or not self._units:
                    return b""
                at, unit = self._units[0]
                if unit.size not in (None, self._size):
                    return b""
                self._units.popleft()
                self._bytes -= len(unit.data)
                self._times.append(at)
                self._rest = unit.data + self._end
        end = len(self._rest) if size is None or size < 0 else size
        told, self._rest = self._rest[:end], self._rest[end:]
        return told

    def _await(self, seconds: float | None) -> None:
        if self._units or self._over:
            return
        self.waiting(True)
        self._changed.wait_for(lambda: self._units or self._over, seconds)
        self.waiting(False)

    def readable(self) -> bool:
        """See io."""
        return True

    def seekable(self) -> bool:
        """See io."""
        return False

    def seek(self, _offset: int, _whence: int = 0) -> int:
        """It cannot."""
        return -1
