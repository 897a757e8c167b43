"""Senders that become known: their letters go through the hub together, and each waits until all of its are through."""

from collections.abc import AsyncIterator

import psycopg
import pytest

from devices.addressing import PUSHED
from hub.models import Batch, DeadLetter, Delivery, Outcome
from hub.settings import Database
from hub.store.dead_letter_stage import REPLAY
from hub.store.pool import Pool, open_pool
from hub.store.replay import Replay
from ingest.carriers import adoption
from tests.support.batches import fetch, letter
from tests.support.origins import ORIGINS
from tests.support.writers import Committer

SENDERS = 40
SETUP = f"""
insert into profile (code, name) values ('smoke', 'Smoke');
insert into push_subscription (code, platform, name, secret)
select code, 'ctwing', code, 'x' from unnest('{{fire,far}}'::text[]) code;
insert into device (code, name, profile_id) select 'd' || n, 'D', 1 from generate_series(1, {SENDERS}) n;
insert into device_address (scheme, address, device_id) select 'ctwing', 's' || substr(code, 2), id from device;
insert into push_sender (subscription, address, first_at, heard_at, waits)
select 'fire', address, now(), now(), true from device_address;
insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
select gen_random_uuid(), now() - n * interval '1 s', '{PUSHED}', 'fire/ctwing', address, 'unknown_device', '-', 'x', 1
from device_address, generate_series(1, 3) n;
insert into dead_letter (id, received_at, transport, address, device, reason, detail, payload, payload_size)
select gen_random_uuid(), now() - interval '1 s', '{PUSHED}', 'far/ctwing', 's1', 'unknown_device', '-', 'x', 1;
"""
WAITING = "select address from push_sender where waits order by 1"


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        async with opened.connection() as conn:
            await conn.execute(SETUP.encode())
        yield opened


async def test_the_letters_of_many_senders_go_together(
    pool: Pool, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A sender a commit was 50 ms each: 3,000 of them took minutes."""
    monkeypatch.setattr(adoption, "AT_ONCE", 30)
    sizes: list[int] = []

    async def accept(delivery: Delivery) -> None:
        sizes.append(len(delivery.raws))
        await Committer(pool).commit(Batch(list(delivery.raws)))
        await delivery.settle(Outcome())

    work = adoption.adopt(Replay(pool, accept, ORIGINS.of_letter))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        assert await work(conn) == 0, "others wait: no pause"
        assert len(fetch(database, WAITING)) == SENDERS - 30
        assert await work(conn) == adoption.EVERY_S
    assert sizes == [90, 30]
    assert fetch(database, WAITING) == []
    assert fetch(database, "select address from dead_letter") == [("far/ctwing",)], "another's of that address stays"


async def test_who_is_not_known_yet_waits_on(pool: Pool, database: str) -> None:
    """s2 is refused again, s3 says more to a process that does not know it yet."""

    async def refuse(delivery: Delivery) -> None:
        devices = dict(fetch(database, "select id::text, device from dead_letter"))
        names = [devices[str(raw.source).removeprefix(REPLAY)] for raw in delivery.raws]
        refused = {
            place: DeadLetter(letter("another id", b"").id, raw, "unknown_device", "-", name)
            for place, (raw, name) in enumerate(zip(delivery.raws, names, strict=True))
            if name == "s2"
        }
        await Committer(pool).commit(Batch(list(delivery.raws), refused=refused))
        async with pool.connection() as conn:
            await conn.execute(
                """insert into dead_letter
                   (id, received_at, transport, address, device, reason, detail, payload, payload_size)
                   values (gen_random_uuid(), clock_timestamp(), %s, 'fire/x', 's3', 'unknown_device', '', 'x', 1)""",
                (PUSHED,),
            )
        await delivery.settle(Outcome(refused))

    work = adoption.adopt(Replay(pool, refuse, ORIGINS.of_letter))
    async with await psycopg.AsyncConnection.connect(database, autocommit=True) as conn:
        assert await work(conn) == adoption.EVERY_S
    assert fetch(database, WAITING) == [("s2",), ("s3",)]
