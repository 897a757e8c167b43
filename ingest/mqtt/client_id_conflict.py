"""Detects two clients with the same client id, which disconnect each other, as opposed to broker restarts."""

import time
from collections.abc import Callable

SHORT_S = 60.0
"""A connection that ends sooner may have been thrown out by a rival; longer than the longest wait."""

SUSPICIOUS = 3
"""So many short connections on end are no accident."""

STOOD_S = 5.0
"""A connection that stands for so long is no longer suspected of being thrown out."""

WAIT_MIN_S, WAIT_MAX_S = 0.4, 30.0


class ClientIdConflict:
    """Reconnect delay, and whether a duplicate client id is the likely reason."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._opened: float | None = None
        self._short = 0
        self.wait_s = 0.0
        """Seconds to wait at least; 0 unless connections ended right after they began."""

    @property
    def suspected(self) -> bool:
        """Whether a duplicate client id is the likely reason why no connection stands."""
        stands = self._opened is not None and self._clock() - self._opened >= STOOD_S
        return self._short >= SUSPICIOUS and not stands

    def opened(self) -> None:
        """A connection was established."""
        self._opened = self._clock()

    def ended(self, thrown_out: bool = True) -> bool:
        """A connection or attempt failed; True when a duplicate client id just became the likely reason.

        Not `thrown_out`: the connection was given up for a reason of our own.
        """
        opened, self._opened = self._opened, None
        if opened is None or not thrown_out:  # an attempt: the broker is away
            return False
        self._short = 0 if self._clock() - opened >= SHORT_S else self._short + 1
        self.wait_s = min(WAIT_MIN_S * 2 ** min(self._short - 2, 10), WAIT_MAX_S) if self._short > 1 else 0.0
        return self._short == SUSPICIOUS
