"""Escalation on a store: who is told when, each step once, and what stops it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.types.json import Jsonb

from hub.alerts.alert import Raise, Step
from hub.alerts.escalation_watch import EscalationWatch, escalate
from hub.settings import Database, Settings
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms
from tests.support.process import eventually

DESKS = ("village", "town", "county", "city")
STEPS: list[dict[str, Any]] = [{"wait_s": 60, "consumers": [code]} for code in DESKS]


class Night(Alarms):
    """Alarms in a place with a chain from the village to the city; its desks subscribe to nothing."""

    async def chain(self, code: str = "lake", *, steps: list[dict[str, Any]] = STEPS, **limits: Any) -> None:
        repeats = limits.pop("repeats", 0)
        await self.run(
            """insert into chain (code, filter, steps, repeats, verify_within_s)
               values (%(code)s, %(filter)s, %(steps)s, %(repeats)s, '{400,300,200,100}')""",
            code=code,
            filter=Jsonb({"min_level": 1, **limits}),
            steps=Jsonb(steps),
            repeats=repeats,
        )

    async def desks(self) -> None:
        for code in DESKS:
            await self.run(
                "insert into consumer (code, url, secret, filters) values (%(code)s, 'u', 's', '[]')", code=code
            )

    async def account(self, name: str, kind: str = "person") -> UUID:
        [(made,)] = await self.run(
            "insert into principal (id, kind, name) values (gen_random_uuid(), %(kind)s, %(name)s) returning id",
            name=name,
            kind=kind,
        )
        return UUID(str(made))

    async def step(self, alert: UUID, kind: str, who: UUID | None, **values: Any) -> None:
        [result] = await self.commit([Step(uuid4(), alert, kind, None, principal=who, at=datetime.now(UTC), **values)])
        assert result.outcome == "applied", result

    async def later(self, database: str | None = None) -> int:
        """Once more is due: how many alerts are escalated."""
        await self.run("update escalation set due_at = now() - interval '1 s' where due_at is not null")
        async with self.pool.connection() as conn:
            return await escalate(conn)

    async def told(self, alert: UUID) -> list[tuple[str, str]]:
        """Who was told of which change by the chain, in order."""
        return await self.run(
            """select c.code, h.kind from outbox o join consumer c on c.id = o.consumer_id
               join alert_change h on h.id = o.change_id
               where o.alert_id = %(alert)s and o.why = 'escalated' order by o.seq, o.id""",
            alert=alert,
        )

    async def at(self, alert: UUID) -> tuple[int, int, str, float | None]:
        """Round, step, state and the seconds until it is due."""
        [found] = await self.run(
            """select round, step, state, extract(epoch from due_at - clock_timestamp())::float8
               from escalation where alert_id = %(alert)s""",
            alert=alert,
        )
        return found[0], found[1], found[2], None if found[3] is None else float(found[3])

    async def notes(self, alert: UUID) -> list[str]:
        found = await self.run(
            "select note from alert_change where alert_id = %(alert)s and kind = 'escalated' order by seq", alert=alert
        )
        return [note for (note,) in found]


@pytest.fixture
async def night(database: str) -> AsyncIterator[Night]:
    async with open_pool(Database(url=database)) as pool:
        made = Night(pool)
        await made.seed()
        await made.desks()
        yield made


async def test_nobody_acknowledges_and_it_climbs_to_the_city(night: Night) -> None:
    await night.chain(repeats=1, region="3301", event_kind="smoke")
    alert, elsewhere = await night.raised(level=4), uuid4()
    _, _, state, due_s = await night.at(alert)
    assert state == "waiting"
    assert due_s is not None
    assert 55 < due_s <= 60
    async with night.pool.connection() as conn:
        assert await escalate(conn) == 0, "it is not due"
    away = Raise(uuid4(), elsewhere, "manual", "x", "t", 4, datetime.now(UTC), region="440000000000")
    await night.commit([away])
    for done, desk in enumerate([*DESKS, "city"], 1):
        assert await night.later() == 1
        assert (await night.told(alert))[-1] == (desk, "escalated")
        assert (await night.at(alert))[1] == done
    assert await night.later() == 0, "nobody is left"
    assert (await night.at(alert))[2:] == ("exhausted", None)
    assert await night.told(alert) == [(desk, "escalated") for desk in (*DESKS, "city")]
    assert await night.told(elsewhere) == []
    assert (await night.notes(alert))[1] == (
        "step 2 of chain lake (4 steps), told: town; nobody on duty has acknowledged it"
    )
    await night.apply(alert, "cleared")
    assert await night.told(alert) == [
        *((desk, "escalated") for desk in (*DESKS, "city")),
        *((desk, "cleared") for desk in DESKS),
    ], "who was told hears how it goes on, once"


async def test_who_acknowledges_and_falls_asleep_is_passed_over(night: Night) -> None:
    await night.chain()
    ann, ben = await night.account("ann"), await night.account("ben")
    robot = await night.account("robot", "machine")
    alert = await night.raised(level=4)
    await night.later()
    await night.step(alert, "acknowledged", robot)
    assert (await night.at(alert))[2] == "waiting", "a key is not a person"
    await night.step(alert, "assigned", ann, assignee=ann)
    _, _, state, due_s = await night.at(alert)
    assert (state, 95 < (due_s or 0) <= 100) == ("acknowledged", True), "red: verify within 100 s"
    await night.later()
    assert (await night.notes(alert))[-1] == (
        "step 2 of chain lake (4 steps), told: town; acknowledged, but neither dispatched nor handled within 100 s"
    )
    await night.step(alert, "dispatched", ben)
    assert (await night.at(alert))[2:] == ("stopped", None)
    assert await night.later() == 0


async def test_a_rise_begins_anew_with_the_chain_of_its_level(night: Night) -> None:
    await night.chain()
    await night.chain("worst", steps=[{"wait_s": 5, "consumers": ["city"]}], min_level=4)
    ann = await night.account("ann")
    alert = await night.raised(level=3)
    await night.later()
    await night.step(alert, "acknowledged", ann)
    await night.apply(alert, "updated", level=4)
    round_, step, state, due_s = await night.at(alert)
    assert (round_, step, state) == (2, 0, "waiting")
    assert due_s is not None
    assert due_s <= 5
    await night.later()
    assert [who for who, kind in await night.told(alert) if kind == "escalated"] == ["village", "city"]


async def test_whom_a_chain_has_told_hears_of_each_rise_and_of_the_end(night: Night) -> None:
    await night.chain()
    alert = await night.raised(level=2)
    await night.later()
    for level in (3, 2):
        await night.apply(alert, "updated", level=level)
    await night.run(
        """insert into silence (id, device_id, region, max_level, reason, from_at, to_at, made_by)
           select gen_random_uuid(), id, region, 3, 'works', now(), now() + interval '1 h', 'a' from device"""
    )
    await night.apply(alert, "updated", level=3)
    await night.apply(alert, "updated", level=4)
    heard = [("village", "escalated"), *[("village", "updated")] * 4]
    assert await night.told(alert) == heard
    states = await night.run("select state from outbox where why = 'escalated' order by seq")
    assert [state for (state,) in states] == ["pending"] * 3 + ["silenced", "pending"], "as for whom it was sent to"
    assert (await night.at(alert))[:3] == (3, 0, "waiting"), "it begins anew with each rise above what it began at"
    await night.run("delete from chain")
    await night.apply(alert, "cleared")
    assert await night.told(alert) == [*heard, ("village", "cleared")], "though the chain is gone"
    assert await night.later() == 0
    await night.chain("later")
    await night.apply(alert, "closed")
    await night.apply(alert, "reopened")
    assert [kind for _, kind in await night.told(alert)][-2:] == ["closed", "reopened"]
    assert (await night.at(alert))[:3] == (4, 0, "waiting")


async def test_what_had_come_to_the_end_of_a_chain_begins_anew_with_other_steps(night: Night) -> None:
    await night.chain(steps=STEPS[:1])
    spent, done = [await night.raised(level=4) for _ in range(2)]
    assert await night.later() == 2
    await night.step(done, "false_alarm", None, cause="test")
    under_way = await night.raised(level=4)
    await night.run("update chain set filter = filter || '{\"min_level\": 2}', steps = steps")
    assert (await night.at(spent))[:3] == (1, 1, "exhausted"), "its steps are the same"
    await night.run("update escalation set due_at = now() + interval '9 s' where alert_id = %(id)s", id=under_way)
    await night.run("update chain set steps = %(steps)s", steps=Jsonb(STEPS[1:2]))
    round_, step, state, due_s = await night.at(spent)
    assert (round_, step, state, 55 < (due_s or 0) <= 60) == (2, 0, "waiting", True)
    assert (await night.at(done))[2] == "stopped"
    round_, step, state, due_s = await night.at(under_way)
    assert (round_, step, state, 5 < (due_s or 0) <= 9) == (1, 0, "waiting", True), "from where it is"
    await night.later()
    assert await night.told(spent) == [("village", "escalated"), ("town", "escalated")]
    assert await night.told(under_way) == [("town", "escalated")]


async def test_what_clears_unacknowledged_stops_but_a_red(night: Night) -> None:
    await night.chain()
    red, orange = await night.raised(level=4), await night.raised(level=3)
    for alert in (red, orange):
        await night.apply(alert, "cleared")
    assert await night.later() == 1
    assert await night.told(orange) == []
    assert await night.told(red) == [("village", "escalated")]
    await night.step(red, "false_alarm", None, cause="test")
    assert await night.later() == 0


async def test_an_organisation_that_may_not_see_it_and_who_is_off_are_left_out(night: Night) -> None:
    await night.run("insert into organisation (code, name) values ('far', 'Far')")
    await night.run("update consumer set owner = 'far' where code = 'town'")
    await night.run("update consumer set enabled = false where code = 'village'")
    await night.chain(steps=[{"wait_s": 1, "consumers": ["village", "town"]}, *STEPS[1:]])
    alert = await night.raised(level=4)
    await night.later()
    assert await night.told(alert) == [("county", "escalated")], "what tells nobody is followed by the next at once"
    first, second, third = await night.notes(alert)
    assert "told: none" in first
    assert "not village: it is switched off" in first
    assert "not town: its organisation far may not see the alert; the next step follows at once" in first
    assert "told: none" in second
    assert third.endswith("told: county; none of its consumers can be told")
    assert (await night.at(alert))[1] == 3


async def test_a_silence_keeps_back_what_is_not_red(night: Night) -> None:
    await night.chain()
    await night.run(
        """insert into silence (id, region, max_level, reason, from_at, to_at, made_by, approved_by, approved_at)
           values (gen_random_uuid(), '3301', 4, 'works', now(), now() + interval '1 h', 'a', 'b', now())"""
    )
    red, orange = await night.raised(level=4), await night.raised(level=3)
    await night.later()
    states = await night.run("select alert_id, state from outbox where why = 'escalated' order by state")
    assert states == [(red, "pending"), (orange, "silenced")]


async def test_leaders_at_once_and_one_that_is_killed_take_each_step_once(night: Night, database: str) -> None:
    await night.chain()
    reds = [await night.raised(level=4) for _ in range(20)]
    await night.run("update escalation set due_at = now() - interval '1 s'")

    async def killed() -> None:
        """One that has taken everything and dies before its commit: it waits for a consumer that somebody changes."""
        async with night.pool.connection() as holding, holding.transaction():
            await holding.execute("select id from consumer where code = 'village' for update")
            async with await connect(database) as victim:
                climbing = asyncio.create_task(escalate(victim), name="climbing")

                async def waits() -> bool:
                    return bool(await night.run("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))

                await eventually(waits, "it is in the middle")
                await night.run("select pg_terminate_backend(%(pid)s)", pid=victim.info.backend_pid)
                with pytest.raises(psycopg.Error):
                    await climbing

    await killed()
    assert await night.outbox("village") == []

    async def lead() -> int:
        async with await connect(database) as conn:
            return await escalate(conn)

    assert sum(await asyncio.gather(*[lead() for _ in range(4)])) == len(reds)
    for alert in reds:
        assert await night.told(alert) == [("village", "escalated")]


async def test_a_part_of_the_hub_sees_to_it(night: Night, database: str) -> None:
    await night.chain(steps=[{"wait_s": 1, "consumers": [code]} for code in DESKS])
    alert = await night.raised(level=4)

    async def climbed() -> bool:
        return len(await night.told(alert)) == 2

    async def runs() -> None:
        async with asyncio.TaskGroup() as group, EscalationWatch(settings).opened(group):
            await asyncio.Event().wait()

    settings = Settings(database=Database(url=database))
    part = asyncio.create_task(runs(), name="part")
    await eventually(climbed, "it climbs")
    part.cancel()
    with suppress(asyncio.CancelledError):
        await part
