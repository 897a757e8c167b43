"""Kafka sink: alert changes as CloudEvents in a topic, in the structured mode of the Kafka protocol binding 1.0.2.

A record's key is the id of the alert, so the changes of an alert are in one partition, in order; its value is what a
webhook would be sent.
"""

from collections.abc import Awaitable, Callable, Sequence

from api.push.follower import Message

HEADERS = (("content-type", b"application/cloudevents+json; charset=utf-8"),)

Append = Callable[[Sequence[tuple[bytes, bytes, Sequence[tuple[str, bytes]]]]], Awaitable[None]]
"""Appends records (key, value, headers) to a topic; returns once all are persisted, in order by key.

BrokerUnavailable, within about 10 s, when it is not known that they are.
"""


class KafkaSink:
    """See Sink. A topic is written by the hub alone: `ganzhi.alerts` by default."""

    def __init__(self, append: Append) -> None:
        self._append = append

    async def hand_over(self, messages: Sequence[Message]) -> None:
        """See Sink."""
        await self._append([(message.alert.encode(), message.body, HEADERS) for message in messages])
