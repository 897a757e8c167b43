"""A device that cannot change its format: its profile's mapping makes payloads of the contract of what it sends."""

import json

from tests.support.batches import count, fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

MAPPING = {
    "telemetry": "type == 'data' && {ts: multiply(at, `1000`), values: object(points[].key, points[].val)}",
    "event": "{kind: alarm, id: no, attributes: {room: place.room, who: place.licensePlate}}",
}


def test_foreign_json_is_stored_and_what_does_not_fit_is_explained(
    hub: Hub, mosquitto: Mosquitto, database: str
) -> None:
    metrics = {"temp": {"name": "T", "unit": "Cel", "min": -40, "max": 60}}
    hub.put("/profiles/foreign", name="foreign", metrics=metrics, mapping=MAPPING)
    hub.put("/devices/f1", name="f1", profile="foreign")
    hub.wait_for_devices(1)

    def send(form: str, body: object) -> None:
        mosquitto.pub(f"ganzhi/v1/f1/{form}", json.dumps(body).encode())

    send("telemetry", {"type": "data", "at": 1_760_000_000, "points": [{"key": "temp", "val": 21.5}]})
    send("telemetry", {"type": "heartbeat", "at": 1_760_000_001})
    send("telemetry", {"type": "data", "at": "noon", "points": []})
    send("event", {"alarm": "smoke", "no": "7", "place": {"room": "12", "licensePlate": "A12345"}})
    send("event", {"state": "fine"})
    wait_until(lambda: count(database, "dead_letter") == 2 and count(database, "event") == 1, "all is settled")
    assert fetch(database, "select extract(epoch from ts)::int8, value from reading") == [(1_760_000_000, 21.5)]
    assert fetch(database, "select kind, attributes from event") == [("smoke", {"room": "12"})]
    letters = dict(fetch(database, "select reason, detail from dead_letter"))
    assert letters == {
        "mapping_failed": "the profile's mapping fails on it: "
        "multiply() takes number, and the message has string there",
        "mapping_empty": "the profile's mapping finds nothing of what it names in the message; it has: state",
    }
    hub.put("/profiles/foreign", name="foreign", metrics=metrics, mapping={"telemetry": "{values: {temp: t}}"})

    def mapped_anew() -> bool:
        send("telemetry", {"t": 5})
        return bool(fetch(database, "select 1 from reading where value = 5"))

    wait_until(mapped_anew, "the new version of the profile is effective")
