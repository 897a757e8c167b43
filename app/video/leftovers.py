"""Frees what streams leave behind.

Their objects hold each other in circles (a thread and its feed, what looks and its clips, errors and what they came
from), with 1 to 2 MB of pictures in each. Python's collector counts objects, and these are few: left alone, it did not
come in four hours of streams that broke off every five minutes.
"""

import asyncio
import gc

AFTER_S = 1.0
"""From the end of a stream on; those that end in that time are freed together."""


def spare_what_stays() -> None:
    """What is there before the first stream is looked at no more: what is left is looked through in a few ms."""
    gc.collect()
    gc.freeze()


class Leftovers:
    """Of the streams of a process."""

    def __init__(self) -> None:
        self._is_due = False

    def left(self, _task: object = None) -> None:
        """A stream has ended; called in the loop."""
        if not self._is_due:
            self._is_due = True
            asyncio.get_running_loop().call_later(AFTER_S, self._free)

    def _free(self) -> None:
        self._is_due = False
        gc.collect()
