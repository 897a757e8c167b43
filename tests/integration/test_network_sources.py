"""Networks at a real broker: ChirpStack in both forms, edge nodes of Sparkplug B, and a hub that is killed."""

import json
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from devices.codecs.protobuf import block, key, varint
from devices.codecs.sparkplug.payload import HISTORICAL, METRICS, NULL, SEQ, TIMESTAMP
from hub.quality import Quality
from tests.support.batches import fetch
from tests.support.broker import Mosquitto, publisher
from tests.support.frames_networks import DATA, NBIRTH, NDEATH, UP, UP_PROTOBUF
from tests.support.hub import Hub
from tests.support.process import wait_until

EUI, EUI_2 = "0101010101010101", "0202020202020202"
VALUES = (
    "select s.metric, r.value from reading r join series s on s.id = r.series_id join device d on d.id = s.device_id"
)


def network(broker: Mosquitto, protocol: str, **more: Any) -> dict[str, Any]:
    return {"name": protocol, "protocol": protocol, "host": broker.host, "port": broker.port, **more}


@pytest.fixture
def city(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[Hub]:
    """A hub that reads ChirpStack and Sparkplug B at its own broker."""
    networks = [network(mosquitto, "chirpstack"), network(mosquitto, "sparkplug", host_id="hub", rebirth_s=0.2)]
    hub = Hub(database, mosquitto.port, tmp_path, HUB_NETWORKS__BROKERS=json.dumps(networks))
    try:
        hub.start()
        units = {"temperature": "Cel", "humidity": "%", "battery": "%", "signal": "dB{mW}"}
        metrics = {name: {"name": name, "unit": unit} for name, unit in units.items()}
        hub.put("/profiles/th", name="TH", metrics=metrics, payload="milesight")
        edge = {name: {"name": name, "unit": "1"} for name in ("temp", "depth")}
        hub.put("/profiles/edge", name="Edge", metrics=edge)
        for code, profile, scheme, address in (
            ("th-1", "th", "deveui", EUI), ("th-2", "th", "deveui", EUI_2), ("node", "edge", "sparkplug", "g1/n1"),
            ("child", "edge", "sparkplug", "g1/n1/d1"),
        ):  # fmt: skip
            hub.put(f"/devices/{code}", name=code, profile=profile)
            hub.put(f"/devices/{code}/addresses/{scheme}/{address.replace('/', '%2F')}")
        hub.wait_for_devices(4)
        wait_until(
            lambda: len(fetch(database, "select 1 from mqtt_session where held_at is not null")) == 3, "all read"
        )
        yield hub
    finally:
        hub.close()


@contextmanager
def heard(broker: Mosquitto, topic: str) -> Iterator[SimpleQueue[Any]]:
    """What comes to a topic."""
    found: SimpleQueue[Any] = SimpleQueue()
    with publisher(broker.host, broker.port) as client:
        client.on_message = lambda _client, _data, message: found.put(message)
        client.subscribe(topic, 1)
        yield found


def up(broker: Mosquitto, payload: bytes, eui: str) -> None:
    broker.publish([(f"application/a/device/{eui}/event/up", payload)])


def readings(database: str, device: str) -> list[tuple[str, float]]:
    return fetch(database, f"{VALUES} where d.code = '{device}' order by r.ts, s.metric")


TH = [("battery", 92.0), ("humidity", 50.5), ("signal", -60.0), ("temperature", 30.8)]


def test_chirpstack_is_stored_once_in_either_form_also_when_the_hub_is_killed(
    city: Hub, mosquitto: Mosquitto, database: str
) -> None:
    up(mosquitto, UP, EUI)
    up(mosquitto, UP_PROTOBUF, EUI_2)
    wait_until(lambda: len(readings(database, "th-2")) == len(TH), "both are stored")
    assert readings(database, "th-1") == readings(database, "th-2") == TH
    city.kill()
    later = UP.replace(b"09:34:15", b"09:34:16").replace(b'"fCnt":7', b'"fCnt":9')
    for payload in (UP, later, later):  # while the hub is away; ChirpStack may tell it twice
        up(mosquitto, payload, EUI)
    city.start()
    wait_until(lambda: len(readings(database, "th-1")) >= 2 * len(TH), "what came meanwhile is stored")
    mosquitto.publish([(f"application/a/device/{EUI_2}/event/up", UP.replace(b"AXVc", b"CZkB"))])
    wait_until(lambda: fetch(database, "select 1 from dead_letter"), "it is refused")
    assert readings(database, "th-1") == [*TH, *TH], "once each"
    [(reason, at, address)] = fetch(database, "select reason, at, address from dead_letter")
    assert (reason, at, address) == ("bad_frame", "/data#0", f"chirpstack/up/{EUI_2}")


def data(seq: int) -> bytes:
    """temp 22.25 and depth 7 by their aliases, a second after those before."""
    timestamp = key(TIMESTAMP, 0) + varint(1_772_352_000_000 + 1_000 * seq)
    return timestamp + DATA[len(timestamp) : DATA.rindex(b"\x18")] + key(SEQ, 0) + varint(seq)


def test_edge_nodes_are_asked_for_births_and_their_aliases_understood(
    city: Hub, mosquitto: Mosquitto, database: str
) -> None:
    sparkplug = "spBv1.0/g1"
    with heard(mosquitto, "spBv1.0/STATE/hub") as states, heard(mosquitto, f"{sparkplug}/NCMD/n1") as asked:
        state = states.get(timeout=20)
        assert json.loads(state.payload)["online"] is True
        mosquitto.publish([(f"{sparkplug}/NDATA/n1", data(5))], qos=0)
        command = asked.get(timeout=20)
        assert b"Node Control/Rebirth" in command.payload, "no birth is known"
        mosquitto.publish([(f"{sparkplug}/NBIRTH/n1", NBIRTH), (f"{sparkplug}/DBIRTH/n1/d1", named(1))], qos=0)
        mosquitto.publish([(f"{sparkplug}/NDATA/n1", data(2))], qos=0)
        wait_until(lambda: ("temp", 22.25) in readings(database, "node"), "it is understood")
        assert ("depth", -5.0) in readings(database, "node"), "signed as unsigned"
        assert fetch(database, "select reason from dead_letter") == [("sparkplug_no_birth",)]
        told = [told_now(97, key(HISTORICAL, 0) + b"\x01", 2), told_now(98, key(NULL, 0) + b"\x01", 1)]
        mosquitto.publish([(f"{sparkplug}/NDATA/n1", payload) for payload in told], qos=0)
        flags = "select quality::int from reading where value = 97 or value = 'NaN' order by ts"
        wait_until(lambda: fetch(database, flags) == [(Quality.LATE,), (Quality.NOT_A_NUMBER,)], "history, and null")
        mosquitto.publish([(f"{sparkplug}/NDATA/n1", data(4))], qos=0)
        assert b"Rebirth" in asked.get(timeout=20).payload, "3 is missing"
        mosquitto.publish([(f"{sparkplug}/NDEATH/n1", NDEATH[:-1] + b"\x09")], qos=0)
        mosquitto.publish([(f"{sparkplug}/NDEATH/n1", NDEATH)], qos=0)
        offline = "select d.code from device_status s join device d on d.id = s.device_id where not online order by 1"
        wait_until(lambda: fetch(database, offline) == [("child",), ("node",)], "both are gone")
        city.kill()
        wait_until(lambda: json.loads(states.get(timeout=20).payload)["online"] is False, "the will is heard")
        city.start()
        mosquitto.publish([(f"{sparkplug}/NDATA/n1", data(6))], qos=0)
        assert b"Rebirth" in asked.get(timeout=20).payload, "a hub that has started knows no births"


def test_what_a_node_tells_as_history_never_pages(city: Hub, mosquitto: Mosquitto, database: str) -> None:
    """Also where it is newer than all before: a buffer that a node empties after an outage."""
    topic = "spBv1.0/g1/NDATA/n1"
    mosquitto.publish([("spBv1.0/g1/NBIRTH/n1", NBIRTH)], qos=0)
    city.put("/rules/hot", name="Hot", profile="edge", metric="temp", direction="above", thresholds={"yellow": 90})
    paged = "select count(*)::int, count(cleared_at)::int from alert where rule_id is not null"

    def tell(value: float, more: bytes = b"") -> list[tuple[Any, ...]]:
        """Newer than all before; how many alerts there are then, and how many are over."""
        mosquitto.publish([(topic, told_now(value, more, 0))], qos=0)
        return fetch(database, paged)

    wait_until(lambda: tell(99) == [(1, 0)], "what is so now pages")
    wait_until(lambda: tell(10) == [(1, 1)], "it is over")
    for value in (93, 94, 95):
        tell(value, key(HISTORICAL, 0) + b"\x01")
    wait_until(lambda: tell(98) == [(2, 1)], "what is so now pages again")
    history = f"select ts from reading where value between 93 and 95 and quality = {Quality.LATE:d}"
    begun = f"select count(*)::int, max(ts) < (select max(opened_at) from alert) from ({history}) told"
    assert fetch(database, begun) == [(3, True)]


def named(seq: int) -> bytes:
    """A birth of one metric, depth (int16) 7."""
    metric = block(1, b"depth") + key(4, 0) + b"\x02" + key(10, 0) + b"\x07"
    return block(METRICS, metric) + key(SEQ, 0) + varint(seq)


def told_now(value: float, more: bytes, ago_s: int) -> bytes:
    """temp (double) of so long ago; `more` are fields of its metric."""
    at = key(TIMESTAMP, 0) + varint(time.time_ns() // 1_000_000 - 1_000 * ago_s)
    return at + block(METRICS, block(1, b"temp") + key(4, 0) + b"\x0a" + more + key(13, 1) + struct.pack("<d", value))
