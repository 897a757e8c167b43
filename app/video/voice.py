"""What one stream tells, until it is over."""

import threading
from collections.abc import Callable

from ingest.video.messages import Ended, Report


class Voice:
    """Of one stream. Any thread may call it.

    A thread that outlasts its stream, in a decoder that hangs or with clips that are still to be made, is not heard any
    more: its slot is another camera's by then, and what it sees would be taken for that one's.
    """

    def __init__(self, tell: Callable[[Report], None]) -> None:
        self._tell, self._lock, self._is_over = tell, threading.Lock(), False

    def __call__(self, report: Report) -> None:
        """Tell something, if it is not over."""
        with self._lock:
            if not self._is_over:
                self._tell(report)

    def end(self, report: Ended) -> None:
        """The last that is told."""
        with self._lock:
            self._is_over = True
            self._tell(report)
