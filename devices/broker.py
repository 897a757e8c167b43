"""The hub's own link to the message broker, for what goes down and for orders to the broker itself."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BrokerLink(Protocol):
    """A connection to the broker that comes back by itself; nothing is kept while it is away."""

    @property
    def connected(self) -> bool:
        """Whether `publish` and `heard` can succeed at the moment."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """QoS 1, not retained; returns once the broker has it. BrokerUnavailable: away, or no word from it in time.

        Nothing that failed is published later. What the broker did not confirm may have arrived all the same.
        """

    def heard(self, *filters: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]:
        """(topic, payload) of what comes on topic filters while entered; entering waits for the subscription.

        BrokerUnavailable on entering: away, or it refuses. It survives a broker that goes and comes back, without what
        passed meanwhile. At most 1,000 messages wait to be read; beyond them the oldest are let go and counted.
        """
