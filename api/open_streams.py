"""How many streams each caller has open at a process: none takes the room of all the others."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.problems import ProblemError
from hub.access.caller import Caller
from hub.words.sentence import Sentence


class OpenStreams:
    """Counts the streams of each caller, of whatever kind; those of one person at several desks are of one caller."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def opened(self, caller: Caller, most: int) -> Iterator[None]:
        """While a stream is open. ProblemError 429 for one more than `most`."""
        who = caller.actor
        if self._open[who] >= most:
            raise ProblemError(429, Sentence("refusal.streams", most=most), headers={"Retry-After": "10"})
        self._open[who] += 1
        try:
            yield
        finally:
            self._open[who] -= 1
            if not self._open[who]:
                del self._open[who]
