"""Limits of failed logins. Pure; in memory, for each process by itself.

Whoever guesses from one address is slowed down there, so that nobody can lock a person out from elsewhere. Guesses at
one name from many addresses share a slow budget, which does not concern addresses that are known to that name.
"""

from hub.access.token_bucket import PEERS, TokenBuckets

PER_ADDRESS_S, ADDRESS_ROOM = 1.0, 60.0
"""Attempts of one address: an office behind one address logs in at half past eight."""
FREE = 5
"""Attempts at one name from one address before each further one waits twice as long as the one before."""
LONGEST_S = 900.0
PER_NAME_S, NAME_ROOM = 1 / 60, 100.0
"""Attempts at one name from addresses that are new to it: 1,440 a day."""


class Attempts:
    """Counts attempts; one that succeeds is taken back."""

    def __init__(self) -> None:
        self._addresses = TokenBuckets(PER_ADDRESS_S, room=ADDRESS_ROOM)
        self._names = TokenBuckets(PER_NAME_S, room=NAME_ROOM)
        self._pairs: dict[tuple[str, str], tuple[int, float]] = {}
        """By name and address: attempts without success, and when the next one may be made."""

    def of_address(self, address: str, now: float) -> float:
        """Seconds until an address may try; 0: now, which is then counted."""
        return self._addresses.take(address, now)

    def of_name(self, name: str, address: str, now: float, known: bool) -> float:
        """As above for a name at an address, `known` where that person has logged in from it before."""
        count, until = self._pairs.get((name, address), (0, now))
        if until > now:
            return until - now
        if not known and (wait := self._names.take(name, now)):
            return wait
        self._pairs.pop((name, address), None)
        over = count + 1 - FREE
        self._pairs[name, address] = (count + 1, now + (min(2.0**over, LONGEST_S) if over >= 0 else 0.0))
        if len(self._pairs) > PEERS:
            del self._pairs[next(iter(self._pairs))]
        return 0.0

    def blocked(self, name: str, address: str) -> bool:
        """Whether the attempt that was just counted is the first one that others must wait for."""
        return self._pairs.get((name, address), (0, 0.0))[0] == FREE

    def succeeded(self, name: str, address: str) -> None:
        """What was counted for them is forgotten."""
        self._pairs.pop((name, address), None)
