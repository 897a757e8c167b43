"""Which devices changed since somebody last looked, so that readers of the registry follow without comparing."""

from collections import deque

import numpy as np
from numpy.typing import NDArray

Ids = NDArray[np.int32]


class Changes:
    """Ids of changed devices, by generation; bounded, so that who has not looked for long looks at all of them."""

    def __init__(self, limit: int = 20_000) -> None:
        """`limit`: ids that are remembered."""
        self.generation = 0
        """Rises with each change."""
        self._limit = limit
        self._recent: deque[tuple[int, Ids]] = deque()
        self._size = 0
        self._forgotten = 0
        """The newest generation that is no longer remembered."""

    def note(self, ids: Ids) -> None:
        """These devices have changed."""
        self.generation += 1
        self._recent.append((self.generation, ids))
        self._size += len(ids)
        while self._size > self._limit:
            self._forgotten, oldest = self._recent.popleft()
            self._size -= len(oldest)

    def since(self, generation: int) -> Ids | None:
        """Devices that changed after a generation, ascending; None when that is too long ago: it may be any."""
        if generation < self._forgotten:
            return None
        later = [ids for number, ids in self._recent if number > generation]
        return np.unique(np.concatenate([*later, np.empty(0, np.int32)]))
