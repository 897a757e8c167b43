"""A closed case does not own the condition: the next alarm pages, after a restart too; and kinds without an end end."""

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from devices.vocabulary import MOMENTARY
from hub.models import Batch, Event
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.hub import Hub
from tests.support.origins import raw_of
from tests.support.process import wait_until
from tests.support.rule_city import NOW, SEED, City, S

ALERTS = "select handling, cleared_at is null, level from alert order by raised_at"
LENGTH_S = MOMENTARY["line_crossing"] // S


def alarm(broker: Mosquitto, level: str = "yellow") -> None:
    broker.publish([("ganzhi/v1/d1/event", json.dumps({"kind": "smoke", "state": "active", "level": level}).encode())])


def close(hub: Hub, database: str, *steps: str) -> None:
    """A desk takes these steps with the newest alert."""
    alert = fetch(database, "select id from alert order by raised_at desc limit 1")[0][0]
    for to in steps:
        answer = hub.api.post(f"/api/v1/alerts/{alert}/steps", json={"to": to})
        assert answer.status_code == 200, answer.text


def test_the_next_alarm_after_a_case_is_closed_is_an_alert_of_its_own(
    hub: Hub, mosquitto: Mosquitto, database: str
) -> None:
    hub.register("d1", "pm25")
    hub.put("/rules/smoke", name="Smoke", event_kind="smoke", level="red")
    hub.put("/consumers/desk", url="http://127.0.0.1:9/")
    alarm(mosquitto)
    wait_until(lambda: fetch(database, ALERTS) == [("open", True, 2)], "the first one")
    alarm(mosquitto)
    wait_until(lambda: fetch(database, "select count(*) from event") == [(2,)], "a repeat is stored")
    assert len(fetch(database, ALERTS)) == 1
    close(hub, database, "acknowledged", "closed")
    alarm(mosquitto)  # nobody has told the rules yet
    wait_until(lambda: fetch(database, ALERTS)[1:] == [("open", True, 2)], "the second one")
    close(hub, database, "false_alarm")
    hub.kill()
    hub.start()
    alarm(mosquitto, "red")
    wait_until(lambda: fetch(database, ALERTS)[2:] == [("open", True, 4)], "the third one")
    assert fetch(database, ALERTS)[:2] == [("closed", False, 2), ("false_alarm", False, 2)]
    raised = "select count(*) from outbox o join alert_change c on c.id = o.change_id where c.kind = 'raised'"
    assert fetch(database, raised) == [(3,)]
    assert fetch(database, "select kind, count(*)::int from alert_change group by 1 order by 1") == [
        ("acknowledged", 1), ("cleared", 2), ("closed", 1), ("false_alarm", 1), ("raised", 3),
    ]  # fmt: skip


@pytest.fixture
async def city(database: str) -> AsyncIterator[City]:
    """A camera that tells of lines that are crossed, and a hub that can be killed."""
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        rule = "insert into rule (code, name, event_kind, event_level) values ('line', 'L', 'line_crossing', 2)"
        await city.run(rule)
        await city.load()
        yield city


async def crossing(city: City, second: int, lag: int = 0) -> None:
    """A line is crossed; the hub hears of it so much later."""
    camera = (await city.run("select id from device where code = 'cam-1'"))[0][0]
    at = NOW + second * S
    event = Event(uuid4(), camera, "cam-1", at, at + lag * S, "line_crossing", "active", None)
    await city.take(Batch([raw_of("test", "here", b"", event.received)], events=[event], now=event.received))


async def told(city: City) -> list[tuple[str, int]]:
    """(kind of change, seconds from NOW) of each."""
    rows = await city.run(
        "select c.kind, round(extract(epoch from (c.picture ->> 'changed_at')::timestamptz))::bigint"
        " from alert_change c order by c.cursor"
    )
    return [(kind, at - NOW // S) for kind, at in rows]


@pytest.mark.parametrize("killed", [False, True])
async def test_a_kind_without_an_end_is_over_once_by_itself(city: City, killed: bool) -> None:
    await crossing(city, 0)
    await crossing(city, 20, lag=7)
    if killed:
        await city.restart()
    await city.at(20 + LENGTH_S + 6)
    assert await told(city) == [("raised", 0)]
    await city.at(20 + LENGTH_S + 7)
    await city.at(1_000)
    over = [("raised", 0), ("cleared", 20 + LENGTH_S)]
    assert await told(city) == over
    await city.restart()
    await city.at(1_001)
    await crossing(city, 1_002)
    assert await told(city) == [*over, ("raised", 1_002)]


async def test_where_no_timer_has_fired_the_next_event_is_another_alert_all_the_same(city: City) -> None:
    await crossing(city, 0)
    await crossing(city, LENGTH_S - 1)
    assert await told(city) == [("raised", 0)]
    await crossing(city, 3 * LENGTH_S)
    cleared = ("cleared", 2 * LENGTH_S - 1)
    assert await told(city) == [("raised", 0), cleared, ("raised", 3 * LENGTH_S)]
