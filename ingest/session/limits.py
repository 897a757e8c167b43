"""How much connections may take up, each limit with the attack that it protects from."""

from collections import Counter

from hub.session_settings import Session

CHUNK_BYTES = 16 << 10
"""Read at once, into one buffer that all connections share: what one sends at once takes up no more."""
UNANSWERED = 16
"""Payloads of one connection on their way to their commit; with more it is not read: a station that does not wait for
its answers would fill the hub."""
WAITING = 2_000
"""Payloads that wait to be handed over; with more, whoever sends is not read until half of them are gone."""
REPLY_BYTES = 64 << 10
"""Replies that a peer does not read; one that reads nothing would make the hub keep them for ever."""
BURST_S = 4.0
"""How many seconds' worth of frames may come at once, as after an outage."""
LETTERS = 5
"""Frames of somebody who has not told who it is that are kept as letters; then its connection ends."""


class Door:
    """Counts connections by client address."""

    def __init__(self, settings: Session) -> None:
        self._settings = settings
        self._of: Counter[str] = Counter()
        self.refused = 0

    def admit(self, address: str, open_: int) -> str | None:
        """Let one in; why not, if not."""
        if open_ >= self._settings.connections:
            self.refused += 1
            return f"there are {open_:,} connections, as many as session.connections allows"
        if self._of[address] >= self._settings.connections_per_address:
            self.refused += 1
            return f"{address} has {self._of[address]:,} connections: session.connections_per_address allows no more"
        self._of[address] += 1
        return None

    def leave(self, address: str) -> None:
        """One that was let in has ended."""
        self._of[address] -= 1
        if self._of[address] <= 0:
            del self._of[address]
