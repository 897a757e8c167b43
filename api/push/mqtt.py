"""MQTT sink: alert changes as CloudEvents below a topic, by region and level, with QoS 1.

`{base}/{region}/{level}` gets each change, of an alert without a region `-`; the level is the highest that the alert
has reached, so who hears of a red alert also hears how it goes on. With `retain`, `{base}/{region}/{level}/{alert}`
holds the newest change of each alert that has not ended, for whoever subscribes later; an empty message there says that
there is nothing any more. Heartbeats are in `{base}/heartbeat`.
"""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from api.cloudevents import event_type
from api.push.follower import Message
from hub.alerts.transitions import ENDED
from hub.models import LEVEL_NAMES

Publish = Callable[[Sequence[tuple[str, bytes, bool]]], Awaitable[None]]
"""Publishes (topic, payload, retain) in their order; returns after all PUBACKs.

BrokerUnavailable, within about 10 s, when one is missing; then none has arrived without those before it.
"""


class MqttSink:
    """See Sink."""

    def __init__(self, publish: Publish, base: str, *, retain: bool = False) -> None:
        """`base` is the topic above, without a slash at its end."""
        self._publish, self._base, self._retain = publish, base, retain

    async def hand_over(self, messages: Sequence[Message]) -> None:
        """See Sink."""
        await self._publish([each for message in messages for each in self._published(message)])

    def _published(self, message: Message) -> Iterator[tuple[str, bytes, bool]]:
        if message.event["type"] == event_type("heartbeat"):
            yield f"{self._base}/heartbeat", message.body, False
            return
        alert = message.event["data"]
        above, level = f"{self._base}/{alert.get('region') or '-'}", alert["peak_level"]
        yield f"{above}/{level}", message.body, False
        if not self._retain:
            return
        if alert["level"] == level and message.event["type"].endswith(".updated"):
            for lower in LEVEL_NAMES[: LEVEL_NAMES.index(level)]:  # it has perhaps just risen from there
                yield f"{above}/{lower}/{message.alert}", b"", True
        ended = alert["handling"] in ENDED
        yield f"{above}/{level}/{message.alert}", b"" if ended else message.body, True
