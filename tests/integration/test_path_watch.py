"""The path of alerts watches itself: a hub with a real broker, whose links are broken one by one."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import psycopg
import pytest

from analytics.rules.rounds import RoundRule
from api.push.http_call import open_calls
from api.push.outbox import DeliveryWorker, Limits
from api.push.probe import Probe
from app.serve.engine import Stages
from app.serve.path_watch import PathWatch, Send, either, watch_path
from hub.alerts.apply import apply
from hub.alerts.path import RoundMessages, Rounds, raised, round_origin
from hub.errors import BrokerUnavailable
from hub.models import Batch, Raw, now_micros
from hub.settings import Settings
from hub.stage import run_steps
from hub.store.leader import lead
from hub.store.migrate import migrate
from hub.store.pool import Pool, open_pool
from hub.telemetry import Counters
from tests.support.broker import Mosquitto
from tests.support.bus import open_bus
from tests.support.cluster import Cluster
from tests.support.hub import Hub
from tests.support.kafka_topics import KafkaTopics
from tests.support.process import eventually
from tests.support.webhooks import LOCAL, Receiver

STUCK = """
create function stuck() returns trigger language plpgsql as $$ begin raise exception 'stuck'; end $$;
create trigger stuck before update on outbox for each row when (new.state = 'delivered') execute function stuck();
"""
ALIVE, DESK = "/alive", "/desk"


@pytest.fixture
async def outside() -> AsyncIterator[Receiver]:
    """A dead-man outside, and the desk."""
    async with Receiver() as receiver:
        yield receiver


def watching(database: str, mosquitto: Mosquitto, folder: Path, outside: Receiver) -> Hub:
    settings = {"ENABLED": "true", "EVERY_S": "1", "LIMIT_S": "2", "URL": outside.url(ALIVE)}
    return Hub(
        database, mosquitto.port, folder, **{f"HUB_PATH_WATCH__{name}": value for name, value in settings.items()}
    )


def calls(outside: Receiver) -> int:
    return sum(got.path == ALIVE for got in outside.received)


async def alive(outside: Receiver, what: str) -> None:
    """Until the dead-man is called again, twice: the first may be of a round that was under way."""
    before = calls(outside)

    async def called() -> bool:
        return calls(outside) >= before + 2

    await eventually(called, what, 60)


async def state(hub: Hub) -> dict[str, Any]:
    return (await asyncio.to_thread(hub.api.get, "/api/v1/path")).json()  # type: ignore[no-any-return]


async def broken(hub: Hub, reached: str) -> None:
    async def met() -> bool:
        return bool((await state(hub))["reached"] == reached)

    await eventually(met, f"the path is broken behind {reached}", 60)


async def told(outside: Receiver, kind: str, where: str) -> None:
    """Until the desk got an alert of the hub's own about the path."""

    async def got() -> bool:
        events = [json.loads(each.body) for each in outside.received if each.path == DESK]
        return any(each["type"] == kind and each["data"]["target"] == f"path_broken:{where}" for each in events)

    await eventually(got, f"the desk is told: {kind} {where}", 60)


async def lasting(conn: psycopg.AsyncConnection) -> list[str]:
    """What the hub tells of its path."""
    told_ = "select target from alert where target like 'path_broken:%' and cleared_at is null order by target"
    return [target for (target,) in await (await conn.execute(told_)).fetchall()]


async def leaders(conn: psycopg.AsyncConnection) -> list[int]:
    """The backends of those who lead the rounds."""
    held = """select pid from pg_locks where locktype = 'advisory' and granted
              and (classid::bigint << 32) | objid::bigint = hashtextextended('ganzhi path watch', 0)"""
    return [pid for (pid,) in await (await conn.execute(held)).fetchall()]


async def another_is_complete(conn: psycopg.AsyncConnection) -> None:
    """Until a round that begins from now on is complete."""
    [now] = await (await conn.execute("select clock_timestamp()")).fetchone() or [None]

    async def complete() -> bool:
        newer = "select 1 from path_round where begun_at > %s and complete_at > begun_at"
        return await (await conn.execute(newer, [now])).fetchone() is not None

    await eventually(complete, "a round is complete", 30)


def sending(pool: Pool) -> Send:
    """The way of a round without a broker: it is decided and applied at once."""
    rule = RoundRule()

    async def send(payload: bytes) -> None:
        batch = Batch([])
        batch.of(RoundMessages).append(Raw(round_origin("http", "path"), payload, now_micros()))
        run_steps(rule, batch)
        async with pool.connection() as conn, conn.transaction():
            await apply(conn, [*raised(batch.of(Rounds))])

    return send


