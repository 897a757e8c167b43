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
    """What is known of each device, and of each of its series."""
    return {
        code: (
            device.id, device.gateway, str(device.zone), device.active, device.profile.max_future,
            device.name, device.state, device.organisation, device.region,
            str((registry.lon[device.id], registry.lat[device.id])),
            [
                (m, s, registry.low[s], registry.high[s], int(registry.device_of[s]),
                 registry.quantities[registry.quantity_of[s]] if registry.quantity_of[s] >= 0 else None)
                for m, s in device.series.items()
            ],
            registry.series_of_devices(np.array([device.id])).tolist(),
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
        [
            "insert into organisation values ('o', 'O')",
            "update device set organisation = 'o', region = '330106000000', lon = 120.1, lat = 30.2 where id = 7",
            "update device set name = E'two\\nlines', state = 'retired' where id = 6",
        ],
        ["update device set code = 'renamed' where id = 5"],
    ):
        change(database, *statements)
        await registry.refresh(pool)
        fresh = Registry()
        await fresh.refresh(pool)
        assert facts(registry) == facts(fresh)
    assert registry.devices["d8"].gateway == "renamed"
    assert "d5" not in registry.devices
    assert (registry.devices["d6"].name, registry.devices["d6"].state) == ("two lines", "retired")
    assert not registry.devices["d3"].active
    assert {*registry.devices["d4"].series} == {"a", "b", "c"}, "with add every series that it has is taken"
    assert {*registry.devices["d1"].series} == {"a", "z"}


async def test_a_transaction_that_began_before_and_commits_after_is_neither_missed_nor_read_around(
    database: str, pool: Pool
) -> None:
    """Its id is older than those of all that was read meanwhile."""
    register(database, 500)
    with psycopg.connect(database) as before, psycopg.connect(database) as between:
        before.execute("update device set zone = 'UTC' where id = 1")
        registry = Registry()
        assert await registry.refresh(pool) == 500
        between.execute("insert into series (device_id, metric) values (2, 'late')")
        change(database, "update device set zone = 'UTC' where id > 400")
        assert await registry.refresh(pool) == 100
        assert await registry.refresh(pool) == 0, "what was read is not read again while an older transaction is open"
        before.commit()
        assert await registry.refresh(pool) == 1
        assert str(registry.devices["d1"].zone) == "UTC"
        between.execute("update profile set unknown_metrics = 'add', max_metrics = 9 where code = 'q'")
        between.commit()
    assert await registry.refresh(pool) == 1, "the one with a new series; no device has the other profile"
    assert await registry.refresh(pool) == 0


async def test_revisions_of_a_server_that_counted_further_are_not_news_for_ever(database: str, pool: Pool) -> None:
    """As a dump brings them into a new server."""
    register(database, 20)
    change(
        database,
        "alter table device disable trigger stamp",
        "update device set revision = '9000000000'",
        "alter table device enable trigger stamp",
    )
    registry = Registry()
    assert [await registry.refresh(pool) for _ in range(2)] == [20, 0]
    change(database, "update device set name = 'y' where id = 3")
    assert [await registry.refresh(pool) for _ in range(2)] == [1, 0]
    assert registry.devices["d3"].name == "y"


async def test_a_reader_is_told_which_devices_changed_since_it_last_looked(database: str, pool: Pool) -> None:
    registry = Registry()

    def told(generation: int) -> list[int]:
        changed = registry.changed_since(generation)
        assert changed is not None
        return [int(id_) for id_ in changed]

    await registry.refresh(pool)
    register(database, 30)
    before = registry.generation
    await registry.refresh(pool)
    everything = registry.generation
    assert told(before) == list(range(1, 31))
    await registry.refresh(pool)
    assert registry.generation == everything, "nothing changed"
    for id_ in (9, 4, 9):
        change(database, f"update device set name = name || '!' where id = {id_}")
        await registry.refresh(pool)
    assert told(everything) == [4, 9]
    assert told(registry.generation) == []


async def test_the_series_of_a_quantity_follow_profiles(database: str, pool: Pool) -> None:
    register(database, 3)
    registry = Registry()
    await registry.refresh(pool)

    def watched() -> dict[tuple[int, str], list[int]]:
        wanted = [(1, "a"), (1, "b"), (2, "b"), (2, "a"), (3, "x")]
        return {quantity: ids.tolist() for quantity, ids in registry.series_of_quantities(wanted).items()}

    of = {code: device.series for code, device in registry.devices.items()}
    assert watched() == {(1, m): sorted(of[d][m] for d in ("d1", "d2", "d3")) for m in ("a", "b")}
    change(database, "update device set profile_id = 2 where id = 2")
    await registry.refresh(pool)
    assert watched() == {
        (1, "a"): sorted([of["d1"]["a"], of["d3"]["a"]]),
        (1, "b"): sorted([of["d1"]["b"], of["d3"]["b"]]),
        (2, "b"): [of["d2"]["b"]],
    }, "its series a is not taken any more"
    change(database, "update device set state = 'suspended' where id = 3")
    await registry.refresh(pool)
    assert watched() == {(1, "a"): [of["d1"]["a"]], (1, "b"): [of["d1"]["b"]], (2, "b"): [of["d2"]["b"]]}
    assert registry.series_of_devices(np.array([2])).tolist() == sorted(of["d2"].values())


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
