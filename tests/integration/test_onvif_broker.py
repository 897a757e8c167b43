"""Cameras of ONVIF that publish at a real broker: stored once, also when the hub is killed; nothing about persons."""

import json
from pathlib import Path

from simulator.cameras.onvif_broker import PERSON, message
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.process import wait_until

MAC, FIELD, TAMPER = "E4:30:22:F3:31:AA", "RuleEngine/FieldDetector/ObjectsInside/&1/Field1", "VideoSource/SignalLoss"
EVENTS = "select d.code, e.kind, e.state from event e join device d on d.id = e.device_id order by e.received_at"


def test_cameras_that_publish_are_found_by_their_prefix_and_stored_once(
    database: str, mosquitto: Mosquitto, tmp_path: Path
) -> None:
    network = {"name": "street", "protocol": "onvif", "host": mosquitto.host, "port": mosquitto.port}
    hub = Hub(database, mosquitto.port, tmp_path, HUB_NETWORKS__BROKERS=json.dumps([network]))
    try:
        hub.start()
        hub.put("/profiles/camera", name="Camera", metrics={})
        for code in ("gate-1", "gate-2", "gate-2-channel"):
            hub.put(f"/devices/{code}", name=code, profile="camera")
        hub.put(f"/devices/gate-2/addresses/onvif/{MAC}")
        hub.put("/devices/gate-2-channel/addresses/onvif/county%2Fgate-1%2F1")
        hub.put("/devices/gate-1/addresses/onvif/county%2Fgate-1")
        hub.wait_for_devices(3)
        listening = "select 1 from mqtt_session where held_at is not null"
        wait_until(lambda: len(fetch(database, listening)) == 2, "both sessions are held")
        first = message("gate-1", FIELD, {"IsInside": True})
        mosquitto.publish([first, message(MAC, TAMPER, {"State": True}, "Initialized")])
        mosquitto.publish([message("county/gate-1", FIELD, {"IsInside": True})])
        mosquitto.publish([message("gate-1", PERSON, {"Name": "Li Wei", "Likelihood": 0.9})])
        mosquitto.publish([message("nobody", FIELD, {"IsInside": True})])
        wait_until(lambda: len(fetch(database, "select from dead_letter")) == 1, "the stranger has a letter")
        wait_until(lambda: hub.counter("ganzhi_private_total") == 1, "the person is counted")
        assert sorted(fetch(database, EVENTS)) == [
            ("gate-1", "intrusion", "active"), ("gate-2", "video_loss", "active"),
            ("gate-2-channel", "intrusion", "active"),
        ]  # fmt: skip
        senders = "select address from network_sender order by address"
        heard = [("E4:30:22:F3:31:AA",), ("county/gate-1",), ("gate-1",), ("nobody",)]
        wait_until(lambda: sorted(fetch(database, senders)) == heard, "each camera is noted")
        hub.kill()
        mosquitto.publish([first, message("gate-1", FIELD, {"IsInside": False})])
        hub.start()
        wait_until(lambda: len(fetch(database, EVENTS)) == 4, "what came meanwhile is stored, and nothing twice")
        assert fetch(database, "select address from dead_letter") == [("onvif/frame/nobody/1",)]
    finally:
        hub.close()
    everything = fetch(database, "select coalesce(string_agg(attributes::text, ''), '') from event")[0][0]
    assert "Li Wei" not in everything + hub.text()
