"""How much peers may take up, each limit with the attack or fault that it protects from."""

from collections import Counter

from hub.sip_settings import Sip

WAITING = 4_000
"""Messages on their way to the commit; with more, datagrams are let go (they are sent again) and no connection is read:
a store that is away would fill the memory."""
UNANSWERED = 32
"""Of one connection; with more it is not read: one that does not wait for answers would fill the hub."""
REGISTERED = 20_000
"""Registrations: who has the password of the realm could invent numbers without end."""
ASKED = 5_000
"""Requests of the hub that wait for their answer; more are not sent."""
REPLY_BYTES = 256 << 10
"""That a connection does not read; one that reads nothing would make the hub keep them for ever."""
STRANGER_BYTES = 16 << 10
"""Of a connection over which nobody has registered, that are no whole message yet or wait; a REGISTER has less."""
STRANGERS_BYTES, KEPT_BYTES = 16 << 20, 128 << 20
"""Of all such connections, and of all others: thousands of half messages would fill the memory."""
LETTERS_PER_S, LETTERS_ROOM = 0.1, 10
"""Messages of one address that cannot be read and are kept as letters."""


class Rooms:
    """Bytes that connections keep, of those over which somebody has registered and of the others."""

    def __init__(self) -> None:
        self._left = {False: STRANGERS_BYTES, True: KEPT_BYTES}

    def take(self, registered: bool, size: int) -> bool:
        """Whether there is room for so much, which is taken then."""
        if size > self._left[registered]:
            return False
        self._left[registered] -= size
        return True

    def give(self, registered: bool, size: int) -> None:
        """So much is free again."""
        self._left[registered] += size


class Door:
    """Counts connections by client address."""

    def __init__(self, settings: Sip) -> None:
        self._settings = settings
        self._of: Counter[str] = Counter()

    def admit(self, host: str) -> bool:
        """Let one in, if there is room."""
        settings = self._settings
        if self._of.total() >= settings.connections or self._of[host] >= settings.connections_per_address:
            return False
        self._of[host] += 1
        return True

    def leave(self, host: str) -> None:
        """One that was let in has ended."""
        self._of[host] -= 1
        if self._of[host] <= 0:
            del self._of[host]
