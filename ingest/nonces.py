"""Nonces of the digest that need no memory until they are used, so that asking for them floods nothing.

A nonce is its time and a hash of that and of the asking address, with a key of this process. What is remembered is how
often each was used: a repeat with the same count (nc), or without one, is a replay.
"""

import hashlib
import hmac
from collections import OrderedDict
from enum import Enum
from secrets import token_bytes, token_hex

NONCES = 20_000
"""Used ones that are remembered; who needs more is told to log in anew."""
NONCE_S = 300.0
"""For so long one may be used: what was recorded on the wire is worth nothing after it."""


class Nonce(Enum):
    """What is so of a nonce that is shown."""

    GOOD = 1
    STALE = 2
    """It was good once, or is that of a process before: the device is to log in with a new one."""
    REPLAYED = 3


class Nonces:
    """Those of one process."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or token_bytes(32)
        self._used: OrderedDict[str, int] = OrderedDict()
        self._forgotten = -1
        """When the newest was made whose use is not remembered any more: older ones may have been used, too."""

    def make(self, host: str, now: float) -> str:
        """One for an address; `now` in seconds."""
        begun = f"{int(now * 1000):x}-{token_hex(6)}"
        return f"{begun}.{self._hash(begun, host)}"

    def use(self, nonce: str, host: str, count: int, now: float) -> Nonce:
        """Use one, if the login that shows it is right; `count` is its nc, 0 without qop."""
        begun, _, hashed = nonce.rpartition(".")
        if not hmac.compare_digest(hashed.encode("utf-8", "replace"), self._hash(begun, host).encode()):
            return Nonce.STALE
        made = _made(nonce)
        before = self._used.get(nonce)
        if not 0 <= now - made / 1000 <= NONCE_S or (before is None and made <= self._forgotten):
            return Nonce.STALE
        if before is not None and (count == 0 or count <= before):
            return Nonce.REPLAYED
        self._used[nonce] = count
        self._used.move_to_end(nonce)
        if len(self._used) > NONCES:
            self._forgotten = max(self._forgotten, _made(self._used.popitem(last=False)[0]))
        return Nonce.GOOD

    def _hash(self, begun: str, host: str) -> str:
        return hmac.new(self._key, f"{begun} {host}".encode("utf-8", "replace"), hashlib.sha256).hexdigest()[:32]


def _made(nonce: str) -> int:
    """Milliseconds of the clock by which it was made."""
    return int(nonce.partition("-")[0], 16)
