"""MQTT in: a persistent session with QoS 1, each message acknowledged after its commit and never before."""

import asyncio
import logging
import time
from collections.abc import Sequence
from random import uniform

from paho.mqtt.client import MQTTMessage

from hub.errors import BrokerUnavailable
from hub.models import Delivery, Micros, Outcome, Raw
from hub.pipeline import Pipeline
from hub.settings import Mqtt
from hub.telemetry import Counters
from ingest.mqtt_connection import MqttConnection

log = logging.getLogger(__name__)

RETRY_MIN_S, RETRY_MAX_S = 0.2, 15.0


class MqttSource:
    """Hands messages to the pipeline and acknowledges them when it settles.

    When the pipeline is full, reading stops: QoS 1 messages stay with the broker. A QoS 0 message that has been
    read by then is let go and counted, for nobody was promised anything about it.
    """

    def __init__(self, settings: Mqtt, topics: Sequence[str], pipeline: Pipeline, counters: Counters) -> None:
        self._settings, self._topics, self._pipeline, self._counters = settings, topics, pipeline, counters
        self._chunk: list[Raw] = []
        self._last_received: Micros = 0
        self._connection: MqttConnection | None = None
        self._closing = False

    @property
    def connected(self) -> bool:
        """Whether the broker has confirmed the subscriptions and the connection still stands."""
        return self._connection is not None

    def stop(self) -> None:
        """Take nothing more; what was taken can still be settled until `close`."""
        self._closing = True

    def close(self) -> None:
        """End the connection; the broker keeps what is unacknowledged."""
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    async def run(self) -> None:
        """Stay connected until `stop`; one log line when the broker goes, one when it is back."""
        wait, down = RETRY_MIN_S, False
        while not self._closing:
            connection = MqttConnection(self._settings, self._topics, self._receive)
            try:
                await connection.open()
                self._connection = connection
                log.log(logging.WARNING if down else logging.INFO, "connected to the broker")
                wait, down = RETRY_MIN_S, False
                while not self._closing:
                    await self._hand_over(connection)
                    await connection.read()
                await self._hand_over(connection)
            except (OSError, BrokerUnavailable) as error:
                if not down:
                    log.error("broker %s:%s: %s", self._settings.host, self._settings.port, error)
                down = True
                self._connection = None
                connection.close()
                await asyncio.sleep(wait * uniform(0.5, 1.0))  # noqa: S311 jitter, not a secret
                wait = min(wait * 2, RETRY_MAX_S)
            except BaseException:
                self._connection = None
                connection.close()
                raise

    def _receive(self, message: MQTTMessage) -> None:
        """Note a message with its time of arrival, unique and rising."""
        try:
            topic = message.topic
        except UnicodeDecodeError:
            topic = "a topic that is not UTF-8"
        if message.qos == 0 and self._pipeline.full:
            self._counters.dropped += 1
            return
        received = self._last_received = max(time.time_ns() // 1000, self._last_received + 1)
        source = self._settings.client_id
        self._chunk.append(Raw("mqtt", topic, bytes(message.payload), received, message.mid, source, message.dup))

    async def _hand_over(self, connection: MqttConnection) -> None:
        """Give what was read to the pipeline; waits while that is full."""
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

        await self._pipeline.submit(Delivery(chunk, settle))
