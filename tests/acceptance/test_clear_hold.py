"""A clear time ends once, without another reading, by the time of the readings; after kill -9 too."""

import time
from typing import Any

import pytest

from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.numbered import register
from tests.support.process import wait_until

CLEAR_S = 3
RULE: dict[str, Any] = {
    "name": "Many", "profile": "counter", "metric": "n", "direction": "above", "thresholds": {"yellow": 10, "red": 20},
    "guidance": GUIDANCE,
    "clear_s": CLEAR_S,
}  # fmt: skip
TOLD = """
select c.kind, c.picture ->> 'level', (extract(epoch from (c.picture ->> 'changed_at')::timestamptz) * 1000)::bigint
from alert_change c order by c.cursor
"""


@pytest.mark.parametrize("killed", [False, pytest.param(True, marks=pytest.mark.heavy)])
def test_it_ends_without_another_reading_and_once(hub: Hub, mosquitto: Mosquitto, database: str, killed: bool) -> None:
    register(hub)
    hub.put("/rules/many", **RULE)
    began = time.time_ns() // 1_000_000 - 1_000  # behind their arrival: a time ahead counts as its arrival
    sent = [(0, 25), (100, 12), (200, 22), (300, 12), (400, 1)]
    mosquitto.publish(
        [("ganzhi/v1/counter-1/telemetry", b'{"ts":%d,"values":{"n":%d}}' % (began + ms, n)) for ms, n in sent]
    )
    wait_until(lambda: fetch(database, "select count(*) from reading") == [(len(sent),)], "all of it is stored")
    if killed:
        hub.kill()
        hub.start()
    over = [("updated", "yellow", began + 300 + CLEAR_S * 1000), ("cleared", "yellow", began + 400 + CLEAR_S * 1000)]
    wait_until(lambda: len(fetch(database, TOLD)) >= 3, "both levels are left", 60)
    assert fetch(database, TOLD) == [("raised", "red", began), *over], "22 was no new onset: 12 had not lasted"
    mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"ts":%d,"values":{"n":2}}' % (began + 60_000))])
    wait_until(lambda: fetch(database, "select count(*) from reading") == [(len(sent) + 1,)], "the next one is stored")
    assert len(fetch(database, TOLD)) == 3
