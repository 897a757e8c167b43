"""Persons that cameras tell of among other things: on the bus they lie nowhere, and hide no alarm."""

import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from simulator.cameras.onvif_broker import PERSON, message
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import Bus
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import wait_until

MARKS = (b"LiWei-77", b"330106199001013996", b"\xe6\xb5\x99A12345")
NESTED = {
    "State": True,
    "Object": {"Human": {"Label": "LiWei-77"}, "Face": {"Name": "LiWei-77"}, "IdCard": "330106199001013996"},
    "Told": "浙A12345",
}
ALERT = b"""<EventNotificationAlert><channelID>1</channelID><eventType>%b</eventType><eventState>active</eventState>
<eventDescription>alarm</eventDescription><Face><name>LiWei-77</name></Face><name>%b</name></EventNotificationAlert>"""
TABLES = "select relname from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace"


def dumped(database: str) -> bytes:
    """All rows of all tables; bytes are hex."""
    with psycopg.connect(database) as conn:
        tables = [sql.Identifier(name) for (name,) in conn.execute(TABLES)]
        rows = [conn.execute(sql.SQL("select row_to_json(t)::text from {} t").format(each)) for each in tables]
        return "\n".join(text for each in rows for (text,) in each).encode()


@pytest.mark.heavy
def test_persons_are_in_no_log_of_kafka_and_no_table(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    network = {"name": "street", "protocol": "onvif", "host": mosquitto.host, "port": mosquitto.port}
    kafka = KafkaTopics(own_kafka.servers)
    kafka.env["HUB_NETWORKS__BROKERS"] = json.dumps([network])
    bus = Bus(database, mosquitto.port, kafka, tmp_path, workers=1)
    try:
        bus.first.start()
        bus.first.put("/profiles/camera", name="Camera", metrics={})
        for code in ("gate-1", "gate-2"):
            bus.first.put(f"/devices/{code}", name=code, profile="camera")
        bus.start()
        connected = "connected to the broker"
        wait_until(lambda: (tmp_path / "edge.log").read_text().count(connected) == 2, "both sessions are held")
        secret = bus.first.put("/devices/gate-2/cameras/isapi")["secret"]
        for kind, name in ((b"fireDetection", b"gate"), (b"faceCapture", b"LiWei-77")):
            answer = bus.first.api.post(f"/api/v1/cameras/isapi/{secret}", content=ALERT % (kind, name))
            assert answer.status_code == 200, answer.text
        mosquitto.publish([message("gate-1", "RuleEngine/FireDetector/Fire/&1", NESTED)])
        mosquitto.publish([message("gate-1", PERSON, {"Name": "LiWei-77"})])
        topic, payload = message("gate-1", "RuleEngine/FireDetector/Fire/&1", NESTED)
        mosquitto.publish([(topic, payload[:-3]), message("nobody", "RuleEngine/FireDetector/Fire/&1", NESTED)])
        wait_until(lambda: len(fetch(database, "select from dead_letter")) == 2, "letters", 60)
        kinds = sorted(fetch(database, "select kind, state from event where kind <> 'presence'"))
        assert kinds == [("fire", "active")] * 2
        logs = [file.read_bytes() for file in (tmp_path / "kafka" / "data").rglob("*.log")]
        assert any(b"FireDetector" in log for log in logs), "they went through the log"
        told = [file.read_bytes() for file in tmp_path.glob("*.log")]
        dump = dumped(database)
        assert b'"gate-1"' in dump
        marks = [*MARKS, *(mark.hex().encode() for mark in MARKS)]
        assert [mark for mark in marks for text in (*logs, *told, dump) if mark in text] == []
    finally:
        bus.close()
