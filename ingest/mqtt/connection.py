"""One connection to an MQTT broker: paho-mqtt driven by the event loop, reading and writing in blocks.

paho connects and subscribes. Messages and their acknowledgements, which are what there are many of, pass it by: see
frames.py. MQTT 3.1.1, or 5 (mqtt.version), which tells a session how long to live and a client who took it over.
"""

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.subscribeoptions import SubscribeOptions

from hub.errors import BrokerUnavailable, ConfigError
from hub.settings import Mqtt
from ingest.mqtt.authority import broker_context, broker_fault
from ingest.mqtt.buffered_socket import BufferedSocket
from ingest.mqtt.frames import Publish, holds_packet, take_publishes
from ingest.mqtt.window import Window

CONFIRM_S = 10.0
"""How long the broker may take to accept the connection or the subscriptions."""

TICK_S = 1.0

TAKEN_OVER = 0x8E
"""Reason code of MQTT 5's DISCONNECT."""
NEVER_S = 0xFFFFFFFF
RECEIVE_MAXIMUM = 20_000
"""Messages under way that the hub asks for; the broker may allow less (mosquitto: max_inflight_messages)."""

Received = Callable[[list[Publish]], None]
_PINGREQ, _PINGRESP = b"\xc0\x00", 0xD0
_PUBACK = np.dtype([("head", ">u2"), ("packet_id", ">u2")])


class _Client(paho.Client):
    """paho's client on a BufferedSocket."""

    buffered: BufferedSocket | None = None

    def _create_socket(self) -> Any:
        self.buffered = BufferedSocket(super()._create_socket())  # type: ignore[arg-type]
        return self.buffered

    def next_id(self) -> int:
        """A packet id that nothing has that is under way: paho counts them."""
        return self._mid_generate()

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        """As paho's, which leaves the socket open when the handshake fails."""
        context: ssl.SSLContext = self._ssl_context  # type: ignore[assignment]
        wrapped = context.wrap_socket(tcp_sock, server_hostname=self._host, do_handshake_on_connect=False)
        try:
            wrapped.settimeout(self._connect_timeout)
            wrapped.do_handshake()
        except BaseException:
            wrapped.close()
            raise
        return wrapped


