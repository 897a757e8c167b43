"""Answers to requests that may be sent again: a repeat is answered as the first was, or waits for its answer, too."""

from collections import OrderedDict

from ingest.sip.limits import ANSWER_BYTES, ANSWERS, ANSWERS_S

Key = tuple[str, ...]


class Answers:
    """Bounded by number, bytes and time; the oldest are forgotten first."""

    def __init__(self) -> None:
        self._known: OrderedDict[Key, tuple[float, bytes | None]] = OrderedDict()
        self._bytes = 0
        self.repeated = 0
        """Requests that came again."""

    def __len__(self) -> int:
        return len(self._known)

    def begin(self, key: Key, now: float) -> tuple[bool, bytes | None]:
        """Whether a request is new; of one that is not, its answer, None while it has none."""
        self._forget(now)
        known = self._known.get(key)
        if known is not None:
            self.repeated += 1
            return False, known[1]
        self._known[key] = now, None
        return True, None

    def end(self, key: Key, answer: bytes) -> None:
        """The answer of a request that has begun."""
        known = self._known.get(key)
        if known is not None and known[1] is None:
            self._known[key] = known[0], answer
            self._bytes += len(answer)

    def drop(self, key: Key) -> None:
        """Nothing became of a request: sent again it is new."""
        known = self._known.pop(key, None)
        if known is not None and known[1] is not None:
            self._bytes -= len(known[1])

    def _forget(self, now: float) -> None:
        while self._known:
            key, (since, _) = next(iter(self._known.items()))
            if now - since <= ANSWERS_S and len(self._known) < ANSWERS and self._bytes < ANSWER_BYTES:
                return
            self.drop(key)
