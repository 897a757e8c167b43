"""MQTT ingest: persistent session, QoS 1; each message is acknowledged only after its commit."""

import asyncio
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from hub.backoff import Backoff, jittered
from hub.errors import BrokerUnavailable
from hub.models import Delivery, Micros, Origin, Outcome, Raw
from hub.pipeline import Sink
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt.client_id_conflict import SUSPICIOUS, ClientIdConflict
from ingest.mqtt.connection import TICK_S, MqttConnection
from ingest.mqtt.frames import Publish

log = logging.getLogger(__name__)

PERMISSION_S = 0.1
LONGEST_WAIT_S = 15.0

RIVAL = (
    "%d connections ended right after they began: another hub or client uses mqtt.client_id %r, and the broker lets in "
    "only the newest. Stop the other one, or give each its own mqtt.client_id. Nothing is lost; trying less often"
)


class MqttSource:
    """Submits messages to the pipeline and acknowledges them when settled.

    When the pipeline is full, reading stops: QoS 1 messages stay with the broker. A QoS 0 message that has been
    read by then is let go and counted, for nobody was promised anything about it.
    """

    def __init__(
        self,
        settings: Mqtt,
        topics: Sequence[str],
        pipeline: Sink,
        counters: Counters,
        origin: Callable[[str], Origin],
        permitted: Callable[[], bool] = lambda: True,
    ) -> None:
        """`origin` tells what a topic means. While it is not `permitted`, it stays away from the broker: another hub
        has the session.
        """
        self._settings, self._topics, self._pipeline, self._counters = settings, topics, pipeline, counters
        self._origin = origin
        self._chunk: list[Raw] = []
        self._last_received: Micros = 0
        self._connection: MqttConnection | None = None
        self._permitted = permitted
        self._stopped = asyncio.Event()

    @property
    def connected(self) -> bool:
        """Whether the connection is up and subscribed."""
        return self._connection is not None

    def stop(self) -> None:
        """Stop reading; messages already read can be settled until `close`."""
        self._stopped.set()

    def close(self) -> None:
        """Disconnect; the broker keeps unacknowledged messages."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def run(self) -> None:
        """Stay connected until `stop`; logs once when the broker goes down and once when it is back."""
        conflict, backoff = ClientIdConflict(), Backoff(log, "connected to the broker", longest_s=LONGEST_WAIT_S)
        while not self._stopped.is_set():
            if not self._permitted():
                await self._pause(PERMISSION_S)
                continue
            self._chunk = []  # of the connection before: the broker delivers it again, perhaps by other packet ids
            connection = MqttConnection(self._settings, self._topics, self._receive)
            try:
                await connection.open()
                self._connection = connection
                conflict.opened()
                if not backoff.succeeded():
                    log.info("connected to the broker")
                while self._permitted() and not self._stopped.is_set():
                    await self._hand_over(connection)
                    await connection.read()
                await self._hand_over(connection)
                if not self._stopped.is_set():
                    self.close()
            except (OSError, BrokerUnavailable) as error:
                if conflict.ended():
                    backoff.failed(RIVAL, SUSPICIOUS, self._settings.client_id)
                else:
                    backoff.failed("broker %s:%s: %s", self._settings.host, self._settings.port, error)
                self._connection = None
                connection.close()
                await self._pause(max(backoff.next_s(), jittered(conflict.wait_s)))
            except BaseException:
                self._connection = None
                connection.close()
                raise

    async def _pause(self, seconds: float) -> None:
        """Sleep, interrupted by `stop`."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._stopped.wait(), seconds)

    def _receive(self, messages: list[Publish]) -> None:
        """Timestamp received messages; arrival times are unique and increasing."""
        if self._pipeline.full:
            whole = len(messages)
            messages = [message for message in messages if message.packet_id]
            self._counters.dropped += whole - len(messages)
        first = max(time.time_ns() // 1000, self._last_received + 1)
        self._last_received = first + len(messages)
        source, origin = self._settings.client_id, self._origin
        self._chunk += [
            Raw(origin(topic), payload, received, packet_id, source, repeated, retained)
            for received, (topic, payload, packet_id, repeated, retained) in enumerate(messages, first)
        ]

    async def _hand_over(self, connection: MqttConnection) -> None:
        """Submit received messages to the pipeline; waits while it is full."""
        if not self._chunk:
            return
        chunk, self._chunk = self._chunk, []
        packet_ids = [raw.token for raw in chunk if raw.token]

        async def settle(_outcome: Outcome) -> None:
            # A later connection gets the message again and acknowledges that delivery.
            if packet_ids and self._connection is connection:
                try:
                    connection.acknowledge(packet_ids)
                except (OSError, BrokerUnavailable) as error:
                    log.debug("acknowledgements lost, the broker will deliver again: %s", error)

        delivery = Delivery(chunk, settle)
        if not self._pipeline.full:
            await self._pipeline.submit(delivery)
            return
        while True:
            try:
                async with asyncio.timeout(TICK_S):
                    await self._pipeline.submit(delivery)  # cancelled while it waits for room, it has taken nothing
            except TimeoutError:
                connection.keep_alive()
            else:
                return
