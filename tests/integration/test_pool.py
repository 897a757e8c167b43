"""Connections of a real store, shared by tasks that come and go."""

import asyncio

import pytest

from hub.settings import Database
from hub.store.pool import Pool, open_pool

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