class MqttConnection:
    """Connected and subscribed between `open` and `close`; `read` until BrokerUnavailable."""

    def __init__(
        self, settings: Mqtt, topics: Sequence[str] | None, received: Received, client_id: str, *, clean: bool = False
    ) -> None:
        """`received` is called within `read`, with messages in order of arrival. None: topics are asked for later.

        `clean`: the broker forgets what it holds for the client id, now and when the connection ends.
        """
        self._settings, self._topics = settings, topics
        self._unanswered: dict[int, str] = {}
        """By packet id: the filters that are asked for."""
        self._needed: frozenset[str] = frozenset()
        self._version5 = settings.version == "5" and not clean
        self._client = _Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id,
            clean_session=None if self._version5 else clean,
            protocol=paho.MQTTv5 if self._version5 else paho.MQTTv311,
            manual_ack=True,
        )
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_disconnect = self._on_disconnect
        self._received = received
        self._accepted = False
        self.confirmed = False
        """Whether the broker has answered the subscriptions."""
        self.granted: set[str] = set()
        """Filters that it has confirmed."""
        self.refusal: str | None = None
        """Why the broker refuses the connection or a subscription; None: it does not."""
        self.denied: str | None = None
        """The needed subscription that it refuses."""
        self.thrown_out = False
        """Whether the broker has closed the connection without a word."""
        self.taken_over = False
        """Whether the broker has said that another client connected with the client id; MQTT 3.1.1 cannot say so."""
        self.session_present = False
        """Whether the broker knew the session, once it has accepted the connection."""
        self._pinged = self._heard = time.monotonic()
        self._pings = self._pongs = self._awaited = 0
        self.window = Window()
        self._waiting: asyncio.Future[None] | None = None
        """For something to read, or to send on."""

    async def connect(self) -> None:
        """Connect and ask for the subscriptions; raises BrokerUnavailable or OSError.

        They are confirmed while `read` goes on: what the session holds may come first, and may be more than fits in
        memory.
        """
        settings = self._settings
        try:
            set_credentials(self._client, settings)
        except ConfigError as error:  # files that were good when the hub started
            raise BrokerUnavailable(error.detail) from error
        connect = partial(self._client.connect, settings.host, settings.port, settings.keepalive_s)
        if self._version5:
            connect = partial(connect, clean_start=False, properties=_kept())
        try:
            await asyncio.to_thread(connect)
            self._heard = time.monotonic()
            while not self._accepted:
                await self.read()
        except (ssl.SSLError, ConnectionResetError) as error:
            # With TLS 1.3 what the server says of the hub's certificate comes once something is read.
            if told := broker_fault(error, settings):
                raise BrokerUnavailable(told) from error
            raise

    def ask_for(self, needed: Sequence[str], useful: Sequence[str] = ()) -> None:
        """Ask for subscriptions with QoS 1, each by itself: a broker may refuse one, and grant the others.

        When it refuses a `needed` one, `read` raises BrokerUnavailable.
        """
        self._needed = frozenset(needed)
        for topic in (*needed, *useful):
            code, mid = self._client.subscribe((topic, SubscribeOptions(1)) if self._version5 else (topic, 1))
            if code or mid is None:
                self.thrown_out = True
                return
            self._unanswered[mid] = topic
        self.confirmed = not self._unanswered

    @property
    def asking(self) -> bool:
        """Whether the broker has not answered all subscriptions yet."""
        return bool(self._unanswered)

    def _answered(self, mid: int) -> str | None:
        """The filter that is answered by that packet."""
        topic = self._unanswered.pop(mid, None)
        self.confirmed = not self._unanswered
        return topic

    async def open(self) -> None:
        """Connect and subscribe; raises as `connect`. For sessions that hold little, or whose messages are let go."""
        await self.connect()
        while not self.confirmed:
            await self.read()

    async def read(self) -> None:
        """Wait for a block of bytes and handle it; returns at least each second, for keep-alive."""
        sock = self._socket
        sock.flush()
        if not sock.pending():
            self._waiting = asyncio.get_running_loop().create_future()
            await _ready(sock, self._waiting, TICK_S)
        try:
            open_ = sock.fill()
        except OSError:
            self.thrown_out = True
            raise
        if len(sock.buffer) > sock.position:
            self._heard = time.monotonic()
        code = self._handle_packets(sock)
        self.keep_alive()
        if self._client.want_write() and not code:  # what paho was asked to send from within a callback
            code = self._client.loop_write()
        if self.refusal is not None:
            raise BrokerUnavailable(self.refusal)
        if not open_ or code:
            self.thrown_out = not open_ or code == MQTTErrorCode.MQTT_ERR_CONN_LOST
            raise BrokerUnavailable("the broker closed the connection" if not open_ else paho.error_string(code))
        silent_s, silence_s = time.monotonic() - self._heard, 1.5 * self._settings.keepalive_s
        if not self.confirmed and silent_s > CONFIRM_S:
            raise BrokerUnavailable(f"no answer to connect or subscribe within {CONFIRM_S:.0f} s")
        if silent_s > silence_s:
            raise BrokerUnavailable(f"no sign of life within {silence_s:.0f} s")

    def _handle_packets(self, sock: BufferedSocket) -> MQTTErrorCode:
        """Handle all complete packets that were read; paho's code for what went wrong."""
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        while not code and self.refusal is None:
            messages, sock.position = take_publishes(sock.buffer, sock.position, self._version5)
            if messages:
                self.window.read(sum(message.packet_id > 0 for message in messages))
                self._received(messages)
            begin, sock.position = sock.position, self._take_answers(sock.buffer, sock.position)
            if sock.position != begin:
                continue  # behind answers there may be messages again, and paho would let go of them
            if not holds_packet(sock.buffer, sock.position):
                break
            if sock.buffer[sock.position] == _PINGRESP:
                self._pongs += 1
                self.window.answered()
                self._ask()
            code = self._client.loop_read()
        return code

    def _take_answers(self, buffer: bytearray, position: int) -> int:
        """Take what a kind of connection reads without paho; the position behind it."""
        return position

    def send_on(self) -> None:
        """Send as much buffered data as the socket accepts; `read` sends the rest, once it accepts more."""
        sock = self._socket
        sock.flush()
        if sock.unsent and self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(None)

    def keep_alive(self) -> None:
        """Send PINGREQ when due, even while reading is paused: brokers drop clients silent for 1.5 keep-alives.

        Not left to paho: its answer lies behind what was not read yet, and paho would take the broker for dead.
        """
        if self._accepted and time.monotonic() - self._pinged >= self._settings.keepalive_s / 2:
            self._ping()

    async def round_trip(self) -> None:
        """Return once the broker has handled all that was sent to it; what it sends meanwhile is received."""
        self.ping()
        while not self.answered:
            await self.read()

    @property
    def answered(self) -> bool:
        """Whether the broker has answered the last ping(), and so has handled all that was sent before it."""
        return self._pongs >= self._awaited

    def ping(self) -> None:
        """Send PINGREQ; `answered` tells when the answer to it is there, whatever else is pinged meanwhile."""
        self._ping()
        self._awaited = self._pings

    def _ping(self) -> None:
        self._pinged, self._pings = time.monotonic(), self._pings + 1
        self.window.pinged()
        self._socket.send(_PINGREQ)
        self._socket.flush()

    def _ask(self) -> None:
        """Ask the broker whether it keeps messages back, where that is not known."""
        if self.window.asks:
            self._ping()

    def mark(self, topic: str, payload: bytes) -> None:
        """Publish a marker with QoS 1; whether it arrives is not waited for."""
        self._client.publish(topic, payload, 1)

    def leave_a_will(self, topic: str, payload: bytes) -> None:
        """Have the broker publish that, retained, if the connection ends without a word; before `connect`."""
        self._client.will_set(topic, payload, 1, retain=True)

    def tell(self, topic: str, payload: bytes, qos: int = 0, retain: bool = False) -> None:
        """Publish; whether it arrives is not waited for."""
        self._client.publish(topic, payload, qos, retain)

    def leave(self, topics: Sequence[str]) -> None:
        """Unsubscribe; whether it is confirmed is not waited for."""
        self._client.unsubscribe(list(topics))

    def acknowledge(self, packet_ids: Sequence[int]) -> None:
        """Send a PUBACK for each packet id, all in one write."""
        packets = np.empty(len(packet_ids), _PUBACK)
        packets["head"] = 0x4002
        packets["packet_id"] = packet_ids
        sock = self._socket
        sock.send(packets.tobytes())
        sock.flush()
        self.window.acknowledged(len(packet_ids))
        self._ask()

    def close(self) -> None:
        """Disconnect cleanly; the broker keeps the session."""
        self._client.disconnect()
        if self._client.buffered is not None:
            try:
                self._client.buffered.flush()
            except OSError:
                self.refusal = "closed by the peer"
            self._client.buffered.close()

    @property
    def _socket(self) -> BufferedSocket:
        sock = self._client.buffered
        if sock is None or sock.fileno() < 0:
            raise BrokerUnavailable("not connected")
        return sock

    def _on_connect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.refusal = f"the broker refuses the connection: {reason}: check mqtt.username and mqtt.password"
            return
        self._accepted, self.session_present = True, flags.session_present
        if self._topics is not None:
            self.ask_for(self._topics)

    def _on_disconnect(self, _client: Any, _data: Any, flags: Any, reason: Any, _properties: Any) -> None:
        if flags.is_disconnect_packet_from_server:
            self.thrown_out, self.taken_over = True, reason == TAKEN_OVER
            self.refusal = f"the broker ended the connection: {reason}"

    def _on_subscribe(self, _client: Any, _data: Any, mid: int, reasons: Any, _properties: Any) -> None:
        topic = self._answered(mid)
        if topic is None:
            return
        if not reasons[0].is_failure:
            self.granted.add(topic)
        elif topic in self._needed:
            self.denied = topic
            self.refusal = f"the broker refuses the subscription to {topic}"


def _kept() -> Properties:
    """Connect properties of a session that is never to expire, with at most a window of messages under way."""
    properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
    properties.SessionExpiryInterval = NEVER_S
    properties.ReceiveMaximum = RECEIVE_MAXIMUM
    return properties


def set_credentials(client: paho.Client, settings: Mqtt) -> None:
    """Give a client the user name, password and TLS of the settings; ConfigError for a file that cannot be used."""
    if settings.username is not None:
        password = settings.password
        client.username_pw_set(settings.username, password.get_secret_value() if password else None)
    if (context := broker_context(settings)) is not None:
        client.tls_set_context(context)


async def _ready(sock: BufferedSocket, future: asyncio.Future[None], timeout_s: float) -> None:
    """Wait until the socket is readable, or writable with data pending, or the timeout expires, or for `future`."""
    loop = asyncio.get_running_loop()

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
