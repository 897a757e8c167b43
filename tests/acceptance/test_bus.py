"""The bus as a city runs it: an edge, workers and an API, each its own process; some are killed."""

import json
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import READING, Bus, open_bus
from tests.support.guidance import GUIDANCE
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics
from tests.support.numbered import DEVICES, START_MS, Numbers, check, count, wait_for
from tests.support.process import eventually, wait_until

MESSAGES = 20_000
ALARM = 15_000
"""From this number on, values are above the rule's threshold."""


@pytest.fixture
def city(database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path) -> Iterator[Bus]:
    """A bus with its API running; edge and workers are started by the test."""
    with open_bus(database, mosquitto.port, kafka, tmp_path) as bus:
        yield bus


def test_nothing_is_lost_or_twice_when_edge_and_worker_are_killed(
    city: Bus, database: str, mosquitto: Mosquitto
) -> None:
    rule = {"name": "many", "profile": "counter", "metric": "n", "direction": "above", "hysteresis": 0, "hold_s": 0}
    city.first.put("/rules/many", **rule, thresholds={"red": ALARM - 0.5}, guidance=GUIDANCE, enabled=True)
    city.start()
    with Numbers(mosquitto.port, MESSAGES, rate=5_000):
        wait_for(database, MESSAGES // 10)
        city.workers[0].kill()
        wait_for(database, MESSAGES // 5)
        city.edge.kill()
        city.edge.start()
        city.workers[0].start()
    wait_for(database, MESSAGES, 90)
    wait_until(lambda: count(database, "alert") >= DEVICES, "an alert a device", 30)
    wait_until(lambda: city.edge.counter("ganzhi_forwarded_total") > 0, "the edge tells what it forwarded")
    assert city.workers[1].counter("ganzhi_readings_total") > 0
    parts = city.edge, *city.workers
    wait_until(lambda: all(part.ask("/readyz").status_code == 200 for part in parts), "each part is ready")
    city.terminate()
    check(database, MESSAGES)
    alerts = fetch(
        database,
        "select a.target, c.kind, count(*) from alert a join alert_change c on c.alert_id = a.id group by 1, 2",
    )
    assert sorted(alerts) == sorted((f"counter-{n}/n", "raised", 1) for n in range(DEVICES))


def test_what_is_posted_goes_through_the_bus(city: Bus, database: str) -> None:
    worker = city.workers[0].start()
    worker.wait_for_line(READING, 60)
    body = {"ts": START_MS, "values": {"n": 7}}
    answer = city.first.api.post("/api/v1/devices/counter-1/telemetry", json=body)
    assert answer.status_code == 202
    wait_for(database, 1)
    assert worker.terminate(30) == 0


async def test_letters_are_tried_again_through_the_bus(city: Bus, database: str, kafka: KafkaTopics) -> None:
    """The worker settles them in its commit: an API that dies in between changes nothing."""
    api, worker = city.first, city.workers[0]
    worker.start().wait_for_line(READING, 60)
    sent = [{"device": "late", "ts": START_MS + n, "values": {"n": n}} for n in range(3)] + [{"device": "late"}]
    api.api.post("/api/v1/telemetry:batch", json=sent)
    wait_until(lambda: count(database, "dead_letter") == 4, "four letters")
    api.put("/devices/late", name="late", profile="counter")
    wait_until(lambda: worker.counter("ganzhi_devices_known") == DEVICES + 1, "the worker knows the device")
    told = api.api.post("/api/v1/dead-letters:replay", json={"limit": 1}).json()
    assert (told["accepted"], told["refused"]) == (1, [])
    assert worker.terminate(30) == 0

    def replay() -> None:
        with pytest.raises(httpx.TransportError):
            api.api.post("/api/v1/dead-letters:replay", json={})

    asking = threading.Thread(target=replay)
    asking.start()
    await eventually(lambda: _in_log(kafka, 4 + 1 + 3), "the letters are in the log")
    api.kill()
    asking.join()
    assert count(database, "dead_letter") == 3
    worker.start()
    wait_for(database, 3)
    wait_until(lambda: fetch(database, "select reason, replays from dead_letter") == [("no_values", 1)], "one is left")
    assert fetch(database, "select value::int from reading order by 1") == [(0,), (1,), (2,)]
    assert json.loads(fetch(database, "select payload from dead_letter")[0][0]) == {"device": "late"}
    assert worker.terminate(30) == 0


@pytest.mark.heavy
async def test_devices_are_settled_only_once_kafka_has_acknowledged(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path
) -> None:
    """Kafka dies, messages come, the edge dies: after their return everything is in the log."""
    kafka = KafkaTopics(own_kafka.servers)
    bus = Bus(database, mosquitto.port, kafka, tmp_path)
    edge = bus.edge
    messages = [(f"ganzhi/v1/counter-{n % DEVICES}/telemetry", b'{"n":%d}' % n) for n in range(1000)]
    try:
        edge.start().wait_for_line("connected to the broker", 30)
        mosquitto.publish(messages[:500])
        edge.wait_for_line("connected to Kafka", 30)
        await eventually(lambda: _in_log(kafka, 500), "forwarded", 30)
        assert edge.ask("/readyz").status_code == 200
        own_kafka.kill()
        mosquitto.publish(messages[500:])
        edge.wait_for_line("Kafka is down, holding back", 60)
        assert "Kafka does not acknowledge" in edge.ask("/readyz").text
        assert edge.ask("/healthz").status_code == 200
        edge.kill()
        own_kafka.start()
        edge.start()
        await eventually(lambda: _in_log(kafka, 1000), "forwarded by the next edge", 60)
        assert edge.terminate(30) == 0
    finally:
        bus.close()
    records = [record for record in await kafka.read("raw") if record.key != b"listening"]  # what edges tell
    assert {record.value for record in records} == {payload for _, payload in messages}
    for number in range(DEVICES):
        key = b"counter-%d" % number
        assert len({record.partition for record in records if record.key == key}) == 1
        values = list(dict.fromkeys(record.value for record in records if record.key == key))
        assert values == [payload for n, (_, payload) in enumerate(messages) if n % DEVICES == number], "out of order"


async def _in_log(kafka: KafkaTopics, wanted: int) -> bool:
    """Whether the log holds so many records, repeats of a message not counted unless it is tried again as a letter."""
    records = [record for record in await kafka.read("raw") if record.key != b"listening"]
    return len({(record.value, len(record.headers)) for record in records}) >= wanted


def test_what_the_broker_had_retained_is_known_to_the_worker(city: Bus, database: str, mosquitto: Mosquitto) -> None:
    topic = "ganzhi/v1/counter-1/telemetry"
    mosquitto.publish([(topic, b'{"n": 5}')], retain=True)
    city.start()
    wait_until(lambda: fetch(database, "select retained from device_no_news") == [(1,)], "it is counted", 60)
    mosquitto.publish([(topic, b'{"n": 6}')])
    wait_for(database, 1)
    assert fetch(database, "select value from reading") == [(6.0,)]
    assert fetch(database, "select count(*) from dead_letter") == [(0,)]