async def losing(payload: bytes) -> None:
    """The broker has it, and nobody takes it from there."""


async def refusing(payload: bytes) -> None:
    raise BrokerUnavailable("it is away")


async def test_the_dead_man_is_called_after_a_complete_round_and_after_no_other(
    database: str, outside: Receiver
) -> None:
    settings = Settings.model_validate(
        {
            "database": {"url": database},
            "outgoing": {"webhook": ["127.0.0.0/8"]},
            "path_watch": {"limit_s": 1.5, "url": outside.url(ALIVE)},
        }
    )
    async with open_pool(settings.database) as pool, pool.connection() as conn, open_calls(LOCAL) as calls_:
        await conn.set_autocommit(True)
        ways = sending(pool), refusing, losing
        whole, deaf, dead = (PathWatch(conn, send, calls_, settings) for send in ways)
        assert not await deaf.round()
        assert await lasting(conn) == ["path_broken:begun"]
        assert not await dead.round()
        assert await lasting(conn) == ["path_broken:published"]
        assert not await whole.round(), "nobody delivers"
        assert await lasting(conn) == ["path_broken:applied"]
        assert calls(outside) == 0
        worker = DeliveryWorker(pool, {"probe": Probe()}, Limits(poll_s=0.05))
        delivering = asyncio.create_task(worker.run(), name="delivery_worker")
        assert await whole.round()
        assert calls(outside) == 1
        assert await lasting(conn) == []
        [(reached, took_ms)] = await (await conn.execute("select reached, took_ms from path_round")).fetchall()
        assert reached is None
        assert took_ms < 1500
        worker.stop()
        await delivering


async def test_a_hub_that_never_had_a_broker_sends_rounds_through_the_queue(database: str) -> None:
    settings = Settings.model_validate({"database": {"url": database}, "path_watch": {"limit_s": 1.5}})
    assert settings.path_watch.through == "auto"
    async with open_pool(settings.database) as pool, pool.connection() as conn, open_calls(LOCAL) as calls_:
        await conn.set_autocommit(True)
        worker = DeliveryWorker(pool, {"probe": Probe()}, Limits(poll_s=0.05))
        delivering = asyncio.create_task(worker.run(), name="delivery_worker")
        without = PathWatch(conn, either(conn, refusing, sending(pool)), calls_, settings)
        assert await without.round()
        assert await lasting(conn) == []
        assert await PathWatch(conn, either(conn, sending(pool), refusing), calls_, settings).round(), "at a broker"
        assert not await without.round(), "there was a broker, and it is away"
        assert await lasting(conn) == ["path_broken:begun"]
        worker.stop()
        await delivering


async def test_posted_rounds_are_led_by_one_process_and_another_takes_over(database: str) -> None:
    given = {"every_s": 1, "limit_s": 5, "through": "queue"}
    settings = Settings.model_validate({"database": {"url": database}, "path_watch": given})
    async with open_pool(settings.database) as pool, pool.connection() as conn, asyncio.TaskGroup() as group:
        await conn.set_autocommit(True)
        others = asyncio.all_tasks()
        engine = Stages(settings, pool, Counters())
        async with engine.opened(group):
            worker = DeliveryWorker(pool, {"probe": Probe()}, Limits(poll_s=0.05))
            group.create_task(worker.run(), name="delivery_worker")
            rounds = watch_path(settings, engine)
            first = group.create_task(lead(database, "path watch", rounds), name="first")
            await another_is_complete(conn)
            leading = await leaders(conn)
            group.create_task(lead(database, "path watch", rounds), name="second")
            await another_is_complete(conn)
            assert await leaders(conn) == leading
            assert len(leading) == 1
            first.cancel()

            async def taken_over() -> bool:
                return await leaders(conn) not in ([], leading)

            await eventually(taken_over, "another one leads")
            await another_is_complete(conn)
            assert await lasting(conn) == []
            assert await (await conn.execute("select count(*) from reading")).fetchone() == (0,)
        for task in asyncio.all_tasks() - others:
            task.cancel()


