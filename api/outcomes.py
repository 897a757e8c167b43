"""Who waits for what becomes of commands: woken by the store's notification, whichever process had the reply."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

MAX_WAITING = 1_000
"""Requests that wait at a time; a further one is answered at once. Protects memory and sockets from who only waits."""


class Outcomes:
    """Waiters by command. They look at the store themselves: a notification only tells them when to."""

    def __init__(self) -> None:
        self._waiting: dict[UUID, list[asyncio.Event]] = {}
        self._count = 0
        self._closed = False

    @contextmanager
    def expecting(self, command: UUID) -> Iterator[asyncio.Event | None]:
        """An event that is set whenever something happened to a command; None when nobody more may wait."""
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
        """Whether waiting makes sense: not while the process stops."""
        return not self._closed

    def heard(self, payload: str) -> None:
        """A notification: the id of a command, or nothing: any of them may have changed."""
        woken = [self._waiting.get(UUID(payload), [])] if payload else list(self._waiting.values())
        for events in woken:
            for event in events:
                event.set()

    def close(self) -> None:
        """Wake all, and let nobody wait any more."""
        self._closed = True
        self.heard("")
