"""The hub's control connection to the broker: commands, dynamic security requests, and live tails.

Apart from the connection that takes devices' data: that one has a persistent session and is held back when the store
is slow, this one forgets when it ends and always reads.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from secrets import token_hex
from typing import Any

import paho.mqtt.client as paho
from paho.mqtt.enums import MQTTErrorCode

from hub.backoff import Backoff
from hub.errors import BrokerUnavailable
from hub.settings import Mqtt
from ingest.mqtt.connection import CONFIRM_S, MqttConnection, Received
from ingest.mqtt.frames import Publish, publish_packet, take_pubacks

log = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Messages that one listener has not read yet; protects memory from a busy filter and a slow reader."""

MAX_UNDER_WAY = 100
"""Publications without their PUBACK; a further one waits for its turn. Protects a broker's buffers."""


class _Listener:
    """Queue of received messages for a set of topic filters."""

    def __init__(self, filters: Sequence[str]) -> None:
        self.filters = filters
        self.waiting: deque[tuple[str, bytes]] = deque(maxlen=MAX_WAITING)
        self._arrived = asyncio.Event()

    def take(self, topic: str, payload: bytes) -> bool:
        """Enqueue a matching message; returns whether an older one was dropped for it."""
        if not any(paho.topic_matches_sub(wanted, topic) for wanted in self.filters):
            return False
        full = len(self.waiting) == MAX_WAITING
        self.waiting.append((topic, payload))
        self._arrived.set()
        return full

    async def messages(self) -> AsyncIterator[tuple[str, bytes]]:
        """Yield messages forever, in order of arrival."""
        while True:
            while self.waiting:
                yield self.waiting.popleft()
            self._arrived.clear()
            await self._arrived.wait()


