"""Change log of devices by generation, so that readers of the registry update incrementally."""

from collections import deque
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]


class Changes:
    """Changed device ids by generation; bounded, so a reader that fell too far behind rereads everything."""

    def __init__(self, limit: int = 20_000) -> None:
        """`limit`: number of ids kept."""
        self.generation = 0
        """Rises with each change."""
        self._limit = limit
        self._recent: deque[tuple[int, Ids]] = deque()
        self._size = 0
        self._forgotten = 0
        """The newest generation that is no longer remembered."""

    def note(self, ids: Ids) -> None:
        """Record changed devices."""
        self.generation += 1
        self._recent.append((self.generation, ids))
        self._size += len(ids)
        while self._size > self._limit:
            self._forgotten, oldest = self._recent.popleft()
            self._size -= len(oldest)

    def since(self, generation: int) -> Ids | None:
        """Ids changed after a generation, ascending; None when the log no longer reaches back that far."""
        if generation < self._forgotten:
            return None
        if generation >= self.generation:  # as nearly always: it is asked for each batch
            return np.empty(0, np.int32)
        later = takewhile(lambda change: change[0] > generation, reversed(self._recent))
        return np.unique(np.concatenate([ids for _, ids in later]))
