"""One connection to an MQTT broker: paho-mqtt driven by the event loop, reading and writing in blocks.

paho connects and subscribes. Messages and their acknowledgements, which are what there
are many of, pass it by: see mqtt_frames.py. MQTT 3.1.1, for a message of MQTT 5 takes longer to read.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode

from hub.errors import BrokerUnavailable
from hub.settings import Mqtt
from ingest.mqtt.buffered_socket import BufferedSocket
from ingest.mqtt.frames import Publish, holds_packet, take_publishes

CONFIRM_S = 10.0
"""How long the broker may take to accept the connection or the subscriptions."""

TICK_S = 1.0

Received = Callable[[list[Publish]], None]
_PINGREQ = b"\xc0\x00"
_PUBACK = np.dtype([("head", ">u2"), ("packet_id", ">u2")])


class _Client(paho.Client):
    """paho's client on a BufferedSocket."""

    buffered: BufferedSocket | None = None

    def _create_socket(self) -> Any:
        self.buffered = BufferedSocket(super()._create_socket())  # type: ignore[arg-type]
        return self.buffered


class MqttConnection:
    """Connected and subscribed between `open` and `close`; `read` until BrokerUnavailable."""

    def __init__(self, settings: Mqtt, topics: Sequence[str], received: Received, name: str | None = None) -> None:
        """`received` is called within `read`, with messages in order of arrival.

        With a `name` it connects under that one, and without a persistent session.
        """
        self._settings, self._topics = settings, topics
        self._client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=name or settings.client_id,
            clean_session=name is not None,
            protocol=paho.MQTTv311,
            manual_ack=True,
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._received = received
        self._confirmed = False
        self._refusal: str | None = None
        self.session_present = False
        self._pinged = self._heard = time.monotonic()

    async def open(self) -> None:
        """Connect and subscribe with QoS 1; raises BrokerUnavailable or OSError."""
        settings = self._settings
        set_credentials(self._client, settings)
        await asyncio.to_thread(self._client.connect, settings.host, settings.port, settings.keepalive_s)
        try:
            async with asyncio.timeout(CONFIRM_S):
                while not self._confirmed:
                    await self.read()
        except TimeoutError:
            raise BrokerUnavailable(f"no answer to connect or subscribe within {CONFIRM_S:.0f} s") from None

    async def read(self) -> None:
        """Wait for a block of bytes and handle it; returns at least each second, for keep-alive."""
        sock = self._socket
        sock.flush()
        if not sock.pending():
            await _ready(sock, TICK_S)
        open_ = sock.fill()
        if len(sock.buffer) > sock.position:
            self._heard = time.monotonic()
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        while not code and self._refusal is None:
            messages, sock.position = take_publishes(sock.buffer, sock.position)
            if messages:
                self._received(messages)
            if not holds_packet(sock.buffer, sock.position):
                break
            code = self._client.loop_read()
        self.keep_alive()
        if self._client.want_write() and not code:  # what paho was asked to send from within a callback
            code = self._client.loop_write()
        if self._refusal is not None:
            raise BrokerUnavailable(self._refusal)
        if not open_ or code:
            raise BrokerUnavailable("the broker closed the connection" if not open_ else paho.error_string(code))
        silence_s = 1.5 * self._settings.keepalive_s
        if time.monotonic() - self._heard > silence_s:
            raise BrokerUnavailable(f"no sign of life within {silence_s:.0f} s")

    def keep_alive(self) -> None:
        """Send PINGREQ when due, even while reading is paused: brokers drop clients silent for 1.5 keep-alives.

        Not left to paho: its answer lies behind what was not read yet, and paho would take the broker for dead.
        """
        now = time.monotonic()
        if self._confirmed and now - self._pinged >= self._settings.keepalive_s / 2:
            self._pinged = now
            self._socket.send(_PINGREQ)
            self._socket.flush()

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send a PUBACK for each packet id, all in one write."""
        packets = np.empty(len(packet_ids), _PUBACK)
        packets["head"] = 0x4002
        packets["packet_id"] = packet_ids
        sock = self._socket
        sock.send(packets.tobytes())
        sock.flush()

    def close(self) -> None:
        """Disconnect cleanly; the broker keeps the session."""
        self._client.disconnect()
        if self._client.buffered is not None:
            try:
                self._client.buffered.flush()
            except OSError:
                self._refusal = "closed by the peer"
            self._client.buffered.close()

    @property
    def _socket(self) -> BufferedSocket:
        sock = self._client.buffered
        if sock is None or sock.fileno() < 0:
            raise BrokerUnavailable("not connected")
        return sock

    def _on_connect(self, client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self._refusal = f"the broker refuses the connection: {reason}: check mqtt.username and mqtt.password"
            return
        self.session_present = flags.session_present
        if self._topics:
            client.subscribe([(topic, 1) for topic in self._topics])
        else:
            self._confirmed = True

    def _on_subscribe(self, _client: Any, _data: Any, _mid: int, reasons: Any, _properties: Any) -> None:
        refused = [topic for topic, reason in zip(self._topics, reasons, strict=True) if reason.is_failure]
        if refused:
            self._refusal = f"the broker refuses the subscription to {', '.join(refused)}"
        self._confirmed = True


def set_credentials(client: paho.Client, settings: Mqtt) -> None:
    """Give a client the user name, password and TLS authority of the settings; OSError when that cannot be read."""
    if settings.username is not None:
        password = settings.password
        client.username_pw_set(settings.username, password.get_secret_value() if password else None)
    if settings.tls_ca is not None:
        client.tls_set(ca_certs=str(settings.tls_ca))


async def _ready(sock: BufferedSocket, timeout_s: float) -> None:
    """Wait until the socket is readable, or writable with data pending, or the timeout expires."""
    loop = asyncio.get_running_loop()
    future = loop.create_future()

    def done() -> None:
        if not future.done():
            future.set_result(None)

    timer = loop.call_later(timeout_s, done)
    loop.add_reader(sock.fileno(), done)
    if sock.unsent:
        loop.add_writer(sock.fileno(), done)
    try:
        await future
    finally:
        timer.cancel()
        loop.remove_reader(sock.fileno())
        loop.remove_writer(sock.fileno())
