"""Sessions with a broker, as the hub, its older versions and others have them."""

import paho.mqtt.client as paho
import psycopg
from paho.mqtt.enums import CallbackAPIVersion

from devices.addressing import subscriptions
from hub.mqtt_thread import leave_broker
from tests.support.process import wait_until

OLD = "ganzhi-hub"
"""Client id of the hub's older versions."""


def client_id(database: str) -> str:
    """Client id of the hub on that database."""
    with psycopg.connect(database) as conn:
        row = conn.execute("select client_id from mqtt_session").fetchone()
    assert row is not None
    return str(row[0])


def knows(port: int, session: str) -> bool:
    """Whether the broker knows a session; one that it does not know it knows afterwards."""
    return _connected(port, session, clean=False, subscribe=False)


def subscribe(port: int, session: str = OLD) -> None:
    """Make a session with the subscriptions of a hub, and leave it."""
    _connected(port, session, clean=False, subscribe=True)


def end(port: int, session: str) -> None:
    """Let the broker forget a session and what is in it: one clean connection."""
    _connected(port, session, clean=True, subscribe=False)


def _connected(port: int, session: str, *, clean: bool, subscribe: bool) -> bool:
    client = paho.Client(CallbackAPIVersion.VERSION2, session, clean_session=clean, protocol=paho.MQTTv311)
    present: list[bool] = []
    confirmed: list[int] = []
    client.on_connect = lambda _client, _data, flags, _reason, _properties: present.append(flags.session_present)
    client.on_subscribe = lambda _client, _data, mid, _reasons, _properties: confirmed.append(mid)
    client.connect("127.0.0.1", port)
    client.loop_start()
    try:
        wait_until(lambda: present, "an answer to the connection")
        if subscribe:
            client.subscribe([(topic, 1) for topic in subscriptions("ganzhi/v1")])
            wait_until(lambda: confirmed, "the subscriptions")
    finally:
        leave_broker(client)
    return present[0]
