"""The hub's own link to the message broker, for what goes down and for orders to the broker itself."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol


class BrokerLink(Protocol):
    """A self-reconnecting broker connection; nothing is queued while it is down."""

    @property
    def connected(self) -> bool:
        """Whether `publish` and `heard` can currently succeed."""

    async def publish(self, topic: str, payload: bytes) -> None:
        """Publish with QoS 1, not retained; returns after PUBACK. BrokerUnavailable when down or timed out.

        Nothing that failed is published later. What the broker did not confirm may have arrived all the same.
        """

    def heard(self, *filters: str) -> AbstractAsyncContextManager[AsyncIterator[tuple[str, bytes]]]:
        """Context manager yielding (topic, payload) for topic filters; entering waits for SUBACK.

        BrokerUnavailable on entering: away, or it refuses. It survives a broker that goes and comes back, without what
        passed meanwhile. At most 1,000 messages wait to be read; beyond them the oldest are let go and counted.
        """
