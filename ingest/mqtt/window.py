"""Up to when all that was published is read: a broker keeps back what is more than it lets be under way.

How many those are no broker tells, but at least as many as ever were under way at once on the connection: while fewer
are, it keeps nothing back. A ping tells when that is so again: what it could send by then lies before its answer.
"""

from collections import deque
from collections.abc import Callable

from hub.models import Micros, now_micros

PATIENCE: Micros = 60_000_000
"""So long what the broker may keep is waited for: by then what has not come is taken for silent."""


class Window:
    """Of one connection; messages of QoS 1 only, for those of QoS 0 nothing is kept back."""

    def __init__(self, now: Callable[[], Micros] = now_micros) -> None:
        self._now = now
        self._read = self._acknowledged = self._most = 0
        self._full_at: Micros | None = None
        """Since when the broker may keep messages back."""
        self._pings: deque[int] = deque()
        """Of each that is not answered, how many were acknowledged before it."""
        self._asked = 0
        """How many were acknowledged before the last ping."""

    def until(self) -> Micros:
        """All that was published up to then is read, or was on its way just now."""
        now = self._now()
        return now if self._full_at is None else max(self._full_at, now - PATIENCE)

    @property
    def asks(self) -> bool:
        """Whether a ping would tell more than those do that are under way."""
        return self._full_at is not None and not self._pings and self._acknowledged > self._asked

    def read(self, count: int) -> None:
        """So many messages more were read."""
        self._read += count
        if count and self._read - self._acknowledged >= self._most:
            self._fill(self._read - self._acknowledged)

    def acknowledged(self, count: int) -> None:
        """So many messages more are acknowledged."""
        self._acknowledged += count

    def pinged(self) -> None:
        """A ping is sent, behind what was acknowledged."""
        self._asked = self._acknowledged
        self._pings.append(self._acknowledged)

    def answered(self) -> None:
        """The answer to the oldest ping is read, behind what the broker had sent before it."""
        if not self._pings:
            return
        under_way = self._read - self._pings.popleft()
        if under_way >= self._most:
            self._fill(under_way)
        else:
            self._full_at = None

    def _fill(self, under_way: int) -> None:
        self._most = under_way
        if self._full_at is None:
            self._full_at = self._now()
