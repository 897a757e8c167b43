"""Persons that cameras tell of among other things: on the bus they lie nowhere, and hide no alarm."""

import asyncio
import base64
import json
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from devices.codecs.gb28181 import writing
from simulator.cameras.gb28181 import Camera
from simulator.cameras.onvif_broker import PERSON, message
from simulator.cameras.viid import ViewLibrary, device, people
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import Bus
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import free_port, wait_until

PICTURE = base64.b64encode(b"\xff\xd8\xff\xe0" + bytes(range(200)) * 3).decode()
MARKS = (
    b"LiWei-77",
    b"330106199001013999",
    b"\xe6\xb5\x99A12345",
    b"13812345678",
    b"120.131",
    PICTURE[90:130].encode(),
)
CAMERA, LIBRARY, PASSWORD = "34020000001320000002", "33010000005030000001", "viid-Demo-1"
NESTED = {
    "State": True,
    "Object": {"Human": {"Label": "LiWei-77"}, "Face": {"Name": "LiWei-77"}, "IdCard": "330106199001013999"},
    "Told": "浙A12345",
}
ALERT = b"""<EventNotificationAlert><channelID>1</channelID><eventType>%b</eventType><eventState>active</eventState>
<eventDescription>alarm</eventDescription><Face><name>LiWei-77</name></Face><name>%b</name></EventNotificationAlert>"""
BEARER: writing.Fields = {"UserName": "LiWei-77", "Pic": PICTURE}
TOLD: dict[str, writing.Fields] = {
    "Alarm": {"AlarmMethod": 5, "AlarmDescription": f"明火 13812345678 {PICTURE}", "Info": BEARER},
    "alarm": {"Name": "LiWei-77", "Info": BEARER},
    "mobilePosition": {"longitude": "120.131", "Latitude": "30.27", "UserName": "LiWei-77", "Phone": "13812345678"},
    "DeviceInfo": {"Model": PICTURE, "Owner": "LiWei-77"},
    "VideoUploadNotify": BEARER,
}
TABLES = "select relname from pg_class where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace"


def dumped(database: str) -> bytes:
    """All rows of all tables; bytes are hex."""
    with psycopg.connect(database) as conn:
        tables = [sql.Identifier(name) for (name,) in conn.execute(TABLES)]
        rows = [conn.execute(sql.SQL("select row_to_json(t)::text from {} t").format(each)) for each in tables]
        return "\n".join(text for each in rows for (text,) in each).encode()


async def tell(sip: int, viid: int) -> None:
    """A camera of GB/T 28181 and a view library of GA/T 1400 tell of persons among other things."""
    async with Camera(CAMERA, ("127.0.0.1", sip), PASSWORD) as camera:
        for sender in ("330106199001013999", CAMERA):
            camera.id = sender
            await camera.register()
        alarm = writing.body("Notify", "Alarm", 90, CAMERA, TOLD["Alarm"])
        wrong = writing.body("Notify", "Alarm", 91, "13812345678", {"AlarmMethod": 5})
        for body in (*(writing.body("Notify", name, 1, CAMERA, TOLD[name]) for name in TOLD), alarm[:-9], wrong):
            answer = await camera.message(body)
            assert answer is not None
            assert answer.status == 200
        camera.write("浙A12345 13812345678\r\nA: b\r\n\r\n".encode())
    async with ViewLibrary(LIBRARY, f"http://127.0.0.1:{viid}", PASSWORD, username="13812345678") as library:
        assert (await library.register()).status_code == 200
        listed = people(["浙A12345"], ["LiWei-77"], PICTURE)
        gate = device("33010000001190000007", "浙A12345", Owner="LiWei-77", faceobject=listed)
        assert (await library.notify("n1", **listed, DeviceList={"APEObject": [gate]})).status_code == 200
        cut = json.dumps(listed, ensure_ascii=False).encode()[:-9]
        for path, status in (("Faces", 200), ("SubscribeNotifications", 400)):
            assert (await library.send("POST", f"/VIID/{path}", cut)).status_code == status


@pytest.mark.heavy
def test_persons_are_in_no_log_of_kafka_and_no_table(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    network = {"name": "street", "protocol": "onvif", "host": mosquitto.host, "port": mosquitto.port}
    kafka = KafkaTopics(own_kafka.servers)
    sip, viid = free_port(), free_port()
    kafka.env |= {
        "HUB_NETWORKS__BROKERS": json.dumps([network]),
        "HUB_SIP__LISTEN_UDP": f"127.0.0.1:{sip}", "HUB_SIP__PASSWORD": PASSWORD,
        "HUB_VIID__LISTEN": f"127.0.0.1:{viid}", "HUB_VIID__PASSWORD": PASSWORD,
    }  # fmt: skip
    bus = Bus(database, mosquitto.port, kafka, tmp_path, workers=1)
    try:
        bus.first.start()
        bus.first.put("/profiles/camera", name="Camera", metrics={})
        for code in ("gate-1", "gate-2", CAMERA, LIBRARY):
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
        asyncio.run(tell(sip, viid))
        wait_until(lambda: len(fetch(database, "select from dead_letter")) >= 8, "letters", 60)
        kinds = sorted(fetch(database, "select kind, state from event where kind <> 'presence'"))
        assert kinds == [("fire", "active")] * 3
        logs = [file.read_bytes() for file in (tmp_path / "kafka" / "data").rglob("*.log")]
        for name in (b"FireDetector", b"UserName", b"DroppedObject"):
            assert any(name in log for log in logs), "they went through the log"
        told = [file.read_bytes() for file in tmp_path.glob("*.log")]
        dump = dumped(database)
        assert b'"gate-1"' in dump
        marks = [*MARKS, *(mark.hex().encode() for mark in MARKS)]
        assert [mark for mark in marks for text in (*logs, *told, dump) if mark in text] == []
    finally:
        bus.close()
