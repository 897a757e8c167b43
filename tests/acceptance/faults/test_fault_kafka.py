"""The bus under full load: a worker dies or is paused, or Kafka dies; each acknowledged message is stored once."""

import re
import time
from pathlib import Path
from signal import Signals

import pytest

from ingest.kafka.producer import PATIENCE_S
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.bus import Part, open_bus
from tests.support.guidance import GUIDANCE
from tests.support.kafka import KafkaBroker
from tests.support.kafka_topics import KafkaTopics, Publication
from tests.support.line import Line
from tests.support.numbered import DEVICES, START_MS, Numbers, check, count, held, wait_for
from tests.support.process import wait_until

MESSAGES = 100_000
RATE = 15_000
"""Messages a second where Kafka dies: the load must outlast what was forwarded until then; the rest comes at once."""
ALL = "12"
"""How many partitions there are."""
COMMITS_WAITING = (
    "select count(distinct pid) from pg_locks where not granted and relation = 'reading'::regclass"
    " and database = (select oid from pg_database where datname = current_database())"
)


@pytest.mark.heavy
def test_one_of_three_workers_killed_in_mid_commit(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path, messages: int
) -> None:
    with open_bus(database, mosquitto.port, kafka, tmp_path, "worker,api") as bus:
        bus.start()
        with Numbers(mosquitto.port, messages, stops=(0.1,)) as numbers:
            wait_for(database, messages // 10)
            with held(database, numbers.go_on):
                # A worker has one commit at a time: when three wait, the victim's is among them.
                wait_until(lambda: fetch(database, COMMITS_WAITING) == [(3,)], "each worker's commit waits", 30)
                bus.workers[0].kill()
            assert count(database) < messages, "the others have nothing to take over"
        wait_for(database, messages)
        assert not bus.workers[0].running
        bus.terminate()
        check(database, messages)


@pytest.mark.heavy
@pytest.mark.parametrize("start_ms", [START_MS, None], ids=["with-ts", "time-of-arrival"])
def test_kafka_killed(
    database: str, mosquitto: Mosquitto, own_kafka: KafkaBroker, tmp_path: Path, start_ms: int | None
) -> None:
    """Without a time of their own, messages that the edge puts into the log twice must keep their time of arrival."""
    kafka = KafkaTopics(own_kafka.servers)
    kafka.env["HUB_MQTT__KEEPALIVE_S"] = "600"  # so that all that the edge sends is acknowledgements
    with Line(mosquitto.port) as line, open_bus(database, line.port, kafka, tmp_path) as bus:
        bus.start()
        with Numbers(mosquitto.port, MESSAGES, start_ms, rate=RATE) as numbers:
            wait_for(database, MESSAGES // 20)
            own_kafka.kill()
            dead_since = time.monotonic()
            since = numbers.acknowledged
            assert since < MESSAGES * 0.8, "the load is over"
            # What Kafka acknowledged before its end may still be settled; after so many messages it has been.
            wait_until(lambda: numbers.acknowledged >= since + MESSAGES // 10, "the load goes on")
            line.swallow.set()
        wait_until(lambda: numbers.acknowledged == MESSAGES, "the broker has taken everything")
        wait_until(lambda: time.monotonic() > dead_since + PATIENCE_S + 3, "an attempt has been given up", 30)
        assert line.swallowed == 0, "the edge acknowledges what Kafka has not"
        assert count(database) < MESSAGES
        own_kafka.start()
        wait_until(lambda: line.swallowed > 0, "it does acknowledge what Kafka has, and the line does notice", 60)
        line.cut()  # the broker heard none of it and sends all of it again
        line.swallow.clear()
        wait_for(database, MESSAGES)
        bus.terminate()
        check(database, MESSAGES, start_ms)


@pytest.mark.heavy
def test_worker_paused_in_mid_commit_while_another_takes_over(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path, messages: int
) -> None:
    """Its transaction is open when it is stopped; when it wakes up, its partitions are another's."""
    kafka = KafkaTopics(str(kafka.settings.servers), session_s=1)
    with open_bus(database, mosquitto.port, kafka, tmp_path, workers=2) as bus:
        bus.start()
        paused, other = bus.workers
        with Numbers(mosquitto.port, messages, None, stops=(0.1,)) as numbers:
            wait_for(database, messages // 10)
            with held(database, numbers.go_on):
                wait_until(lambda: fetch(database, COMMITS_WAITING) == [(2,)], "each worker's commit waits", 30)
                paused.send(Signals.SIGSTOP)
            # On a busy machine a session of a second may have ended before: then the other has them all already.
            wait_until(lambda: _told(other)[-1] == ALL, "the other takes over", 30)
            paused.send(Signals.SIGCONT)
        wait_for(database, messages)
        wait_until(lambda: paused.ask("/readyz").status_code == 200, "the paused one works again", 30)
        bus.terminate()
        check(database, messages, None)


def _told(worker: Part) -> list[str]:
    """How many partitions it has said it reads, the newest last."""
    return re.findall(r"reading (\d+) partitions", worker.text())


@pytest.mark.heavy
async def test_a_worker_that_gets_partitions_back_forgets_what_it_knew_of_them(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path
) -> None:
    """Alerts that it raised were cleared by another worker meanwhile: it must raise the next ones."""
    kafka = KafkaTopics(str(kafka.settings.servers), session_s=1)
    with open_bus(database, mosquitto.port, kafka, tmp_path, workers=2) as bus:
        rule = {"name": "high", "profile": "counter", "metric": "n", "direction": "above", "hysteresis": 0, "hold_s": 0}
        bus.first.put("/rules/high", **rule, thresholds={"red": 50}, guidance=GUIDANCE, enabled=True)
        first, other = bus.workers
        first.start().wait_for_line("reading 12 partitions", 30)

        async def judged(turn: int, value: int) -> list[tuple[object, ...]]:
            """How many changes of each kind there are once all devices have sent a value."""
            body = b'{"ts":%d,"values":{"n":%d}}' % (START_MS + turn * 1000, value)
            await kafka.publish("telemetry", [Publication(body, b"counter-%d" % number) for number in range(DEVICES)])
            wait_until(lambda: count(database) == (turn + 1) * DEVICES, f"turn {turn} stored", 30)
            return fetch(database, "select kind, count(*) from alert_change group by kind order by kind")

        assert await judged(0, 100) == [("raised", DEVICES)]
        other.start()
        for worker in bus.workers:
            worker.wait_for_line("reading 6 partitions", 30)
        assert await judged(1, 10) == [("cleared", DEVICES), ("raised", DEVICES)]
        before = _told(first).count(ALL)
        other.kill()
        wait_until(lambda: _told(first).count(ALL) > before, "the first has all partitions again", 30)
        assert await judged(2, 100) == [("cleared", DEVICES), ("raised", 2 * DEVICES)]
