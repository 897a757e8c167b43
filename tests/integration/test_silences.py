"""Silences on a real store: what is kept back, who may, and what is told when they are over."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from psycopg import AsyncConnection
from psycopg.errors import CheckViolation

from app.serve.housekeeping import housekeeping
from hub.access.roles import Role
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.release import release
from hub.store.pool import connect
from tests.support.process import eventually
from tests.support.served_api import api_context, change_alert, client_of, raise_alert, register
from tests.support.two_counties import INSIDE, OUTSIDE, two_counties

PLACE = "330106001002"


def soon(hours: float) -> str:
    return (datetime.now(UTC) + timedelta(hours=hours)).isoformat()


class Desk:
    """A consumer of everything, and what is owed to it."""

    def __init__(self, context: Any, client: httpx.AsyncClient, url: str) -> None:
        self.context, self.client, self.url = context, client, url

    async def begin(self) -> None:
        await register(self.client, 2)
        for code in ("air-0", "air-1"):
            body = {"name": code, "profile": "air", "region": PLACE}
            (await self.client.put(f"/devices/{code}", json=body)).raise_for_status()
        (await self.client.put("/consumers/desk", json={"url": "https://8.8.8.8/x"})).raise_for_status()

    async def silence(self, **body: Any) -> str:
        made = await self.client.post("/silences", json={"to_at": soon(1), "reason": "works", **body})
        assert made.status_code == 201, made.text
        return str(made.json()["id"])

    async def owed(self, alert: UUID) -> list[str]:
        found = (await self.client.get(f"/alerts/{alert}")).raise_for_status().json()
        return [f"{each['seq']} {each['state']}" for each in found["deliveries"]]

    async def release(self) -> None:
        async with await connect(self.url) as conn, await connect(self.url) as other:
            await asyncio.gather(release(conn), release(other))


@pytest.fixture
async def desk(database: str) -> Any:
    async with api_context(database) as context, client_of(context) as client:
        made = Desk(context, client, database)
        await made.begin()
        yield made


async def test_what_lasts_is_told_once_when_it_is_over_and_what_does_not_is_not(desk: Desk) -> None:
    before = await raise_alert(desk.context.hub_pool, level=2)
    silence = await desk.silence(region="3301")
    lasting, passing, closed = [await raise_alert(desk.context.hub_pool, level=2) for _ in range(3)]
    await change_alert(desk.context.hub_pool, lasting, "updated")
    await change_alert(desk.context.hub_pool, passing, "cleared")
    for step in ("acknowledged", "closed"):
        await change_alert(desk.context.hub_pool, closed, step)
    await change_alert(desk.context.hub_pool, before, "cleared")
    red = await raise_alert(desk.context.hub_pool, level=4)
    assert await desk.owed(before) == ["1 pending", "2 pending"], "who heard the beginning hears the end"
    assert await desk.owed(lasting) == ["1 silenced", "2 silenced"]
    assert await desk.owed(passing) == ["1 silenced", "2 silenced"]
    assert await desk.owed(red) == ["1 pending"], "red is above it"
    await desk.release()
    assert await desk.owed(lasting) == ["1 silenced", "2 silenced"], "it is not over"
    [shown] = (await desk.client.get("/silences?state=active")).json()["items"]
    assert (shown["id"], shown["kept_back"]) == (silence, 7)
    ended = (await desk.client.delete(f"/silences/{silence}")).raise_for_status().json()
    assert (ended["state"], ended["ended_by"]) == ("over", "local")
    await desk.release()
    assert await desk.owed(lasting) == ["1 given_up", "2 pending"]
    assert await desk.owed(passing) == ["1 given_up", "2 given_up"]
    assert await desk.owed(closed) == ["1 given_up", "2 given_up", "3 given_up"]
    why = (await desk.client.get(f"/alerts/{passing}", headers={"accept-language": "zh"})).json()["deliveries"][0]
    assert "静默" in why["last_error"]
    await change_alert(desk.context.hub_pool, passing, "acknowledged")
    assert (await desk.owed(passing))[-1] == "3 pending", "afterwards all is as ever"
    await desk.silence(region="3301")
    await change_alert(desk.context.hub_pool, lasting, "cleared")
    assert (await desk.owed(lasting))[-1] == "3 pending", "who got it after a silence hears how it goes on, in any"
    assert (await desk.client.delete(f"/silences/{silence}")).status_code == 409


@pytest.mark.parametrize("name", ["silences", "shelf"])
async def test_a_hub_sees_to_what_is_over(desk: Desk, name: str) -> None:
    await desk.silence(region="3301")
    alert = await raise_alert(desk.context.hub_pool, level=2)
    body = {"minutes": 5, "reason": "works"}
    (await desk.client.put(f"/alerts/{alert}/shelf", json=body)).raise_for_status()
    async with desk.context.hub_pool.connection() as conn:
        await conn.execute("update silence set from_at = now() - interval '2 s', to_at = now() - interval '1 s'")
        await conn.execute("update alert set shelved_until = now() - interval '1 s'")
    tasks = dict(housekeeping(desk.context.settings, desk.context.hub_pool))
    running = asyncio.ensure_future(tasks.pop(name))
    for other in tasks.values():
        other.close()  # coroutines, none of which has begun

    async def over() -> bool:
        if name == "silences":
            return await desk.owed(alert) == ["1 pending"]
        return (await desk.client.get(f"/alerts/{alert}")).json()["shelved_until"] is None

    await eventually(over, f"{name} is among what a hub does")
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_a_rise_goes_through_and_what_was_kept_back_before_it_is_not_told_again(desk: Desk) -> None:
    silence = await desk.silence(device="air-0", max_level="yellow")
    alert = await raise_alert(desk.context.hub_pool, "air-0", level=2)
    other = await raise_alert(desk.context.hub_pool, "air-1", level=2)
    async with desk.context.hub_pool.connection() as conn:
        await conn.execute("update alert set level = 3 where id = %s", (alert,))
    await change_alert(desk.context.hub_pool, alert, "updated")  # at the level that the row says
    assert await desk.owed(alert) == ["1 silenced", "2 pending"]
    assert await desk.owed(other) == ["1 pending"], "the silence is of another device"
    (await desk.client.delete(f"/silences/{silence}")).raise_for_status()
    await desk.release()
    assert await desk.owed(alert) == ["1 given_up", "2 pending"]


async def test_a_change_that_is_being_made_when_it_is_over_is_waited_for(desk: Desk) -> None:
    await desk.silence(region="3301")
    alert = await raise_alert(desk.context.hub_pool, level=2)
    async with await connect(desk.url) as conn:
        async with desk.context.hub_pool.connection() as writer, writer.transaction():
            [made] = await apply(writer, [Step(uuid4(), alert, "false_alarm", "desk", cause="test")])
            assert made.outcome == "applied", "kept back, and not committed yet"
            await conn.execute("update silence set to_at = now()")
            looking = asyncio.ensure_future(release(conn))

            async def waits_or_is_done() -> bool:
                return looking.done() or await blocked(writer, conn.info.backend_pid)

            await eventually(waits_or_is_done, "the look at what is over")
        await looking
    await desk.release()
    assert await desk.owed(alert) == ["1 given_up", "2 given_up"], "who hears no end does not hear the beginning"


async def test_a_consumer_that_is_deleted_while_what_was_kept_back_is_told(desk: Desk) -> None:
    await desk.silence(region="3301")
    alert = await raise_alert(desk.context.hub_pool, level=2)
    async with await connect(desk.url) as conn, await connect(desk.url) as other:
        await conn.execute("update silence set to_at = now()")
        async with desk.context.hub_pool.connection() as writer, writer.transaction(force_rollback=True):
            # Who is told of it is being written: the release comes as far as that, and waits with what it has locked.
            await writer.execute("insert into alert_told (alert_id, consumers) values (%s, '{}')", (alert,))
            telling = asyncio.ensure_future(release(conn))
            await eventually(lambda: blocked(writer, conn.info.backend_pid), "the release waits")
            deleting = asyncio.ensure_future(other.execute("delete from consumer where code = 'desk'"))
            await eventually(lambda: blocked(writer, other.info.backend_pid), "who deletes its consumer waits")
        await asyncio.gather(telling, deleting)  # neither is the victim of a deadlock
    assert (await desk.client.get("/consumers/desk")).status_code == 404


async def blocked(conn: AsyncConnection, pid: int) -> bool:
    [waits] = await (await conn.execute("select cardinality(pg_blocking_pids(%s)) > 0", (pid,))).fetchone() or [False]
    return bool(waits)


async def test_quiet_hours_keep_back_what_is_not_red_and_what_lasts_is_told_once_when_they_end(desk: Desk) -> None:
    hour = datetime.now(UTC) + timedelta(hours=8)  # in Shanghai
    quiet = [{"hours": f"{hour:%H}:00-{hour + timedelta(hours=2):%H}:00"}]
    body = {"url": "https://8.8.8.8/x", "quiet": quiet}
    made = (await desk.client.put("/consumers/desk", json=body)).raise_for_status().json()
    assert made["quiet"] == [{**quiet[0], "days": None, "zone": None, "max_level": "orange"}]
    pool = desk.context.hub_pool
    lasting, passing, shut = [await raise_alert(pool, level=3) for _ in range(3)]
    await change_alert(pool, lasting, "updated")
    await change_alert(pool, passing, "cleared")
    silence = await desk.silence(region="3301")
    assert await desk.owed(await raise_alert(pool, level=4)) == ["1 pending"], "red at any time"
    tried = (await desk.client.post("/routing:try", json={"alert": str(shut)})).json()["items"][0]
    assert (tried["gets"], tried["kept_back"]) == (True, True)
    assert silence in tried["reasons"][-1], "of several reasons one is told"
    await desk.release()
    assert [await desk.owed(each) for each in (lasting, passing)] == [["1 quiet", "2 quiet"]] * 2, "not over yet"
    (await desk.client.put("/consumers/desk", json=body | {"quiet": []})).raise_for_status()
    await desk.release()
    assert await desk.owed(lasting) == ["1 given_up", "2 silenced"], "another thing keeps it back by now"
    assert await desk.owed(passing) == ["1 given_up", "2 given_up"]
    (await desk.client.delete(f"/silences/{silence}")).raise_for_status()
    await desk.release()
    assert await desk.owed(lasting) == ["1 given_up", "2 pending"]
    assert await desk.owed(shut) == ["1 pending"]
    why = (await desk.client.get(f"/alerts/{passing}", headers={"accept-language": "zh"})).json()["deliveries"][0]
    assert "免打扰" in why["last_error"]
    async with pool.connection() as conn:
        with pytest.raises(CheckViolation, match="quiet_is_never_red"):
            await conn.execute("""update consumer set quiet = '[{"hours": "22:00-06:00", "max_level": 4}]'""")
    for wrong in ({"hours": "22:00-06:00", "max_level": "red"}, {"hours": "22-6"}, {}, {"max_level": "blue"}):
        assert (await desk.client.put("/consumers/desk", json=body | {"quiet": [wrong]})).status_code == 422, wrong


async def test_red_is_kept_back_once_a_second_person_has_approved_it(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.OPERATOR, INSIDE)
        body = {"region": INSIDE, "max_level": "red", "reason": "exercise", "to_at": soon(25)}
        assert "24 h at most" in (await city.ask("POST /silences", "inside", body)).text
        made = await city.ask("POST /silences", "inside", {**body, "to_at": soon(23)})
        assert (made.status_code, made.json()["state"]) == (201, "waiting")
        path = f"POST /silences/{made.json()['id']}/approval"
        assert (await city.ask(path, "inside")).status_code == 403, "who made it does not approve it"
        city.door.limited(Role.OPERATOR, OUTSIDE)
        assert (await city.ask(path, "inside")).status_code == 404
        city.door.limited(Role.VIEWER, INSIDE)
        assert (await city.ask(path, "inside")).status_code == 403
        city.door.limited(Role.OPERATOR, INSIDE)
        approved = await city.ask(path, "inside")
        assert (approved.status_code, approved.json()["state"]) == (200, "active")
        assert (await city.ask(path, "inside")).status_code == 409
        async with city.pool.connection() as conn:
            told = await (await conn.execute("select count(*) from audit where action = 'silence.approve'")).fetchall()
        assert told == [(1,)]


async def test_who_sees_few_silences_does_not_make_the_hub_forget_the_others(database: str) -> None:
    async with two_counties(database) as city:
        async with city.pool.connection() as conn:
            await conn.execute("insert into consumer (code, url, secret, filters) values ('all', 'u', 's', '[{}]')")
            # Inside the county stands only one of a device that has left it.
            await conn.execute("delete from silence where region ^@ %s", (INSIDE,))
            await conn.execute(
                """insert into silence (id, device_id, region, max_level, reason, from_at, to_at, made_by)
                   select gen_random_uuid(), id, %s, 3, 'works', now(), now() + interval '2 days', 'a'
                   from device where code = 'hidden-7'""",
                (INSIDE,),
            )
        city.door.limited(Role.OPERATOR, INSIDE)
        step = await city.ask("POST /alerts/{alert_id}/steps", "inside", {"to": "acknowledged"})
        assert step.status_code == 200, step.text
        outside, inside = [await raise_alert(city.pool, code, level=2) for code in ("hidden-7", "seen-1")]
        async with city.pool.connection() as conn:
            found = await (await conn.execute("select alert_id, state from outbox")).fetchall()
        states: dict[UUID, str] = dict(found)
        assert states[outside] == "silenced", "by one that he does not see"
        assert states[inside] == "pending", "of a device that he does not see, not of all"


async def test_nobody_silences_beyond_his_scope(database: str) -> None:
    async with two_counties(database) as city:
        city.door.limited(Role.OPERATOR, INSIDE)
        for wider in ({"region": "3301"}, {"region": OUTSIDE}, {"organisation": "eco-b"}):
            answer = await city.ask("POST /silences", "inside", {"reason": "works", "to_at": soon(1), **wider})
            assert answer.status_code == 403, (wider, answer.text)
        inside = await city.ask("POST /silences", "inside", {"reason": "x", "to_at": soon(1), "region": INSIDE})
        assert inside.status_code == 201


IMPOSSIBLE: list[tuple[dict[str, Any], str]] = [
    ({}, "name a device, or a place"),
    ({"category": "fire"}, "name a device, or a place"),
    ({"region": "3301", "device": "air-0"}, "leave these out"),
    ({"device": "air-9"}, "there is no device 'air-9'"),
    ({"area": "nowhere"}, "there is no area 'nowhere'"),
    ({"organisation": "nobody"}, "there is no organisation 'nobody'"),
    ({"region": "3301", "to_at": "2020-01-01T00:00:00Z"}, "later than now"),
    ({"region": "3301", "to_at": "2099-01-01T00:00:00Z"}, "720 h at most"),
    ({"region": "3301", "max_level": "pink"}, "max_level"),
    ({"region": "3301", "reason": ""}, "reason"),
    ({"region": "x"}, "region"),
]
"""What is asked for, and why it cannot be."""


async def test_what_cannot_be_says_why(desk: Desk) -> None:
    for body, why in IMPOSSIBLE:
        answer = await desk.client.post("/silences", json={"reason": "works", "to_at": soon(1), **body})
        assert answer.status_code in (404, 422), body
        assert why in answer.text, body
