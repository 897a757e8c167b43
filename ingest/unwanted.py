"""Subscriptions of the hub by which persons came: whoever keeps them cancels them. Between parts of one process."""

import asyncio
from contextlib import suppress

MOST = 100
"""That wait; more are told again with the next message."""


class Unwanted:
    """By the ids of subscriptions; bounded."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[tuple[str, str]] = asyncio.Queue(MOST)

    def tell(self, library: str, subscription: str) -> None:
        """A library, by its number, has sent persons by this subscription."""
        with suppress(asyncio.QueueFull):
            self._told.put_nowait((library, subscription))

    async def next(self) -> tuple[str, str]:
        """The next one: library and subscription."""
        return await self._told.get()
