"""A profile with a command, its devices, and a device that does what it is told."""

import json
from collections.abc import Callable
from typing import Any

import paho.mqtt.client as mqtt
import psycopg
from paho.mqtt.enums import CallbackAPIVersion
from psycopg.types.json import Jsonb

from hub.mqtt_thread import leave_broker
from tests.support.process import wait_until

BRIGHTNESS = {
    "type": "object",
    "properties": {"brightness": {"type": "integer", "minimum": 0, "maximum": 100}},
    "required": ["brightness"],
    "additionalProperties": False,
}
COMMANDS = {
    "set_brightness": {"name": "Dim", "schema": BRIGHTNESS, "timeout_s": 10},
    "reboot": {"name": "Reboot"},
    "broken": {"name": "Broken", "schema": {"type": "lamp"}},
    "foreign": {"name": "Foreign", "schema": {"$ref": "http://127.0.0.1:1/schema"}},
}


def register_lamps(url: str, *codes: str, parent: str | None = None) -> None:
    """A profile lamp that may be dimmed, and active devices of it."""
    with psycopg.connect(url) as conn:
        conn.execute(
            """insert into profile (code, name, commands) values ('lamp', 'Lamp', %s)
               on conflict (code) do nothing""",
            (Jsonb(COMMANDS),),
        )
        for code in codes:
            conn.execute(
                """insert into device (code, name, profile_id, parent_id)
                   select %s, %s, p.id, (select id from device where code = %s) from profile p where p.code = 'lamp'""",
                (code, code, parent),
            )


Answer = Callable[[dict[str, Any]], dict[str, Any] | None]


def done(told: dict[str, Any]) -> dict[str, Any]:
    """The reply of a device that did it."""
    return {"id": told["id"], "result": told["params"]}


class Lamp:
    """A device on a broker: hears its commands, and answers them as `answer` says (None: not at all)."""

    def __init__(self, port: int, path: str, answer: Answer = done, topic: str | None = None) -> None:
        """`path` is its device code, or `gateway/child/device`; `topic` where it hears its commands, else by `path`."""
        self._heard_at = topic or f"ganzhi/v1/{path}/command"
        self.told: list[dict[str, Any]] = []
        self.answer = answer
        self._topic = f"ganzhi/v1/{path}"
        self._subscribed = False
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, client_id=f"lamp-{path.replace('/', '-')}")
        self._client.on_connect = self._connected
        self._client.on_subscribe = lambda *_: setattr(self, "_subscribed", True)
        self._client.on_message = self._heard
        self._client.reconnect_delay_set(min_delay=1, max_delay=1)
        self._client.connect("127.0.0.1", port)

    def _connected(self, *_: object) -> None:
        self._client.subscribe(self._heard_at, qos=1)

    def __enter__(self) -> "Lamp":
        self._client.loop_start()
        wait_until(lambda: self._subscribed, "the lamp listens")
        return self

    def __exit__(self, *_: object) -> None:
        leave_broker(self._client)

    def reply(self, body: dict[str, Any]) -> mqtt.MQTTMessageInfo:
        """Publish a reply."""
        return self._client.publish(f"{self._topic}/reply", json.dumps(body), qos=1)

    def _heard(self, _client: mqtt.Client, _data: object, message: mqtt.MQTTMessage) -> None:
        told = json.loads(message.payload)
        self.told.append(told)
        body = self.answer(told)
        if body is not None:
            self.reply(body)
