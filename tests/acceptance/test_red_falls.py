"""A red alert that nobody has is given to the fallback consumer by the hub itself, after kill -9 too.

What waits for a summary then is told in one by the hub itself, too.
"""

import psycopg

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.numbered import register
from tests.support.process import wait_until

RULE = {
    "name": "Many",
    "profile": "counter",
    "metric": "n",
    "direction": "above",
    "thresholds": {"red": 20},
    "guidance": GUIDANCE,
}
GIVEN = "select seq, why from outbox where until_cursor is null order by seq"
SUMMARY = "select g.due_at from outbox o join alert_grouping g using (consumer_id) where o.until_cursor is not null"
STORM = """
with desk as (
    insert into consumer (code, url, secret, filters, grouping)
    values ('desk', 'http://127.0.0.1:9/', 's', '[]', '{"after": 1, "within_s": 60, "every_s": 60}')
    returning id
), waits as (
    insert into alert_grouping (consumer_id, recent, position, due_at) select id, '{}', 0, now() from desk
)
update alert_change set grouped = array[desk.id] from desk
"""


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
        conn.execute(STORM)
    hub.start()
    wait_until(lambda: fetch(database, SUMMARY) == [(None,)], "the storm is told in a summary", 60)
    wait_until(lambda: fetch(database, GIVEN) == [(1, "unmatched")], "the fallback consumer gets it", 60)
    mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"values":{"n":1}}')])
    wait_until(lambda: len(fetch(database, GIVEN)) == 2, "it hears how it goes on", 60)
    assert fetch(database, GIVEN)[0] == (1, "unmatched")
