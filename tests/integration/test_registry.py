import asyncio
from collections.abc import AsyncIterator

import numpy as np
import psycopg
import pytest

from devices.registry.registry import Registry
from hub.settings import Database
from hub.store.pool import Pool, open_pool
from tests.support.batches import fetch

METRICS = '{"a": {"min": 0, "max": 9}, "b": {}, "c": {"min": -1}}'


@pytest.fixture
async def pool(database: str) -> AsyncIterator[Pool]:
    async with open_pool(Database(url=database)) as opened:
        yield opened


def change(url: str, *statements: str) -> None:
    with psycopg.connect(url, autocommit=True) as conn:
        for statement in statements:
            conn.execute(statement.encode())


def register(url: str, devices: int) -> None:
    change(
        url,
        f"insert into profile (code, name, metrics) values ('p', 'P', '{METRICS}'), ('q', 'Q', '{{\"b\": {{}}}}')",
        f"insert into device (code, name, profile_id) select 'd' || n, 'x', 1 from generate_series(1, {devices}) n",
    )


def facts(registry: Registry) -> dict[str, tuple[object, ...]]:
    """What the ingest path knows of each device, and of each of its series."""
    return {
        code: (
            device.id, device.gateway, str(device.zone), device.active, device.profile.max_future,
            [(m, s, registry.low[s], registry.high[s], int(registry.device_of[s])) for m, s in device.series.items()],
        )
        for code, device in sorted(registry.devices.items())
    }  # fmt: skip


async def test_what_was_taken_over_bit_by_bit_is_what_is_there(database: str, pool: Pool) -> None:
    registry = Registry()
    assert await registry.refresh(pool) == 0
    register(database, 500)
    assert await registry.refresh(pool) == 500
    device = registry.devices["d7"]
    assert {*device.series} == {"a", "b", "c"}
    assert registry.device(device.id) is device
    assert (registry.low[device.series["a"]], registry.high[device.series["c"]]) == (0, np.inf)
    assert len({id(each.layout) for each in registry.devices.values()}) < 10, "devices made alike share a layout"
    for statements in (
        ["update device set state = 'suspended', zone = 'UTC' where id = 3"],
        ["update device set parent_id = 5 where id in (8, 9)", "update device set profile_id = 2 where id = 4"],
        [
            'update profile set metrics = \'{"a": {"max": 5}, "z": {"min": 3}}\', max_future_s = 7 where code = \'p\'',
            "insert into device (code, name, profile_id, parent_id) values ('late', 'x', 2, 9)",
        ],
        ["update profile set unknown_metrics = 'add', max_metrics = 5 where code = 'q'"],
    ):
        change(database, *statements)
        await registry.refresh(pool)
        fresh = Registry()
        await fresh.refresh(pool)
        assert facts(registry) == facts(fresh)
    assert registry.devices["d8"].gateway == "d5"
    assert not registry.devices["d3"].active
    assert {*registry.devices["d4"].series} == {"a", "b", "c"}, "with add every series that it has is taken"
    assert {*registry.devices["d1"].series} == {"a", "z"}


async def test_many_who_add_metrics_at_once_keep_the_limit(database: str, pool: Pool) -> None:
    register(database, 3)
    change(database, "update profile set unknown_metrics = 'add', max_metrics = 10 where code = 'p'")
    workers = [Registry() for _ in range(4)]
    for worker in workers:
        await worker.refresh(pool)
    wanted = [
        {device: [f"w{number}-{metric}" for metric in range(4)] for device in (3, 1, 2)}
        for number in range(len(workers))
    ]
    await asyncio.gather(*(worker.widen(pool, one) for worker, one in zip(workers, wanted, strict=True)))
    assert fetch(database, "select count(*) from series group by device_id") == [(10,)] * 3
    for worker in workers:
        await worker.refresh(pool)
    assert facts(workers[0]) == facts(workers[3])
    change(database, "update profile set unknown_metrics = 'refuse'")
    await workers[0].widen(pool, {1: ["new"]})
    assert fetch(database, "select count(*) from series where metric = 'new'") == [(0,)]


async def test_a_change_draws_no_ids_for_series_that_are_there(database: str) -> None:
    register(database, 50)
    change(database, *["update device set name = 'y'", "update profile set name = 'Y'"] * 5)
    change(database, "insert into device (code, name, profile_id) values ('next', 'x', 2)")
    assert fetch(database, "select max(id) from series") == [(151,)]
