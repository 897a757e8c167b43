"""Connections of a real store, shared by tasks that come and go."""

import asyncio

import pytest

from hub.settings import Database
from hub.store.pool import Pool, connect, open_pool

SIZE = 4


async def _work(pool: Pool) -> None:
    async with pool.connection():
        await asyncio.sleep(20)


async def test_a_task_that_is_cancelled_while_it_gets_its_connection_ends(database: str) -> None:
    async with open_pool(Database(url=database, pool_size=SIZE)) as pool:
        for turns in range(10):  # of the event loop, between the connection's return and the cancellation
            held = [await pool.getconn() for _ in range(SIZE)]
            waiting = asyncio.create_task(_work(pool))
            await asyncio.sleep(0.01)
            returned = asyncio.create_task(pool.putconn(held.pop()))
            for _ in range(turns):
                await asyncio.sleep(0)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                async with asyncio.timeout(10):
                    await waiting
            await returned
            for one in held:
                await pool.putconn(one)
            again = [await pool.getconn() for _ in range(SIZE)]  # none was lost
            for one in again:
                await pool.putconn(one)


async def test_a_connection_that_the_server_has_ended_is_not_lent_though_it_was_in_use_just_now(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hub.store.pool.FRESH_S", 3600)
    async with open_pool(Database(url=database, pool_size=SIZE)) as pool, await connect(database) as other:
        await pool.wait()  # or it makes a second one at once
        async with pool.connection() as conn:
            used, backend = conn, conn.info.backend_pid
        await other.execute("select pg_terminate_backend(%s, 10000)", [backend])
        async with pool.connection() as conn:
            await conn.execute("select 1")
        assert conn is not used