@asynccontextmanager
async def open_link(settings: Mqtt, purpose: str, sent: str) -> AsyncIterator["ControlLink"]:
    """A link of its own, for what is much; see ControlLink."""
    link = ControlLink(settings, purpose, sent)
    running = asyncio.create_task(link.run(), name=f"broker.{purpose}")
    try:
        yield link
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class ControlLink:
    """BrokerLink over MQTT; `run` is a background task, everything else is called from the same event loop."""

    def __init__(self, settings: Mqtt, purpose: str = "control", sent: str = "commands") -> None:
        """`purpose` is part of its client id, `sent` what the log says that it sends."""
        self._settings, self._sent = settings, sent
        self._name = f"{settings.client_id}-{purpose}-{token_hex(8)}"
        self._connection: _Connection | None = None
        self._listeners: list[_Listener] = []
        self._turns = asyncio.Semaphore(MAX_UNDER_WAY)
        self.let_go = 0
        """Messages that listeners were too slow to read."""

    @property
    def connected(self) -> bool:
        """Whether the connection is established."""
        return self._connection is not None

    async def run(self) -> None:
        """Stay connected forever; logs once when the broker goes down and once when it is back."""
        backoff = Backoff(log, "connected to the broker again: %s can be sent", self._sent)
        while True:
            filters = [wanted for listener in self._listeners for wanted in listener.filters]
            connection = _Connection(self._settings, filters, self._receive, self._name)
            try:
                await connection.open()
                self._connection = connection
                backoff.succeeded()
                while True:
                    await connection.read()
            except (OSError, BrokerUnavailable) as error:
                backoff.failed("%s cannot be sent: broker %s:%s: %s", self._sent, *self._where, error)
            finally:
                self._connection = None
                connection.close()
            await backoff.wait()

    async def publish(self, topic: str, payload: bytes) -> None:
        """See BrokerLink."""
        async with self._turns:
            await self._standing().publish_all([(topic, payload, False)])

    async def publish_all(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Publish (topic, payload, retain) with QoS 1 in their order; returns after all PUBACKs.

        BrokerUnavailable: the first of them have arrived, or none, or all; never one without those before it.
        """
        connection = self._standing()
        for start in range(0, len(messages), MAX_UNDER_WAY):
            await connection.publish_all(messages[start : start + MAX_UNDER_WAY])

    @asynccontextmanager
    async def heard(self, *filters: str) -> AsyncIterator[AsyncIterator[tuple[str, bytes]]]:
        """See BrokerLink."""
        connection, listener = self._standing(), _Listener(filters)
        self._listeners.append(listener)
        try:
            await connection.subscribe(filters)
            yield listener.messages()
        finally:
            self._listeners.remove(listener)
            wanted = {each for other in self._listeners for each in other.filters}
            if self._connection is not None:
                self._connection.unsubscribe([each for each in filters if each not in wanted])

    @property
    def _where(self) -> tuple[str, int]:
        return self._settings.host, self._settings.port

    def _standing(self) -> "_Connection":
        if self._connection is None:
            raise BrokerUnavailable("not connected to {}:{}".format(*self._where))
        return self._connection

    def _receive(self, messages: list[Publish]) -> None:
        for topic, payload, *_ in messages:
            for listener in self._listeners:
                self.let_go += listener.take(topic, payload)


@dataclass(slots=True)
class _Published:
    """Messages that were sent together."""

    missing: int
    """Of which the broker has not confirmed so many."""
    confirmed: asyncio.Future[None]


class _Connection(MqttConnection):
    """A clean-session connection that can also publish and change its subscriptions."""

    def __init__(self, settings: Mqtt, topics: Sequence[str], received: Received, name: str) -> None:
        super().__init__(settings, topics, self._take, name, clean=True)
        self._hand_on = received
        self._asked: dict[int, asyncio.Future[str | None]] = {}
        """By packet id: who waits for the broker's word; the result says what it refused."""
        self._published: dict[int, _Published] = {}
        """By packet id: what is not confirmed yet."""

    async def publish_all(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        """Publish (topic, payload, retain) in one write, and wait for all PUBACKs.

        Without them the connection is closed, so that nothing arrives late.
        """
        ids = [self._client.next_id() for _ in messages]
        packets = b"".join(
            publish_packet(topic, payload, id_, retain)
            for (topic, payload, retain), id_ in zip(messages, ids, strict=True)
        )
        published = _Published(len(ids), asyncio.get_running_loop().create_future())
        try:
            self._socket.send(packets)
            self._published |= dict.fromkeys(ids, published)
            async with asyncio.timeout(CONFIRM_S):
                self._send()
                await published.confirmed
        except (TimeoutError, BrokerUnavailable, asyncio.CancelledError) as error:
            if self._client.buffered is not None:
                self._client.buffered.abandon()
            if not isinstance(error, TimeoutError):
                raise
            topic = next(topic for (topic, *_), id_ in zip(messages, ids, strict=True) if id_ in self._published)
            raise BrokerUnavailable(f"the message to {topic} was not confirmed within {CONFIRM_S:.0f} s") from None
        finally:
            for id_ in ids:
                self._published.pop(id_, None)

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe and wait for SUBACK; BrokerUnavailable when refused."""
        code, mid = self._client.subscribe([(wanted, 1) for wanted in filters])
        await self._word(code, mid or 0, f"the subscription to {', '.join(filters)}")

    def unsubscribe(self, filters: Sequence[str]) -> None:
        """Unsubscribe; a no-op on a connection that is closing."""
        if filters:
            self._client.unsubscribe(list(filters))
            self._send()

    def close(self) -> None:
        """Close, failing all pending requests."""
        super().close()
        waiting: list[asyncio.Future[Any]] = [each.confirmed for each in self._published.values()]
        for future in (*waiting, *self._asked.values()):
            if not future.done():
                future.set_exception(BrokerUnavailable("the connection ended before the broker confirmed"))
        self._asked.clear()
        self._published.clear()

    def _take(self, messages: list[Publish]) -> None:
        self.acknowledge([message.packet_id for message in messages if message.packet_id])
        self._hand_on(messages)

    async def _word(self, code: MQTTErrorCode, mid: int, what: str) -> None:
        """Wait for the broker's acknowledgement of a packet."""
        if code:
            raise BrokerUnavailable(paho.error_string(code))
        future = self._asked[mid] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(CONFIRM_S):
                self._send()
                refused = await future
        except TimeoutError:
            raise BrokerUnavailable(f"{what} was not confirmed within {CONFIRM_S:.0f} s") from None
        finally:
            self._asked.pop(mid, None)
        if refused is not None:
            raise BrokerUnavailable(f"the broker refuses {what}")

    def _send(self) -> None:
        """Send as much buffered data as the socket accepts; `read` sends the rest."""
        try:
            self.send_on()
        except OSError as error:
            raise BrokerUnavailable(str(error)) from error

    def _settle(self, mid: int, refused: str | None) -> bool:
        future = self._asked.pop(mid, None)
        if future is not None and not future.done():
            future.set_result(refused)
        return future is not None

    def _take_answers(self, buffer: bytearray, position: int) -> int:
        ids, position = take_pubacks(buffer, position)
        for id_ in ids:
            published = self._published.pop(id_, None)
            if published is None:
                continue
            published.missing -= 1
            if not published.missing and not published.confirmed.done():
                published.confirmed.set_result(None)
        return position

    def _on_subscribe(self, client: Any, data: Any, mid: int, reasons: Any, properties: Any) -> None:
        refused = next((str(reason) for reason in reasons if reason.is_failure), None)
        if not self._settle(mid, refused):  # those of before a broker came back
            if refused is not None:
                log.warning("the broker refuses a subscription that it had before: %s", refused)
            self._answered(mid)
