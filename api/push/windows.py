"""How many deliveries of a consumer may be under way: few until it answers, one more with each answer. Pure.

A consumer that hangs is known to fail only once its first call has timed out (10 s). Until then it would hold as many
places as one that answers in milliseconds: in a storm five that hung held 80 of 96, and 90 others shared the rest.
"""

from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

FIRST = 4
"""Under way at once, of a consumer of which nothing is known."""
SILENT_S = 1.0
"""A consumer that has answered nothing for so long, though something is under way to it, has room as one of which
nothing is known: one call that is lost holds up nothing."""
IDLE_S = 10.0
"""After so long without anything under way nothing is known of it any more."""


class Room(NamedTuple):
    """Of a consumer."""

    more: int
    """Deliveries that may be sent beside those under way."""
    taken: int
    """Under way."""


@dataclass(slots=True)
class _Window:
    size: int
    heard_at: float
    """When it answered last, or something was sent while nothing was under way."""


class Windows:
    """Of all consumers, by id; times are monotonic seconds."""

    def __init__(self, most: int) -> None:
        """`most` are the deliveries of one consumer at a time."""
        self._most, self.first = most, min(FIRST, most)
        self._windows: dict[int, _Window] = {}
        self._under_way: Counter[int] = Counter()

    @property
    def total(self) -> int:
        """Deliveries under way, of all."""
        return self._under_way.total()

    def under_way(self, consumer: int) -> int:
        """Deliveries under way to one."""
        return self._under_way[consumer]

    @property
    def busy(self) -> list[int]:
        """Consumers to which something is under way."""
        return list(self._under_way)

    def sent(self, consumer: int, now: float) -> None:
        """Something is under way to it."""
        if not self._under_way[consumer]:
            window = self._windows.get(consumer)
            if window is None or now - window.heard_at > IDLE_S:
                window = self._windows[consumer] = _Window(self.first, now)
            window.heard_at = now
        self._under_way[consumer] += 1

    def accepted(self, consumer: int, now: float) -> None:
        """It has answered."""
        window = self._windows.setdefault(consumer, _Window(self.first, now))
        window.size, window.heard_at = min(self._most, window.size + 1), now

    def failed(self, consumer: int) -> None:
        """It has not, or refused."""
        self._windows.pop(consumer, None)

    def ended(self, consumer: int) -> None:
        """Something is under way no more."""
        if (left := self._under_way[consumer] - 1) > 0:
            self._under_way[consumer] = left
        else:
            del self._under_way[consumer]

    def rooms(self, now: float) -> dict[int, int]:
        """How many more may be sent, of consumers of which something is known; of another `first`."""
        for idle in [id_ for id_, each in self._windows.items() if now - each.heard_at > IDLE_S]:
            if not self._under_way[idle]:
                del self._windows[idle]
        known = dict.fromkeys((*self._windows, *self._under_way), 0)
        return {id_: self._room(id_, now) for id_ in known}

    def _room(self, consumer: int, now: float) -> int:
        window, busy = self._windows.get(consumer), self._under_way[consumer]
        if window is None:
            return max(0, self.first - busy)
        if busy and now - window.heard_at > SILENT_S:
            return max(0, self.first - busy)
        return max(0, window.size - busy)
