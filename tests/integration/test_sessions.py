"""Sessions of stations in the store: one number at two processes."""

import time

import psycopg

from devices.commands.downlink import Addressee, Command
from devices.commands.sessions import Sessions
from hub.settings import Database
from hub.store.pool import open_pool

SETUP = """
insert into profile (code, name) values ('p', 'P');
insert into device (code, name, profile_id) select 's' || n, 'S', 1 from generate_series(1, 2) n"""


async def _nowhere(_device: Addressee, _command: Command) -> None:
    raise AssertionError("nothing is sent")


async def test_a_number_that_sends_through_two_processes_is_told_once_in_a_while(database: str) -> None:
    with psycopg.connect(database) as conn:
        conn.execute(SETUP.encode())
    async with open_pool(Database(url=database)) as pool:
        here, there = Sessions(pool, "here"), Sessions(pool, "there")
        for device in (1, 2):
            await here.open(device, "hj212", _nowhere, f"10.0.0.{device}:1")
        now = time.time_ns() // 1000
        assert await here.heard({1: now, 2: now}) == []
        await there.open(1, "hj212", _nowhere, "10.0.0.9:9")
        assert await here.heard({1: now, 2: now}) == [], "it has moved, and sent nothing here since"
        later = time.time_ns() // 1000 + 6_000_000
        assert await there.heard({1: later}) == [], "the newest one is where it is"
        assert await here.heard({1: later, 2: later}) == [(1, "10.0.0.9:9", "10.0.0.1:1")]
        assert await here.heard({1: later}) == [], "told once"
        async with pool.connection() as conn:
            found = await (await conn.execute("select twin_peers from session where twin_at is not null")).fetchall()
            assert found == [(["10.0.0.9:9", "10.0.0.1:1"],)]
            await conn.execute("update session set twin_at = twin_at - interval '11 minutes'")
        assert len(await here.heard({1: later})) == 1, "and again while it lasts"
        await here.open(1, "hj212", _nowhere, "10.0.0.1:2")
        assert await here.heard({1: later + 60_000_000}) == [], "it came back here"
