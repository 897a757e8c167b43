"""The path of alerts watches itself: a hub with a real broker, whose links are broken one by one."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from api.push.http_call import open_calls
from api.push.outbox import DeliveryWorker, Limits
from api.push.probe import Probe
from app.serve.path_watch import PathWatch, Send
from hub.alerts.apply import apply
from hub.alerts.path import Rounds, raised
from hub.errors import BrokerUnavailable
from hub.models import now_micros
from hub.settings import Settings
from hub.store.migrate import migrate
from hub.store.pool import Pool, open_pool
from tests.support.broker import Mosquitto
from tests.support.cluster import Cluster
from tests.support.hub import Hub
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


def sending(pool: Pool) -> Send:
    """The way of a round without a broker: it is applied at once."""

    async def send(payload: bytes) -> None:
        async with pool.connection() as conn, conn.transaction():
            await apply(conn, [*raised(Rounds({UUID(payload.decode()): now_micros()}))])

    return send


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
        whole, deaf = (PathWatch(conn, send, calls_, settings) for send in (sending(pool), refusing))
        assert not await deaf.round()
        assert not await whole.round(), "nobody delivers"
        found = await (
            await conn.execute("select target from alert where cleared_at is null order by target")
        ).fetchall()
        assert [target for (target,) in found if "broken" in target] == ["path_broken:applied"]
        assert calls(outside) == 0
        worker = DeliveryWorker(pool, {"probe": Probe()}, Limits(poll_s=0.05))
        delivering = asyncio.create_task(worker.run(), name="delivery_worker")
        assert await whole.round()
        assert calls(outside) == 1
        found = await (await conn.execute("select 1 from alert where cleared_at is null and level = 4")).fetchall()
        assert found == []
        [(reached, took_ms)] = await (await conn.execute("select reached, took_ms from path_round")).fetchall()
        assert reached is None
        assert took_ms < 1500
        worker.stop()
        await delivering


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
