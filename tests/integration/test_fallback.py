"""Nobody falls through: what the fallback consumer gets, when, and that it cannot be done away with."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from uuid import UUID, uuid4

import psycopg
import pytest

from api.push.channel import Accepted, Answer, Consumer, Delivery, Refused
from api.push.outbox import DeliveryWorker
from app.check.fallback import check_fallback
from hub.alerts.alert import Step
from hub.alerts.fallback_watch import FallbackWatch, fall
from hub.settings import Database, Settings
from hub.store.pool import connect, open_pool
from tests.support.alarms import Alarms
from tests.support.deliveries import FakeChannel
from tests.support.process import eventually
from tests.support.served_api import api_context, client_of

URL = {"url": "https://desk.example.org/a"}


@pytest.fixture
async def alarms(database: str) -> AsyncIterator[Alarms]:
    """With a desk of another division, a desk of all, and a duty officer as the fallback that subscribes to nothing."""
    async with open_pool(Database(url=database)) as pool:
        made = Alarms(pool)
        await made.seed()
        await made.consumer("far", region="44")
        await made.run(
            "insert into consumer (code, url, secret, filters, fallback) values ('duty', 'u', 's', '[]', true)"
        )
        yield made


async def got(alarms: Alarms, code: str, alert: UUID) -> list[tuple[int, str | None]]:
    return [
        (seq, why)
        for seq, why in await alarms.run(
            """select o.seq, o.why from outbox o join consumer c on c.id = o.consumer_id
               where c.code = %(code)s and o.alert_id = %(alert)s order by o.seq""",
            code=code,
            alert=alert,
        )
    ]


async def due(alarms: Alarms) -> int:
    """30 s later: what is made of it."""
    await alarms.run("update alert_fallback set due_at = now() - interval '1 s' where due_at is not null")
    async with alarms.pool.connection() as conn:
        return await fall(conn)


async def test_a_red_that_nobody_gets_goes_to_the_fallback_at_once_and_on(alarms: Alarms) -> None:
    alert, orange = await alarms.raised(level=3), await alarms.raised(level=3)
    await alarms.apply(alert, "updated", level=4)
    await alarms.apply(alert, "cleared")
    await alarms.apply(orange, "cleared")
    assert await got(alarms, "duty", alert) == [(2, "unmatched"), (3, "unmatched")]
    assert await got(alarms, "duty", orange) == []
    assert await due(alarms) == 0, "it is decided already"


async def test_a_red_that_nobody_accepts_goes_to_the_fallback_once(alarms: Alarms) -> None:
    await alarms.consumer("desk")
    late, taken, by_machine, accepted = [await alarms.raised(level=4) for _ in range(4)]
    await alarms.apply(late, "cleared")
    rows = await alarms.run(
        "insert into principal (kind, name) values ('person', 'li'), ('machine', 'a-program') returning id"
    )
    for alert, (principal,) in zip((taken, by_machine), rows, strict=True):
        step = Step(uuid4(), alert, "acknowledged", "desk", principal=principal)
        assert [each.outcome for each in await alarms.commit([step])] == ["applied"]
    await alarms.run("update outbox set state = 'delivered' where alert_id = %(alert)s and seq = 1", alert=accepted)
    async with alarms.pool.connection() as conn:
        assert await fall(conn) == 0, "the 30 s are not over"
    assert await due(alarms) == 4
    assert await due(alarms) == 0
    assert await got(alarms, "duty", by_machine) == [(1, "unaccepted"), (2, "unaccepted")]
    await alarms.apply(late, "closed")
    assert await got(alarms, "duty", late) == [(1, "unaccepted"), (2, "unaccepted"), (3, "unaccepted")]
    assert await got(alarms, "duty", taken) == await got(alarms, "duty", accepted) == []
    assert await got(alarms, "desk", late) == [(1, None), (2, None), (3, None)]


async def test_a_red_that_is_reopened_or_rises_again_is_watched_anew(alarms: Alarms) -> None:
    await alarms.consumer("desk")
    reopened, risen = [await alarms.raised(level=4) for _ in range(2)]
    await alarms.run("update outbox set state = 'delivered'")
    assert await due(alarms) == 0, "both were accepted"
    await alarms.apply(reopened, "false_alarm")
    await alarms.apply(reopened, "reopened")
    await alarms.apply(risen, "updated", level=3)
    await alarms.apply(risen, "updated", level=4)
    assert await due(alarms) == 2, "from the new onset on"
    assert await got(alarms, "duty", reopened) == [(3, "unaccepted")]
    assert await got(alarms, "duty", risen) == [(3, "unaccepted")]
    await alarms.apply(risen, "updated", level=4)
    assert await got(alarms, "duty", risen) == [(3, "unaccepted"), (4, "unaccepted")]
    assert await due(alarms) == 0


async def test_leaders_at_once_and_one_that_is_killed_give_it_once(alarms: Alarms, database: str) -> None:
    await alarms.consumer("desk")
    reds = [await alarms.raised(level=4) for _ in range(20)]
    await alarms.run("update alert_fallback set due_at = now() - interval '1 s'")

    async def killed() -> None:
        """One that has taken everything and dies before its commit: it waits for a consumer that somebody changes."""
        async with alarms.pool.connection() as holding, holding.transaction():
            await holding.execute("select id from consumer where code = 'duty' for update")
            async with await connect(database) as victim:
                falling = asyncio.create_task(fall(victim), name="falling")

                async def waits() -> bool:
                    return bool(await alarms.run("select 1 from pg_stat_activity where wait_event_type = 'Lock'"))

                await eventually(waits, "it is in the middle")
                await alarms.run("select pg_terminate_backend(%(pid)s)", pid=victim.info.backend_pid)
                with pytest.raises(psycopg.Error):
                    await falling

    await killed()
    assert await alarms.outbox("duty") == []

    async def lead() -> int:
        async with await connect(database) as conn:
            return await fall(conn)

    assert sum(await asyncio.gather(*[lead() for _ in range(4)])) == len(reds)
    for alert in reds:
        assert await got(alarms, "duty", alert) == [(1, "unaccepted")]


async def test_without_a_fallback_it_waits_for_one(alarms: Alarms) -> None:
    await alarms.run("update consumer set fallback = false")
    alert, old = await alarms.raised(level=4), await alarms.raised(level=4)
    await alarms.run(
        "update alert_fallback set due_at = now() - interval '2 days' where alert_id = %(alert)s", alert=old
    )
    async with alarms.pool.connection() as conn:
        assert await fall(conn) == 0
    assert await alarms.run("select count(*) from alert_fallback where due_at is not null") == [(1,)]
    await alarms.run("update consumer set fallback = true where code = 'duty'")
    assert await due(alarms) == 1
    assert await got(alarms, "duty", alert) == [(1, "unmatched")]
    assert await got(alarms, "duty", old) == []


async def test_a_part_of_the_hub_sees_to_it(alarms: Alarms, database: str) -> None:
    await alarms.consumer("desk")
    alert = await alarms.raised(level=4)
    await alarms.run("update alert_fallback set due_at = now() - interval '1 s'")

    async def fell() -> bool:
        return await got(alarms, "duty", alert) == [(1, "unaccepted")]

    async def runs() -> None:
        async with asyncio.TaskGroup() as group, FallbackWatch(settings).opened(group):
            await asyncio.Event().wait()

    settings = Settings(database=Database(url=database))
    part = asyncio.create_task(runs(), name="part")
    await eventually(fell, "the fallback consumer gets it")
    part.cancel()
    with suppress(asyncio.CancelledError):
        await part


async def test_a_410_does_not_switch_the_fallback_off(alarms: Alarms) -> None:
    class Gone(FakeChannel):
        async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
            return Refused("gone", "gone", gone=True) if consumer.code == "duty" else Accepted()

    alert = await alarms.raised(level=4)
    worker = DeliveryWorker(alarms.pool, {"webhook": Gone()})

    async def tried() -> bool:
        return bool(await alarms.run("select 1 from outbox where failure = 'gone'"))

    async with asyncio.TaskGroup() as group:
        group.create_task(worker.run(), name="deliveries")
        await eventually(tried, "it was tried")
        worker.stop()
    assert await alarms.run("select enabled from consumer where code = 'duty'") == [(True,)]
    assert await alarms.run("select state, next_at > now() from outbox where alert_id = %(alert)s", alert=alert) == [
        ("pending", True)
    ]


async def test_it_cannot_be_deleted_or_switched_off_and_another_takes_over(database: str) -> None:
    settings = Settings(database=Database(url=database))
    async with api_context(database) as context, client_of(context) as client:
        assert [each.level for each in await check_fallback(settings)] == ["warn"]
        await client.put("/organisations/water", json={"name": "Water"})
        for wrong in ({"enabled": False}, {"owner": "water"}):
            refused = await client.put("/consumers/duty", json={**URL, "fallback": True, **wrong})
            assert refused.status_code in (409, 422), refused.text
        assert (await client.put("/consumers/duty", json={**URL, "fallback": True})).json()["fallback"] is True
        assert [each.level for each in await check_fallback(settings)] == ["ok"]
        assert (await client.put("/consumers/duty", json=URL)).json()["fallback"] is True, "left out, it stays"
        for body in ({"enabled": False}, {"fallback": False}):
            refused = await client.put("/consumers/duty", json={**URL, **body})
            assert (refused.status_code, "make another one" in refused.text) == (409, True)
        kept = await client.delete("/consumers/duty")
        assert (kept.status_code, "make another one" in kept.text) == (409, True)
        async with context.hub_pool.connection() as conn:
            with pytest.raises(psycopg.errors.RestrictViolation):
                await conn.execute("delete from consumer")
        assert (await client.put("/consumers/other", json={**URL, "fallback": True})).status_code == 201
        assert (await client.get("/consumers/duty")).json()["fallback"] is False
        assert (await client.delete("/consumers/duty")).status_code == 200


async def test_a_try_and_the_log_of_deliveries_tell_why(alarms: Alarms, database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        place = {"place": {"level": "red", "region": "330106001002"}}
        found = (await client.post("/routing:try", json=place)).json()["items"][0]
        why = "it is the fallback: no other consumer takes this red alert"
        reasons = [why, "it subscribes to nothing"]
        assert found == {"consumer": "duty", "gets": True, "kept_back": False, "reasons": reasons}
        alert = await alarms.raised(level=4)
        for lang, told in (("en", why), ("zh", "作为兜底接收方：没有其他接收方匹配该红色告警")):
            detail = (await client.get(f"/alerts/{alert}", params={"lang": lang})).json()
            assert [each["why"] for each in detail["deliveries"]] == [told]
        await alarms.consumer("desk")
        found = (await client.post("/routing:try", json=place)).json()["items"][1]
        assert (found["consumer"], found["gets"]) == ("duty", False)
        assert found["reasons"][0] == "it is the fallback: it gets this red alert if nobody accepts it within 30 s"
