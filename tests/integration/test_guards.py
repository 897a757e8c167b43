"""Guards that are off (失防): an alert of its own for each that lasts too long, once, whatever happens in between."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.models import Batch, Micros, Origin, Raw, now_micros
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.frames_hj212 import frame
from tests.support.origins import raw_of
from tests.support.served_api import api_context, client_of
from tests.support.staged_hub import StagedHub

S = 1_000_000
HOUR = 3_600 * S
SEED = """
insert into profile (code, name, metrics, category, guards) values
    ('smoke', 'Smoke', '{"pm25": {"name": "PM2.5"}}', 'fire', '{"shielded": 7200}');
insert into device (code, name, profile_id) values ('d1', '烟感 1', 1), ('d2', '烟感 2', 1);
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 4);
"""
NOW: Micros = now_micros() // S * S
MARKED = "silenced on site: the alert stays as it is"


class Hub:
    """The stages of a hub, told what time it is."""

    def __init__(self, pool: Pool) -> None:
        self.pool, self.staged = pool, StagedHub(pool)

    async def restart(self) -> None:
        self.staged = await StagedHub(self.pool).restore()

    async def say(self, kind: str, state: str, at: int, device: str = "d1") -> None:
        body = json.dumps({"ts": (NOW + at) // 1000, "kind": kind, "state": state}).encode()
        await self._take(raw_of("mqtt", f"ganzhi/v1/{device}/event", body, NOW + at))

    async def measure(self, flag: str, at: int) -> None:
        payload = frame(f"a34004-Rtd=7,a34004-Flag={flag}", head="ST=39;CN=%s;MN=d1;")
        await self._take(Raw(Origin("tcp", "hj212", "d1", "frame", protocol="hj212"), payload, NOW + at))

    async def _take(self, raw: Raw) -> None:
        await self.staged.take(self.staged.read(Batch([raw], now=raw.received)))

    async def wait(self, until: int) -> None:
        """Nothing comes until then: stages are asked as the pipeline does."""
        due = [at for stage in self.staged.stages if (at := stage.due(NOW + until)) is not None]
        if due and min(due) <= NOW + until:
            await self.staged.take(self.staged.read(Batch([], now=NOW + until)))

    async def rows(self, statement: str) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            return await (await conn.execute(statement.encode())).fetchall()

    async def alerts(self) -> list[tuple[Any, ...]]:
        return await self.rows(
            "select target, level, cleared_at is not null, title from alert where origin = 'hub' order by opened_at"
        )


@pytest.fixture
async def hub(database: str) -> AsyncIterator[Hub]:
    async with open_pool(Database(url=database)) as pool:
        async with pool.connection() as conn:
            await conn.execute(SEED.encode())
        made = Hub(pool)
        await made.restart()
        yield made


@pytest.mark.parametrize("killed", [False, True])
async def test_a_state_that_lasts_too_long_is_raised_once_and_cleared_when_it_is_over(hub: Hub, killed: bool) -> None:
    async def passes() -> None:
        if killed:
            await hub.restart()

    await hub.say("shielded", "active", 0)
    await passes()
    await hub.wait(HOUR)
    assert await hub.alerts() == []
    await hub.say("shielded", "active", HOUR)
    await passes()
    await hub.wait(2 * HOUR)
    raised = [("unguarded:d1/shielded/", 3, False, "烟感 1: shielded: not guarded for too long (hub guards)")]
    assert await hub.alerts() == raised
    await passes()
    await hub.wait(3 * HOUR)
    await hub.say("shielded", "active", 3 * HOUR)
    assert await hub.alerts() == raised, "once"
    await passes()
    await hub.say("shielded", "inactive", 4 * HOUR)
    assert [cleared for _, _, cleared, _ in await hub.alerts()] == [True]
    assert await hub.rows("select extract(epoch from cleared_at - opened_at)::int from alert") == [(7200,)]
    await hub.say("shielded", "active", 5 * HOUR)
    await passes()
    await hub.wait(7 * HOUR)
    assert [cleared for _, _, cleared, _ in await hub.alerts()] == [True, False], "another time is another alert"


async def test_flags_of_readings_switch_a_guard_off_and_on(hub: Hub) -> None:
    await hub.measure("C", 0)
    await hub.measure("C", HOUR)
    await hub.wait(4 * HOUR)
    assert [target for target, *_ in await hub.alerts()] == ["unguarded:d1/calibration/pm25"]
    await hub.measure("N", 5 * HOUR)
    assert [cleared for _, _, cleared, _ in await hub.alerts()] == [True]


async def test_what_a_desk_has_ended_is_not_raised_again_while_it_lasts(hub: Hub) -> None:
    await hub.say("removed", "active", 0)
    await hub.wait(HOUR)
    async with hub.pool.connection() as conn, conn.transaction():
        [(id_,)] = await (await conn.execute("select id from alert")).fetchall()
        await apply(conn, [Step(id_, id_, "false_alarm", "desk")])
    await hub.restart()
    await hub.say("removed", "active", 2 * HOUR)
    await hub.wait(3 * HOUR)
    assert len(await hub.alerts()) == 1


async def test_muted_on_site_raises_nothing_clears_nothing_and_is_in_the_timeline(hub: Hub) -> None:
    await hub.say("smoke", "active", 0)
    await hub.say("smoke", "active", 0, "d2")
    await hub.say("muted", "active", 60 * S)
    await hub.say("muted", "active", 70 * S)
    changes = (
        "select d.code, c.kind, c.note, c.note_words ->> 'key' from alert_change c join alert a on a.id = c.alert_id "
        "join device d on d.id = a.device_id order by c.cursor"
    )
    assert await hub.rows(changes) == [
        ("d1", "raised", None, None), ("d2", "raised", None, None), ("d1", "commented", MARKED, "alert.muted_on_site")
    ]  # fmt: skip
    assert await hub.rows("select count(*) from alert where cleared_at is null and handling = 'open'") == [(2,)]


async def test_what_is_not_guarded_is_listed_with_why(hub: Hub, database: str) -> None:
    await hub.say("shielded", "active", 0)
    await hub.say("muted", "active", S, "d2")
    await hub.say("muted", "inactive", 2 * S, "d2")
    async with hub.pool.connection() as conn:
        await conn.execute("""insert into maintenance (device_id, from_at, to_at, note) values
                              (2, now() - interval '1 h', now() + interval '1 h', 'n')""")
    async with api_context(database) as context, client_of(context) as client:
        found = (await client.get("/guards", headers={"accept-language": "zh"})).json()["items"]
        only = (await client.get("/guards", params={"kind": "shielded"})).json()["items"]
    assert [(each["device"], each["kind"], each["why"], each["told"]) for each in found] == [
        ("d2", "planned_work", "计划维护", False), ("d1", "shielded", "屏蔽", False)
    ]  # fmt: skip
    assert [each["device"] for each in only] == ["d1"]