@pytest.mark.heavy
async def test_rounds_are_complete_seen_by_nobody_and_a_broken_link_is_named_while_the_dead_man_stays_silent(
    database: str, mosquitto: Mosquitto, tmp_path: Path, outside: Receiver
) -> None:
    hub = watching(database, mosquitto, tmp_path, outside)
    await asyncio.to_thread(hub.start)
    try:
        await alive(outside, "rounds are complete")
        found = await state(hub)
        assert (found["watched"], found["dead_man"], found["broken_at"]) == (True, True, None)
        assert found["complete_at"] is not None
        get = hub.api.get
        assert get("/api/v1/alerts", params={"drill": True}).json()["items"] == []
        alerts = get("/api/v1/alerts").json()["items"]  # the first round may have come before it was ready
        assert [each for each in alerts if not each["target"].startswith("path_broken:")] == []
        assert get("/api/v1/consumers").json()["items"] == []
        assert get("/api/v1/devices").json()["items"] == get("/api/v1/dead-letters").json()["items"] == []
        assert get("/api/v1/drills").json()["items"] == []
        hub.api.put("/api/v1/consumers/desk", json={"url": outside.url(DESK)}).raise_for_status()

        mosquitto.kill()
        await broken(hub, "begun")
        await told(outside, "ganzhi.alert.raised", "begun")
        silent = calls(outside)
        await asyncio.sleep(4)
        assert calls(outside) == silent, "nothing gets through, so nobody says that it does"
        mosquitto.start()
        await alive(outside, "the broker is back")
        await told(outside, "ganzhi.alert.cleared", "begun")
        with psycopg.connect(database, autocommit=True) as conn:
            conn.execute(STUCK)
            await broken(hub, "applied")
            silent = calls(outside)

            async def red() -> bool:
                found = hub.api.get("/api/v1/alerts", params={"active": True}).json()["items"]
                return [(each["target"], each["level"]) for each in found] == [("path_broken:applied", "red")]

            await eventually(red, "it is an alert, though nobody can be told")
            await asyncio.sleep(3)
            assert calls(outside) == silent, "what is not noted as delivered is not"
            conn.execute("drop trigger stuck on outbox")
            await alive(outside, "deliveries are noted again")
            assert conn.execute("select count(*) from alert where drill_id is not null").fetchone() in [(0,), (1,)]
        assert [each for each in outside.received if b"path_round" in each.body] == [], "rounds are nobody's"
        hub.kill()
        silent = calls(outside)
        await asyncio.sleep(3)
        assert calls(outside) == silent
        await asyncio.to_thread(hub.start)
        await alive(outside, "the hub is back, and leads")
    finally:
        hub.close()


@pytest.mark.heavy
async def test_the_dead_man_stays_silent_while_the_database_is_away(
    own_cluster: Cluster, mosquitto: Mosquitto, tmp_path: Path, outside: Receiver
) -> None:
    own_cluster.start()
    url = own_cluster.url
    await migrate(url)
    hub = watching(url, mosquitto, tmp_path, outside)
    await asyncio.to_thread(hub.start)
    try:
        await alive(outside, "rounds are complete")
        own_cluster.kill()
        silent = calls(outside)
        await asyncio.sleep(5)
        assert calls(outside) <= silent + 1, "one may have been under way"
        own_cluster.start()
        await alive(outside, "the database is back")
    finally:
        hub.close()


@pytest.mark.heavy
async def test_rounds_go_over_the_bus_and_another_process_leads_them_when_theirs_is_killed(
    database: str, mosquitto: Mosquitto, kafka: KafkaTopics, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"PATH_WATCH__ENABLED": "true", "PATH_WATCH__EVERY_S": "1", "PATH_WATCH__LIMIT_S": "5"}
    for name, value in {**given, "MQTT__PORT": str(mosquitto.port)}.items():
        monkeypatch.setenv(f"HUB_{name}", value)
    with ExitStack() as stack:
        made = open_bus(database, mosquitto.port, kafka, tmp_path, workers=1)
        bus = await asyncio.to_thread(stack.enter_context, made)
        await asyncio.to_thread(bus.start)
        async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
            await another_is_complete(conn)
            bus.workers[0].kill()
            await broken(bus.first, "published")
            bus.workers[0].start()
            await another_is_complete(conn)
            assert (await state(bus.first))["broken_at"] is None
            other_folder = tmp_path / "other"
            other_folder.mkdir()
            other = Hub(database, 0, other_folder, "--roles", "api", **kafka.env)
            stack.callback(other.close)
            await asyncio.to_thread(other.start)
            [leader] = await leaders(conn)
            bus.first.kill()
            await another_is_complete(conn)
            assert await leaders(conn) not in ([], [leader])
