"""Reads one session on one connection: submits its messages, and acknowledges them once they are settled."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from secrets import token_hex

from devices.addressing import handover_topic
from hub.errors import BrokerUnavailable
from hub.models import Delivery, Micros, Origin, Outcome, Raw, Repeat
from hub.pipeline import Sink
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt.connection import TICK_S, MqttConnection
from ingest.mqtt.frames import Publish

log = logging.getLogger(__name__)


QUIET_S = 0.5
"""A session from which nothing came for so long holds nothing more."""
REPLAYED = 65_536
"""So many messages of a session that was resumed may be a replay: packet ids come round behind them."""
UNMARKED_QUIET_S, UNMARKED_S = 5.0, 600.0
"""Where a marker does not come back, because the hub may not publish it: a session that was quiet for so long, or read
for so long, is read up."""


class Intake:
    """Turns what the sessions of a process deliver into messages with unique and increasing times of arrival."""

    def __init__(self, sink: Sink, counters: Counters, origin: Callable[[str], Origin]) -> None:
        """`origin` tells what a topic means."""
        self.sink, self._counters, self._origin = sink, counters, origin
        self._last: Micros = 0

    def raws(self, messages: list[Publish], source: str, replayed: bool) -> list[Raw]:
        """The messages; while the sink is full without those of QoS 0, which are counted: nobody was promised them.

        `replayed`: each of them may have come before, whatever the broker says.
        """
        unmarked = Repeat.POSSIBLE if replayed else Repeat.NO
        if self.sink.full:
            whole = len(messages)
            messages = [message for message in messages if message.packet_id]
            self._counters.dropped += whole - len(messages)
        first = max(time.time_ns() // 1000, self._last + 1)
        self._last = first + len(messages)
        origin = self._origin
        return [
            Raw(origin(topic), payload, received, packet_id, source, Repeat.MARKED if marked else unmarked, retained)
            for received, (topic, payload, packet_id, marked, retained) in enumerate(messages, first)
        ]


class SessionReader:
    """A session between `connect` and `close`. While the sink is full nothing is read, from the first byte on.

    A broker that was killed comes back with what it had saved, and delivers again what has been acknowledged since, by
    the same packet ids and without DUP. So all that a resumed session holds may have come before. A marker that is
    published once the hub is connected tells where that ends.
    """

    def __init__(
        self,
        settings: Mqtt,
        client_id: str,
        source: str,
        topics: Sequence[str] | None,
        intake: Intake,
        marks: bool = True,
    ) -> None:
        """`source`: see `Raw.source`; `topics`: see MqttConnection.

        Without `marks` the session has been read up when it is quiet.
        """
        self.connection = MqttConnection(settings, topics, self._receive, client_id)
        self._source, self._intake = source, intake
        self._marker_topic, self._end_of_kept = handover_topic(settings.prefix), token_hex(16).encode()
        self._marks, self._marked_at, self._heard_at = marks, 0.0, 0.0
        self.behind = True
        """Whether it may still hold messages from before the connection."""
        self._chunk: list[Raw] = []
        self._open = False
        self._replayed = REPLAYED
        """Messages still to come that may be a replay."""
        self.unsettled = 0
        """Deliveries that are submitted and not settled."""

    async def connect(self) -> None:
        """Connect and subscribe; see MqttConnection.connect."""
        await self.connection.connect()
        self._open = True

    async def step(self) -> None:
        """Submit what was read, then read a block; BrokerUnavailable when the connection has ended."""
        await self.hand_over()
        began = time.monotonic()
        await self.connection.read()
        if not (self._chunk or self.unsettled) and time.monotonic() - began > QUIET_S:
            self._replayed = 0
        if self.behind:
            self._look_behind(time.monotonic())

    @property
    def refused(self) -> bool:
        """Whether it has published a marker that has not come back, which some brokers end the connection for."""
        return self._marks and self.behind and bool(self._marked_at)

    def _look_behind(self, now: float) -> None:
        if not self.connection.confirmed:
            return
        if not self.connection.session_present:
            self.behind = False
        elif not self._marked_at:
            if self._marks:
                self.connection.mark(self._marker_topic, self._end_of_kept)
            self._marked_at = self._heard_at = now
        elif now - self._marked_at > UNMARKED_S or (not self.unsettled and now - self._heard_at > UNMARKED_QUIET_S):
            self.behind = False

    async def hand_over(self) -> None:
        """Submit what was read; waits while the sink is full."""
        if not self._chunk:
            return
        chunk, self._chunk = self._chunk, []
        packet_ids = [raw.token for raw in chunk if raw.token]

        async def settle(_outcome: Outcome) -> None:
            # A later connection gets the message again and acknowledges that delivery.
            self.unsettled -= 1
            if packet_ids and self._open:
                try:
                    self.connection.acknowledge(packet_ids)
                except (OSError, BrokerUnavailable) as error:
                    log.debug("acknowledgements lost, the broker will deliver again: %s", error)

        delivery, sink = Delivery(chunk, settle), self._intake.sink
        self.unsettled += 1
        if not sink.full:
            await sink.submit(delivery)
            return
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await sink.submit(delivery)  # cancelled while it waits for room, it has taken nothing
            except TimeoutError:
                self.connection.keep_alive()
            else:
                return

    def close(self) -> None:
        """Disconnect; the broker keeps what is not acknowledged."""
        self._open = False
        self.connection.close()

    def _receive(self, messages: list[Publish]) -> None:
        if not self.connection.session_present:
            self._replayed = 0
        if self.behind:
            self._heard_at = time.monotonic()
            messages = self._without_marker(messages)
        self._chunk += self._intake.raws(messages, self._source, self._replayed > 0)
        self._replayed -= len(messages)

    def _without_marker(self, messages: list[Publish]) -> list[Publish]:
        for index, message in enumerate(messages):
            if message.payload == self._end_of_kept:
                if message.packet_id:  # 0 where the broker grants QoS 0 only
                    self.connection.acknowledge([message.packet_id])
                self._chunk += self._intake.raws(messages[:index], self._source, self._replayed > 0)
                self.behind, self._replayed = False, 0
                return messages[index + 1 :]
        return messages
