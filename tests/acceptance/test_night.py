"""An exercise of a night: an alert climbs from the village to the city in the stated times, although hubs are killed.

Nobody acknowledges; then somebody on duty does, and falls asleep. With waits of seconds instead of minutes.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import httpx
import pytest

from hub.access.roles import Role
from tests.support.accounts import PASSWORD, person
from tests.support.batches import fetch
from tests.support.broker import Mosquitto
from tests.support.guidance import GUIDANCE
from tests.support.hub import Hub
from tests.support.numbered import register
from tests.support.process import eventually
from tests.support.served_api import PREFIX, api_context
from tests.support.webhooks import Receiver

RULE = {
    "name": "Many",
    "profile": "counter",
    "metric": "n",
    "direction": "above",
    "thresholds": {"red": 20},
    "guidance": GUIDANCE,
}
DESKS = ("village", "town", "county", "city")
ROTA = """
with o as (insert into organisation (code, name) values ('lake', 'Lake') returning code),
r as (insert into rota (code, name, organisation, zone, shifts, unit, from_date)
      select 'night', 'Night', code, 'Asia/Shanghai', '[{"name": "n", "begin": 0, "end": 1440, "days": ["every"]}]',
             'day', '2026-01-01' from o returning code),
p as (insert into desk_presence (principal_id, clicked_until, streamed_until)
      select id, 'infinity', 'infinity' from principal where name = 'ann')
insert into rota_member select r.code, 0, id from r, principal where name = 'ann'"""
STEPS = """
select extract(epoch from at)::float8, note from alert_change where kind = 'escalated' order by seq"""


class Taken(NamedTuple):
    """A step that a hub has taken."""

    at: float
    note: str


@pytest.fixture
def hubs(database: str, mosquitto: Mosquitto, tmp_path: Path) -> Iterator[tuple[Hub, Hub]]:
    """Two hubs on one database and broker, of which the first runs; programs of this machine need no login."""
    folders = [tmp_path / "first", tmp_path / "second"]
    for folder in folders:
        folder.mkdir()
    first, second = (Hub(database, mosquitto.port, folder, HUB_ACCESS__LOCAL="true") for folder in folders)
    try:
        yield first.start(), second
    finally:
        first.close()
        second.close()


@asynccontextmanager
async def on_duty(database: str) -> AsyncIterator[None]:
    """Ann has an account, is on duty by the rota night, and at her desk."""
    async with api_context(database) as context:
        await person(context, "ann", Role.OPERATOR)
        async with context.hub_pool.connection() as conn:
            await conn.execute(ROTA.encode())
        yield


async def acknowledged(hub: Hub, alert: str) -> None:
    """By ann, who has logged in as in a browser."""
    headers = {"Sec-Fetch-Site": "same-origin"}
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{hub.port}{PREFIX}", headers=headers) as client:
        (await client.post("/session", json={"name": "ann", "password": PASSWORD})).raise_for_status()
        (await client.post(f"/alerts/{alert}/steps", json={"to": "acknowledged"})).raise_for_status()


def told(receiver: Receiver) -> list[str]:
    """Who was told of a step, once for each; a repeat of a message has its id."""
    steps = {each.id: each.path for each in receiver.received if json.loads(each.body)["type"].endswith(".escalated")}
    return list(steps.values())


class Exercise:
    """An alert that nobody sees to, what it has climbed, and who was told."""

    def __init__(self, database: str, wait_s: int) -> None:
        self._database, self.wait_s = database, wait_s

    def steps(self) -> list[Taken]:
        return [Taken(*row) for row in fetch(self._database, STEPS)]

    async def climbed(self, steps: int) -> Taken:
        """Until so many steps are taken; the last one."""

        async def taken() -> bool:
            return len(self.steps()) >= steps

        await eventually(taken, f"step {steps} is taken", 60)
        return self.steps()[-1]

    def prepare(self, hub: Hub, receiver: Receiver) -> None:
        """A chain from the village to the city: `wait_s` before each step, and to verify within."""
        register(hub)
        hub.put("/rules/many", **RULE)
        for desk in DESKS:
            hub.put(f"/consumers/{desk}", url=receiver.url(f"/{desk}"), filters=[])
        steps: list[dict[str, Any]] = [{"wait_s": self.wait_s, "consumers": [desk]} for desk in DESKS]
        steps[0]["rota"] = "night"
        hub.put("/chains/night", steps=steps, verify_within_s={"red": self.wait_s})

    async def check(self, receiver: Receiver) -> None:
        """Each step was taken once, in order, never early, for the right reason, and has arrived."""
        steps = self.steps()
        assert [each.note.partition(";")[0] for each in steps] == [
            f"step {number} of chain night (4 steps), told: {desk}" for number, desk in enumerate(DESKS, 1)
        ]
        slept = "acknowledged, but neither dispatched nor handled within"
        assert [slept in each.note for each in steps] == [False, True, False, False]
        [(raised,)] = fetch(self._database, "select extract(epoch from raised_at)::float8 from alert")
        waits = [after - before for before, after in pairwise([raised, *(each.at for each in steps)])]
        assert all(wait >= self.wait_s - 0.001 for wait in waits), waits
        assert fetch(self._database, "select state, due_at from escalation") == [("exhausted", None)]

        async def arrived() -> bool:
            return len(told(receiver)) >= len(DESKS)

        await eventually(arrived, "each desk is told", 90)
        assert sorted(told(receiver)) == sorted(f"/{desk}" for desk in DESKS)


@pytest.mark.heavy
async def test_it_climbs_once_to_the_city_though_the_hub_is_killed(
    hubs: tuple[Hub, Hub], mosquitto: Mosquitto, database: str
) -> None:
    hub, night = hubs[0], Exercise(database, 1)
    async with Receiver() as receiver, on_duty(database):
        await asyncio.to_thread(night.prepare, hub, receiver)
        mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"values":{"n":25}}')])
        await night.climbed(1)
        [(alert,)] = fetch(database, "select id from alert")
        await acknowledged(hub, str(alert))
        hub.kill()
        await asyncio.to_thread(hub.start)
        await night.climbed(4)
        await night.check(receiver)


@pytest.mark.heavy
async def test_a_night_of_two_hubs_that_are_killed_in_turn(
    hubs: tuple[Hub, Hub], mosquitto: Mosquitto, database: str
) -> None:
    first, second = hubs
    night = Exercise(database, 4)
    async with Receiver() as receiver, on_duty(database):
        await asyncio.to_thread(night.prepare, first, receiver)
        await asyncio.to_thread(second.launch)
        mosquitto.publish([("ganzhi/v1/counter-1/telemetry", b'{"values":{"n":25}}')])
        await night.climbed(1)
        [(alert,)] = fetch(database, "select id from alert")
        await acknowledged(first, str(alert))
        first.kill()  # the other one leads from now on
        await night.climbed(2)
        second.kill()  # nobody leads, and the third step becomes due meanwhile
        await asyncio.sleep(night.wait_s)
        await asyncio.to_thread(first.start)
        await night.climbed(3)
        await asyncio.to_thread(second.launch)
        first.kill()
        await night.climbed(4)
        await night.check(receiver)
