"""Subscriptions of the hub by which persons came: whoever keeps them cancels them. Between parts of one process."""

import asyncio
from contextlib import suppress

MOST = 100
"""That wait; more are told again with the next message."""


class Unwanted:
    """By the ids of subscriptions; bounded."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[str] = asyncio.Queue(MOST)

    def tell(self, subscription: str) -> None:
        """Persons came by this subscription, whosever it is."""
        with suppress(asyncio.QueueFull):
            self._told.put_nowait(subscription)

    async def next(self) -> str:
        """The next one."""
        return await self._told.get()
