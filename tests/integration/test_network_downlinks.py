"""Commands through ChirpStack 4 and The Things Stack 3 at a real broker: queued, sent, done or expired, each once."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event
from typing import Any
from uuid import uuid4

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto, publisher
from tests.support.frames_networks import TTS, UP
from tests.support.hub import Hub, run_hub
from tests.support.process import wait_until

EUI, TTS_EUI = "0101010101010101", "0004A30B001C0530"
APPLICATION, DEVICE = "52f14cd4", "my-app@ttn/devices/dev1"
SCHEMA = {"type": "object", "properties": {"seconds": {"type": "integer"}}, "required": ["seconds"]}
UNITS = {"temperature": "Cel", "humidity": "%", "battery": "%"}
NONE: dict[str, Any] = {"type": "object", "properties": {}}
COMMANDS = {
    "interval": {"name": "Interval", "schema": SCHEMA, "downlink": {"f_port": 85, "data": "FF03{seconds:u16le}"}},
    "reboot": {"name": "Reboot", "schema": NONE, "downlink": {"f_port": 85, "confirmed": False, "data": "FF10FF"}},
    "show": {"name": "Show", "schema": NONE, "downlink": {"f_port": 2, "object": {"led": True}}},
    "sing": {"name": "Sing", "schema": NONE},
}


class Place:
    """A hub that reads both networks at its own broker, and what they are told."""

    def __init__(self, hub: Hub, broker: Mosquitto, told: SimpleQueue[Any]) -> None:
        self.hub, self.broker, self.told = hub, broker, told
        self.listens = Event()

    def next(self) -> tuple[str, dict[str, Any]]:
        """Topic and body of what came to a network."""
        message = self.told.get(timeout=20)
        return message.topic, json.loads(message.payload)

    def happened(self, event: str, **members: Any) -> None:
        """ChirpStack tells of the device."""
        body = {"deduplicationId": str(uuid4()), "time": "2026-01-01T00:00:00Z", **members}
        topic = f"application/{APPLICATION}/device/{EUI}/event/{event}"
        self.broker.publish([(topic, json.dumps(body | {"deviceInfo": {"devEui": EUI}}).encode())])

    def tts(self, event: str, id_: str, member: dict[str, Any] | None = None) -> None:
        """The Things Stack tells of the device."""
        told = {"correlation_ids": ["as:downlink:01", f"ganzhi:{id_}"], "f_port": 85}
        body = {"end_device_ids": {"dev_eui": TTS_EUI}, f"downlink_{event}": member or told}
        self.broker.publish([(f"v3/{DEVICE}/down/{event}", json.dumps(body).encode())], qos=0)

    def becomes(self, id_: str, state: str) -> dict[str, Any]:
        """The command, once it has that state."""

        def found() -> dict[str, Any] | None:
            told: dict[str, Any] = self.hub.api.get(f"/api/v1/commands/{id_}").json()
            return told if told["state"] == state else None

        return wait_until(found, f"the command is {state}")

    def give(self, device: str, name: str, **more: Any) -> Any:
        return self.hub.api.post(f"/api/v1/devices/{device}/commands", json={"name": name, **more})


@pytest.fixture
def place(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Place]:
    shared = {"host": mosquitto.host, "port": mosquitto.port}
    networks = [{"name": each, "protocol": each, **shared} for each in ("chirpstack", "the-things-stack")]
    hub = Hub(database, mosquitto.port, tmp_path, HUB_NETWORKS__BROKERS=json.dumps(networks))
    told: SimpleQueue[Any] = SimpleQueue()
    try:
        hub.start()
        metrics = {name: {"name": name, "unit": unit} for name, unit in UNITS.items()}
        hub.put("/profiles/th", name="TH", metrics=metrics, payload="milesight", commands=COMMANDS)
        for code, eui in (("th-1", EUI), ("th-2", TTS_EUI)):
            hub.put(f"/devices/{code}", name=code, profile="th")
            hub.put(f"/devices/{code}/addresses/deveui/{eui}")
        hub.wait_for_devices(2)
        mosquitto.publish([(f"application/{APPLICATION}/device/{EUI}/event/up", UP)])
        wait_until(lambda: fetch(database, "select 1 from mqtt_session having count(held_at) = 3"), "all read")
        mosquitto.publish([(f"v3/{DEVICE}/up", TTS)], qos=0)
        wait_until(lambda: len(fetch(database, "select via from network_sender")) == 2, "both were heard")
        with publisher(mosquitto.host, mosquitto.port) as client:
            topics = "application/+/device/+/command/down", "v3/+/devices/+/down/push", "ganzhi/v1/+/command"
            place = Place(hub, mosquitto, told)
            client.on_message = lambda _client, _data, message: told.put(message)
            client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
            client.on_subscribe = lambda *_: place.listens.set()
            client.subscribe([(topic, 1) for topic in topics])
            place.listens.wait(20)
            yield place
    finally:
        hub.close()


def test_chirpstack_queues_it_sends_it_and_the_device_acknowledges_it(
    place: Place, database: str, tmp_path: Path
) -> None:
    answer = place.give("th-1", "interval", params={"seconds": 1200})
    assert answer.status_code == 202, answer.text
    told = answer.json()
    assert (told["state"], told["network"], told["confirmed"], told["sent_at"]) == ("queued", "chirpstack", True, None)
    ago = fetch(database, "select extract(epoch from expires_at - created_at)::int from command")
    assert ago == [(172_800,)], "twice as long as a device may sleep whose profile does not say"
    assert place.next() == (
        f"application/{APPLICATION}/device/{EUI}/command/down",
        {"id": told["id"], "devEui": EUI, "confirmed": True, "fPort": 85, "data": "/wOwBA=="},
    )
    place.hub.kill()  # between its queue and its way: what the network tells meanwhile counts
    place.happened("txack", queueItemId=told["id"], gatewayId="0016c001f153a14c")
    place.happened("txack", queueItemId=str(uuid4()))  # of somebody else's
    place.hub.start()
    sent = place.becomes(told["id"], "sent")
    assert sent["sent_at"] is not None
    assert sent["settled_at"] is None
    place.happened("ack", queueItemId=told["id"], acknowledged=True)
    done = place.becomes(told["id"], "replied")
    assert (done["reply"], done["late"], done["error"]) == ({"result": "acknowledged"}, False, None)
    place.happened("ack", queueItemId=told["id"])  # a second word changes nothing
    env = place.hub.env | {"HUB_URL": str(place.hub.api.base_url)}
    code, said = run_hub("devices", "command", "th-1", "reboot", env=env, folder=tmp_path)
    assert code == 0, said
    assert "queued at chirpstack: sent when the device listens, until " in said
    _, body = place.next()
    assert (body["confirmed"], body["data"]) == (False, "/xD/")
    place.happened("txack", queueItemId=body["id"])
    last = place.becomes(body["id"], "sent")
    assert last["settled_at"], "nobody will acknowledge it"
    _, said = run_hub("devices", "commands", "th-1", env=env, folder=tmp_path)
    assert "done" in said
    assert fetch(database, "select reason from dead_letter") == []
    assert place.told.empty(), "each went to its network alone, once"


def test_what_is_refused_or_not_acknowledged_has_failed_and_what_takes_too_long_has_expired(
    place: Place, database: str
) -> None:
    first, second = (place.give("th-1", "interval", params={"seconds": 60}).json()["id"] for _ in range(2))
    place.happened("log", level="ERROR", code="DOWNLINK_PAYLOAD_SIZE", description="too long",
                   context={"queue_item_id": first})  # fmt: skip
    assert place.becomes(first, "failed")["error"] == "ERROR: DOWNLINK_PAYLOAD_SIZE: too long"
    place.happened("txack", queueItemId=second)
    place.happened("ack", queueItemId=second, acknowledged=False)
    assert place.becomes(second, "failed")["error"] == "the device has not acknowledged it"
    third = place.give("th-1", "reboot", timeout_s=1).json()["id"]
    expired = place.becomes(third, "timed_out")
    assert "network chirpstack has not sent it within 1 s; it is still in its queue" in expired["error"]
    place.happened("txack", queueItemId=third)
    wait_until(lambda: fetch(database, "select 1 from command where late"), "it is kept beside it")
    late = place.becomes(third, "timed_out")
    assert late["late"] is True
    assert late["sent_at"] is not None, "the network has sent it all the same"


def test_the_things_stack_is_told_by_the_topic_of_the_device(place: Place) -> None:
    told = place.give("th-2", "interval", params={"seconds": 60}).json()
    assert (told["state"], told["network"]) == ("queued", "the-things-stack")
    topic, body = place.next()
    [item] = body["downlinks"]
    assert topic == f"v3/{DEVICE}/down/push"
    assert item == {
        "f_port": 85, "confirmed": True, "priority": "NORMAL", "correlation_ids": [f"ganzhi:{told['id']}"],
        "confirmed_retry": {"max_attempts": 1}, "frm_payload": "/wM8AA==",
    }  # fmt: skip
    place.tts("queued", told["id"])
    place.tts("sent", told["id"])
    assert place.becomes(told["id"], "sent")["sent_at"]
    place.tts("ack", told["id"])
    assert place.becomes(told["id"], "replied")["reply"] == {"result": "acknowledged"}
    other = place.give("th-2", "show").json()["id"]
    _, body = place.next()
    assert body["downlinks"][0]["decoded_payload"] == {"led": True}
    error = {"downlink": {"correlation_ids": [f"ganzhi:{other}"]}, "error": {"message_format": "no session"}}
    place.tts("failed", other, error)
    assert place.becomes(other, "failed")["error"] == "downlink failed: no session"


def test_what_cannot_be_told_is_refused_before_and_a_broker_that_is_away_is_told_of(place: Place) -> None:
    answer = place.give("th-1", "sing")
    assert answer.status_code == 409
    assert "commands/sing/downlink" in answer.json()["detail"]
    answer = place.give("th-1", "interval", params={"seconds": 70_000})
    assert (answer.status_code, answer.json()["detail"]) == (422, "parameter 'seconds' is no u16le: 70000")
    place.hub.put("/devices/lone", name="Lone", profile="th")
    answer = place.give("lone", "reboot", timeout_s=7200)
    assert (answer.status_code, "through no network" in answer.json()["detail"]) == (422, True)
    with pytest.raises(Empty):
        place.told.get_nowait()
    place.listens.clear()
    place.broker.stop()
    began = time.monotonic()
    answer = wait_until(lambda: (a := place.give("th-1", "reboot")).status_code == 503 and a, "it is noticed")
    assert "is not sent later" in answer.json()["detail"]
    assert time.monotonic() - began < 60
    place.broker.start()
    assert place.listens.wait(60)
    answer = wait_until(lambda: (a := place.give("th-1", "reboot")).status_code == 202 and a, "it is back")
    _, body = place.next()
    assert body["id"] == answer.json()["id"], "what had failed is never sent"
