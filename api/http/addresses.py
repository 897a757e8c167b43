"""What each client address has of the server: its open connections, and when its next anonymous request is due."""

import ipaddress
import resource
from functools import lru_cache
from typing import Protocol

CONNECTIONS = 4_000
"""Open at one time, alert streams included; at most a third of the files that the process may have open, for a
connection may want one more, and the broker and the store some."""
OF_ONE_ADDRESS = 2_000
"""Of them, so that one client cannot keep all others out; 200 browsers behind one address open six each."""
ANONYMOUS_PER_S, AT_ONCE = 50.0, 2_500
"""Requests of one address without credentials: the page and its parts in 200 browsers at once, 3 s of a processor; then
this rate, 3 % of one."""
PIPELINED_AT_ONCE = 100
"""As many at once where one is sent before the answer to the one before: no browser does that."""
LONGEST_WAIT_S = 20.0
"""What others have sent from the same address shuts nobody out for longer."""


class Open(Protocol):
    """A connection, as it is counted here."""

    @property
    def idle(self) -> bool:
        """Whether it waits for its client."""

    def abort(self) -> None:
        """Close it at once."""


@lru_cache(4 * CONNECTIONS)
def _client(address: str) -> str:
    """What counts as one client: an IPv4 address, or an IPv6 network of 64 bits, which one machine has to itself."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    return address if known.version == 4 else str(ipaddress.ip_network((known, 64), strict=False))


class Addresses:
    """Counts connections by client, and spaces requests out. A client without connections is forgotten."""

    def __init__(self, anonymous_per_s: float = ANONYMOUS_PER_S) -> None:
        self._each_s = 1 / anonymous_per_s
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
        others = self._open.get(_client(address), {})
        if len(others) >= self._each:
            quiet = next((other for other in others if other.idle), None)
            if quiet is None:
                return f"an address may have {self._each:,} requests under way"
            self.close(address, quiet)
            quiet.abort()
        self._open.setdefault(_client(address), {})[connection] = None
        self._count += 1
        return None

    def close(self, address: str, connection: Open) -> None:
        """A connection has ended; twice is once."""
        client = _client(address)
        others = self._open.get(client, {})
        if connection not in others:
            return
        del others[connection]
        self._count -= 1
        if not others:
            del self._open[client]
            self._due.pop(client, None)

    def wait(self, address: str, now: float, requests: float = 1.0, *, at_once: int = AT_ONCE) -> float:
        """Seconds until so many more anonymous requests of an address are due; that time is then taken."""
        client = _client(address)
        due = max(self._due.get(client, float("-inf")), now - at_once * self._each_s) + requests * self._each_s
        self._due[client] = due = min(due, now + LONGEST_WAIT_S)
        return max(due - now, 0.0)
