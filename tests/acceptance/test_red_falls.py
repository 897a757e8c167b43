"""A red alert that nobody has is given to the fallback consumer by the hub itself, after kill -9 too."""

import psycopg

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.numbered import register
from tests.support.process import wait_until

RULE = {"name": "Many", "profile": "counter", "metric": "n", "direction": "above", "thresholds": {"red": 20}}
GIVEN = "select seq, why from outbox order by seq"


def test_what_is_due_when_the_hub_is_killed_is_given_once(hub: Hub, mosquitto: Mosquitto, database: str) -> None:
    register(hub)
    hub.put("/rules/many", **RULE)
    mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"values":{"n":25}}')])
    waiting = "select count(*) from alert_fallback where due_at is not null"
    wait_until(lambda: fetch(database, waiting) == [(1,)], "the red alert waits for somebody")
    hub.kill()
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute("update alert_fallback set due_at = now()")
        conn.execute(
            "insert into consumer (code, url, secret, fallback) values ('duty', 'http://127.0.0.1:9/', 's', true)"
        )
    hub.start()
    wait_until(lambda: fetch(database, GIVEN) == [(1, "unmatched")], "the fallback consumer gets it", 60)
    mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"values":{"n":1}}')])
    wait_until(lambda: len(fetch(database, GIVEN)) == 2, "it hears how it goes on", 60)
    assert fetch(database, GIVEN)[0] == (1, "unmatched")
