"""ingest/sip/bindings.py: who waits for the store is always answered, and one that it refuses stops nobody else."""

import asyncio
from typing import Any

from hub.errors import StoreRefused
from hub.store.pool import Pool
from ingest.sip.bindings import Binding, Bindings


class Table(Bindings):
    """Writes to a list; refuses who has a NUL, with all that are written with it."""

    def __init__(self, hangs: bool = False) -> None:
        super().__init__(Pool.__new__(Pool))
        self.hangs, self.stored = hangs, list[str]()

    async def _insert(self, columns: dict[str, Any]) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if any("\0" in agent for agent in columns["agent"]):
            raise StoreRefused("a NUL")
        self.stored += columns["id"]


def binding(id_: str, agent: str = "") -> Binding:
    return Binding(id_, "udp", "192.0.2.1", 5060, 2e9, agent=agent)


async def test_who_waits_is_answered_when_the_hub_stops() -> None:
    table = Table(hangs=True)
    running = asyncio.create_task(table.run())
    waiting = [asyncio.create_task(table.put(binding("1")))]
    await asyncio.sleep(0.01)
    waiting.append(asyncio.create_task(table.put(binding("2"))))
    await asyncio.sleep(0)
    running.cancel()
    async with asyncio.timeout(1):
        assert await asyncio.gather(*waiting) == [False, False]
        assert await table.put(binding("3")) is False


async def test_one_that_the_store_refuses_stops_nobody_else() -> None:
    table = Table()
    running = asyncio.create_task(table.run())
    async with asyncio.timeout(1):
        done = await asyncio.gather(*(table.put(each) for each in (binding("1"), binding("2", "a\0"), binding("3"))))
    running.cancel()
    assert (done, table.stored, len(table)) == ([True, False, True], ["1", "3"], 2)
