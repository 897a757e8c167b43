"""What each client address has of the server: its open connections, and when its next anonymous request is due."""

import resource
from typing import Protocol

CONNECTIONS = 4_000
"""Open at one time, alert streams included; at most a third of the files that the process may have open, for a
connection may want one more, and the broker and the store some."""
OF_ONE_ADDRESS = 1_000
"""Of them, so that one client cannot keep all others out."""
ANONYMOUS_PER_S, AT_ONCE = 50.0, 100
"""Requests of one address without credentials: a page and its parts at once, then this rate, 3 % of a processor."""


class Open(Protocol):
    """A connection, as it is counted here."""

    @property
    def idle(self) -> bool:
        """Whether it waits for its client."""

    def abort(self) -> None:
        """Close it at once."""


class Addresses:
    """Counts connections by address, and spaces requests out. An address without connections is forgotten."""

    def __init__(self) -> None:
        files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._connections = CONNECTIONS if files < 0 else min(CONNECTIONS, files // 3)
        self._each = min(OF_ONE_ADDRESS, self._connections // 2)
        self._open: dict[str, dict[Open, None]] = {}
        """By address, the oldest connection first."""
        self._count = 0
        self._due: dict[str, float] = {}

    def open(self, address: str, connection: Open) -> str | None:
        """Count a connection, or tell why it may not be; the oldest idle one of an address with many makes room."""
        if self._count >= self._connections:
            return f"{self._connections:,} connections are open, and there may be no more"
        others = self._open.get(address, {})
        if len(others) >= self._each:
            quiet = next((other for other in others if other.idle), None)
            if quiet is None:
                return f"an address may have {self._each:,} requests under way"
            self.close(address, quiet)
            quiet.abort()
        self._open.setdefault(address, {})[connection] = None
        self._count += 1
        return None

    def close(self, address: str, connection: Open) -> None:
        """A connection has ended; twice is once."""
        others = self._open.get(address, {})
        if connection not in others:
            return
        del others[connection]
        self._count -= 1
        if not others:
            del self._open[address]
            self._due.pop(address, None)

    def wait(self, address: str, now: float, requests: float = 1.0) -> float:
        """Seconds until so many more anonymous requests of an address are due; that time is then taken."""
        due = max(self._due.get(address, 0.0), now - AT_ONCE / ANONYMOUS_PER_S) + requests / ANONYMOUS_PER_S
        self._due[address] = due
        return max(due - now, 0.0)
