"""One command at a time to a station."""

import asyncio
from contextlib import suppress

import pytest

from ingest.session.orders import OrderRefused
from ingest.session.turns import MOST, Turns


async def test_a_station_has_one_at_a_time_and_others_do_not_wait_for_it() -> None:
    turns, order = Turns(), list[str]()

    async def one(name: str) -> None:
        await turns.take("a")
        order.append(name)

    await turns.take("a")
    waiting = [asyncio.create_task(one(name)) for name in ("first", "second")]
    await turns.take("b")
    assert order == []
    waiting[0].cancel()
    with suppress(asyncio.CancelledError):
        await waiting[0]
    turns.release("a")
    await waiting[1]
    assert order == ["second"]
    turns.release("a")
    await turns.take("a")


async def test_few_wait() -> None:
    turns = Turns()
    await turns.take("a")
    waiting = [asyncio.create_task(turns.take("a")) for _ in range(MOST)]
    await asyncio.sleep(0)
    with pytest.raises(OrderRefused):
        await turns.take("a")
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    turns.release("a")
