"""Simulated street lamps: execute or reject each command and reply."""

import logging
import time
from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any

import msgspec
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from hub.mqtt_thread import leave_broker
from simulator.fleet import Thing
from simulator.publisher import Broker

log = logging.getLogger(__name__)

PROFILE = "street-lamp"
DIMMING = "set_brightness"
MAX_PENDING = 1_000
"""Replies that wait for a broker which is away; further ones are let go."""

Dim = Callable[[str, float], None]


class Lamps:
    """Handles commands within its context; waits for the broker if it is down."""

    def __init__(self, broker: Broker, prefix: str, things: Iterable[Thing], dim: Dim) -> None:
        """`dim(code, brightness)` is called from the network's thread."""
        self._broker, self._prefix, self._dim = broker, prefix, dim
        self._lamps = {thing.topic(prefix, "command"): thing for thing in things if thing.profile == PROFILE}
        self._client = client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"lamps-{time.time_ns():x}")
        if broker.username is not None:
            client.username_pw_set(broker.username, broker.password)
        client.max_queued_messages_set(MAX_PENDING)
        client.on_connect = self._on_connect
        client.on_message = self._on_message

    def __enter__(self) -> "Lamps":
        self._client.connect_async(self._broker.host, self._broker.port)
        self._client.loop_start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        leave_broker(self._client)

    def _on_connect(self, client: mqtt.Client, _user: Any, _flags: Any, code: Any, _properties: Any) -> None:
        if not code.is_failure:
            client.subscribe([(f"{self._prefix}/{form}/command", 1) for form in ("+", "+/child/+")])

    def _on_message(self, client: mqtt.Client, _user: Any, message: mqtt.MQTTMessage) -> None:
        lamp = self._lamps.get(message.topic)
        if lamp is None:
            return
        body, brightness = answer(bytes(message.payload), time.time() * 1000)
        if brightness is not None:
            self._dim(lamp.code, brightness)
        if body is not None:
            client.publish(lamp.topic(self._prefix, "reply"), msgspec.json.encode(body), qos=1)
            log.info("%s: %s", lamp.code, body)


def answer(payload: bytes, now_ms: float) -> tuple[dict[str, Any] | None, float | None]:
    """A lamp's reply to a command (None: unreadable), and its new brightness (None: unchanged)."""
    try:
        told = msgspec.json.decode(payload, type=dict[str, Any])
        reply = {"id": told["id"]}
    except (msgspec.MsgspecError, KeyError):
        return None, None
    if told.get("expires_at", now_ms) < now_ms:
        return {**reply, "error": "it came too late, and was not done"}, None
    if told.get("name") != DIMMING:
        return {**reply, "error": f"a lamp knows {DIMMING}, not {told.get('name')}"}, None
    params = told.get("params")
    brightness = params.get("brightness") if isinstance(params, dict) else None
    if not isinstance(brightness, int | float) or isinstance(brightness, bool) or not 0 <= brightness <= 100:
        return {**reply, "error": "brightness is a number from 0 to 100"}, None
    return {**reply, "result": {"brightness": brightness}}, float(brightness)
