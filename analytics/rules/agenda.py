"""What comes at a time, by key: the earliest are found without a look at the others."""

from heapq import heapify, heappop, heappush

from analytics.rules.alerts import Key
from analytics.rules.slots import NEVER
from hub.models import Micros

SPARE = 64
"""Entries that may be out of date before they are cleared away, beside as many as there are keys."""


class Agenda:
    """Each key comes at one time."""

    def __init__(self) -> None:
        self._at: dict[Key, Micros] = {}
        self._heap: list[tuple[Micros, Key]] = []
        """With entries that are out of date: `_at` says what counts."""

    def __len__(self) -> int:
        return len(self._at)

    def put(self, key: Key, at: Micros) -> None:
        """Let a key come at a time, and at no other."""
        if self._at.get(key) == at:
            return
        self._at[key] = at
        heappush(self._heap, (at, key))
        if len(self._heap) > 2 * len(self._at) + SPARE:
            self._heap = [(at, key) for key, at in self._at.items()]
            heapify(self._heap)

    def drop(self, key: Key) -> None:
        """Let a key not come."""
        self._at.pop(key, None)

    def first(self) -> Key | None:
        """The key that comes first; None where none does."""
        while self._heap and not self._counts(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][1] if self._heap else None

    def next(self) -> Micros:
        """When that is; or NEVER."""
        first = self.first()
        return NEVER if first is None else self._at[first]

    def until(self, at: Micros, most: int) -> list[Key]:
        """Those that come by a time, the earliest first, and no more than so many."""
        found: list[tuple[Micros, Key]] = []
        while self._heap and self._heap[0][0] <= at and len(found) < most:
            entry = heappop(self._heap)
            if self._counts(entry) and entry not in found[-1:]:
                found.append(entry)
        for entry in found:
            heappush(self._heap, entry)
        return [key for _, key in found]

    def _counts(self, entry: tuple[Micros, Key]) -> bool:
        return self._at.get(entry[1]) == entry[0]
