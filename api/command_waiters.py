"""Requests waiting for a command's outcome; woken by NOTIFY, whichever process received the reply."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

MAX_WAITING = 1_000
"""Requests that wait at a time; a further one is answered at once. Protects memory and sockets from who only waits."""


class CommandWaiters:
    """Waiters by command. They read the store themselves; notifications only wake them."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[asyncio.Event]] = {}
        self._count = 0
        self._closed = False

    @contextmanager
    def expecting(self, command: UUID) -> Iterator[asyncio.Event | None]:
        """Event set whenever a command changes; None when the limit of waiters is reached."""
        if self._closed or self._count >= MAX_WAITING:
            yield None
            return
        event = asyncio.Event()
        self._count += 1
        self._waiting.setdefault(command, []).append(event)
        try:
            yield event
        finally:
            self._count -= 1
            self._waiting[command].remove(event)
            if not self._waiting[command]:
                del self._waiting[command]

    @property
    def open(self) -> bool:
        """Whether waiting is possible; not while the process stops."""
        return not self._closed

    def heard(self, payload: str) -> None:
        """Handle a notification: a command id, or empty when any may have changed."""
        woken = [self._waiting.get(UUID(payload), [])] if payload else list(self._waiting.values())
        for events in woken:
            for event in events:
                event.set()

    def close(self) -> None:
        """Wake all waiters and reject new ones."""
        self._closed = True
        self.heard("")
