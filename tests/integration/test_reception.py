"""How far a worker on the bus has come, by what the edges say of themselves in a real store."""

from dataclasses import dataclass
from typing import cast

import pytest

from analytics.rules.slots import LONG_AGO
from app.serve.reception import BusReception
from hub.settings import Database
from hub.store.pool import open_pool
from ingest.kafka.source import KafkaSource

EDGE = """
insert into listening (source, ears, since, at) values ('edge', true, now() - interval '1 h', now())
"""


@dataclass
class Read:
    """A Kafka source whose partition is read to its end."""

    bus_unused: bool
    assignment: frozenset[str] = frozenset({"p"})

    async def read_up(self) -> bool:
        return True


@pytest.mark.parametrize("bus_unused", [False, True], ids=["after edges", "third parties only"])
async def test_without_an_edge_nothing_is_received_unless_there_never_was_one(database: str, bus_unused: bool) -> None:
    async with open_pool(Database(url=database)) as pool:
        reception = BusReception(pool, cast(KafkaSource, Read(bus_unused)))
        await reception._look()
        assert reception.since() == (LONG_AGO if bus_unused else None)
        async with pool.connection() as conn:
            await conn.execute(EDGE)
        await reception._look()
        assert LONG_AGO < (reception.since() or LONG_AGO) < reception.until()
