"""Which frames of a file FFmpeg complains of while it decodes them: it hides damage in the frame, or leaves it out.

It says so on the standard output of the process alone (OpenCV prints it), which is this module's while a file is read.
"""

import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_ERRORS = "16"
_BLOCK = 64 << 10
_C = ctypes.CDLL(None)


class Complaints:
    """Since it was asked the last time."""

    def __init__(self, end: int) -> None:
        self._end = end
        self.any_told = False

    def told(self) -> bool:
        """Whether there were some."""
        _C.fflush(None)
        found = False
        with suppress(BlockingIOError):
            while os.read(self._end, _BLOCK):
                found = True
        self.any_told |= found
        return found


@contextmanager
def complaints() -> Iterator[Complaints]:
    """While a file is read; only the first decoder of a process may be told what to complain of."""
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = _ERRORS
    end, begin = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    usual = os.dup(1)
    os.dup2(begin, 1)
    try:
        yield Complaints(end)
    finally:
        _C.fflush(None)
        os.dup2(usual, 1)
        for each in (usual, begin, end):
            os.close(each)
