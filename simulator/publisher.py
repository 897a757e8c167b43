"""QoS 1 publisher with a bounded window; resends unacknowledged messages after a reconnect."""

import threading
import time
from collections import deque
from collections.abc import Callable
from types import TracebackType
from typing import Any, Generic, NamedTuple, TypeVar

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker

Note = TypeVar("Note")

KEEPALIVE_S = 30


class Broker(NamedTuple):
    """Broker address and credentials."""

    host: str
    port: int
    username: str | None = None
    password: str | None = None


class BrokerAbsentError(Exception):
    """No MQTT broker answers there, or it refuses us"""


class StoppedError(Exception):
    """Stopped while waiting for the broker"""


class Publisher(Generic[Note]):
    """One broker connection. Each message has a note that is passed to `acknowledged` after its PUBACK.

    `acknowledged` is called from `publish`, `settle` and `drain` only, in the caller's thread.
    At most `window` messages are unacknowledged (limits memory while the broker is away).
    """

    def __init__(
        self,
        broker: Broker,
        client_id: str,
        acknowledged: Callable[[Note], None],
        window: int = 1000,
        stopping: threading.Event | None = None,
    ) -> None:
        self._broker = broker
        self._acknowledged = acknowledged
        self._room = threading.Semaphore(window)
        self._stopping = stopping or threading.Event()
        self._notes: dict[int, Note] = {}
        self._done: deque[int] = deque()
        self._connected = threading.Event()
        self._refusal = ""
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=client_id)
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        client.max_inflight_messages_set(window)
        client.reconnect_delay_set(min_delay=1, max_delay=5)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_publish = self._on_publish

    @property
    def connected(self) -> bool:
        return self._connected.is_set()

    @property
    def unacknowledged(self) -> int:
        """Messages without PUBACK so far."""
        return len(self._notes) - len(self._done)

    def open(self, seconds: float = 5.0) -> "Publisher[Note]":
        """Connect; BrokerAbsentError when there is no connection within the time."""
        self._client.connect_async(self._broker.host, self._broker.port, KEEPALIVE_S)
        self._client.loop_start()
        deadline = time.monotonic() + seconds
        while not self._connected.wait(0.1):
            if self._refusal or time.monotonic() > deadline or self._stopping.is_set():
                self.close()
                reason = self._refusal or "no answer"
                raise BrokerAbsentError(f"no MQTT broker at {self._broker.host}:{self._broker.port}: {reason}")
        return self

    def publish(self, topic: str, payload: bytes, note: Note) -> None:
        """Send a message; waits while the window is full. StoppedError when told to stop while waiting."""
        self.settle()
        while not self._room.acquire(timeout=0.2):
            self.settle()
            if self._stopping.is_set():
                raise StoppedError
        # While the broker is away the client keeps the message and sends it after it has connected again.
        self._notes[self._client.publish(topic, payload, qos=1).mid] = note

    def settle(self) -> None:
        """Pass on the notes of acknowledged messages."""
        while self._done:
            self._acknowledged(self._notes.pop(self._done.popleft()))

    def drain(self, seconds: float) -> int:
        """Wait until everything is acknowledged; returns the number of unacknowledged messages at the deadline."""
        deadline = time.monotonic() + seconds
        while self.unacknowledged and time.monotonic() < deadline:
            self.settle()
            time.sleep(0.01)
        self.settle()
        return self.unacknowledged

    def close(self) -> None:
        """End the connection."""
        leave_broker(self._client)

    def __enter__(self) -> "Publisher[Note]":
        return self.open()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _on_connect(self, _client: mqtt.Client, _user: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if code.is_failure:
            self._refusal = str(code)
        else:
            self._connected.set()

    def _on_disconnect(self, _client: mqtt.Client, _user: Any, _flags: Any, _code: Any, _properties: Any) -> None:
        self._connected.clear()

    def _on_publish(self, _client: mqtt.Client, _user: Any, mid: int, _code: Any, _properties: Any) -> None:
        # In the network thread, under the client's lock: taking a lock of ours here could end in a deadlock.
        self._done.append(mid)
        self._room.release()
