"""Answers to requests that may be sent again: a repeat is answered as the first was, or waits for its answer, too."""

from collections import OrderedDict
from hashlib import blake2b

from devices.codecs.gb28181.sip import Message

Key = bytes

ANSWERS = 20_000
"""Transactions that are remembered, so that what is sent again is answered again and stored once."""
ANSWERS_S = 64.0
"""For so long (twice timer F): after that nobody sends it again."""
ANSWER_BYTES = 16 << 20
"""Of all remembered answers."""


class Answers:
    """Bounded by number, bytes and time; the oldest are forgotten first, but none that is under way for its number."""

    def __init__(self) -> None:
        self._pending: dict[Key, float] = {}
        self._answered: OrderedDict[Key, tuple[float, bytes]] = OrderedDict()
        self._bytes = 0
        self.repeated = 0
        """Requests that came again."""

    def __len__(self) -> int:
        return len(self._pending) + len(self._answered)

    def begin(self, key: Key, now: float) -> tuple[bool, bytes | None]:
        """Whether a request is new; of one that is not, its answer, None while it has none."""
        self._forget(now)
        answered = self._answered.get(key)
        if answered is not None or key in self._pending:
            self.repeated += 1
            return False, None if answered is None else answered[1]
        self._pending[key] = now
        return True, None

    def end(self, key: Key, answer: bytes) -> None:
        """The answer of a request that has begun."""
        since = self._pending.pop(key, None)
        if since is not None:
            self._answered[key] = since, answer
            self._bytes += len(answer)

    def drop(self, key: Key) -> None:
        """Nothing became of a request: sent again it is new."""
        self._pending.pop(key, None)
        known = self._answered.pop(key, None)
        if known is not None:
            self._bytes -= len(known[1])

    def _forget(self, now: float) -> None:
        while self._pending:
            key, since = next(iter(self._pending.items()))
            if now - since <= ANSWERS_S:
                break
            del self._pending[key]
        while self._answered:
            key, (since, _) = next(iter(self._answered.items()))
            if now - since <= ANSWERS_S and len(self) < ANSWERS and self._bytes < ANSWER_BYTES:
                return
            self.drop(key)


def key_of(host: str, message: Message) -> Key:
    """Of a request and what repeats it, from one address; short however long its headers are."""
    digest = blake2b(repr((host, *message.transaction)).encode(), digest_size=16)
    digest.update(message.body)
    return digest.digest()
