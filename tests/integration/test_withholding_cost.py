"""What is withheld costs nobody: a batch looks at what it is about, and the end of a window is told in parts."""

from collections.abc import AsyncIterator
from typing import Any

import numpy as np
import pytest

from analytics.rules.withholding import MOST
from hub.models import Batch, Columns
from hub.settings import Database
from hub.store.pool import open_pool
from tests.support.origins import raw_of
from tests.support.rule_city import NOW, SEED, City, S

GAUGES = 2 * MOST + 50


def batch(series: list[int], at: int, value: float) -> Batch:
    """A reading of each of these series, so many seconds from NOW."""
    n, ts = len(series), NOW + at * S
    columns = Columns(np.full(n, ts), np.array(series, np.int32), np.full(n, value), np.zeros(n, np.int16))
    return Batch([raw_of("test", "here", b"", ts)], columns)


@pytest.fixture
async def gauges(database: str) -> AsyncIterator[tuple[City, list[int]]]:
    """A city with many gauges, on all of which somebody works for the next minute, at a level that is withheld."""
    async with open_pool(Database(url=database)) as pool:
        city = City(pool)
        await city.run(SEED)
        await city.run(
            """insert into device (code, name, profile_id, region)
               select 'g-' || n, 'G', p.id, '330106001002' from profile p, generate_series(1, %s) n
               where p.code = 'gauge'""",
            GAUGES,
        )
        await city.run(
            """insert into maintenance (region, from_at, to_at, note)
               values ('33', to_timestamp(%s), to_timestamp(%s), 'x')""",
            NOW // S - 60, NOW // S + 60,
        )  # fmt: skip
        rows = await city.run(
            "select s.id from series s join device d on d.id = s.device_id where d.region is not null"
        )
        series = [id_ for (id_,) in rows]
        await city.load()
        await city.take(batch(series, 1, 4.0))
        assert await city.told() == []
        yield city, series


async def test_the_end_of_a_window_is_told_in_parts_each_once(gauges: tuple[City, list[int]]) -> None:
    city, _ = gauges
    now, parts = NOW + 61 * S, list[int]()
    while (due := city.book.due(now)) is not None and due <= now:
        part = Batch([], now=now)
        await city.take(part)
        parts.append(len(part.changes))
    assert parts == [MOST, MOST, 50]
    assert len(await city.told()) == len(set(await city.told())) == GAUGES
    assert await city.run("select count(*) from rule_withheld") == [(0,)]


async def test_those_that_are_to_be_told_later_are_told_by_their_readings_and_after_a_restart(
    gauges: tuple[City, list[int]],
) -> None:
    city, _ = gauges
    await city.take(Batch([], now=NOW + 61 * S))
    told = {target for target, *_ in await city.told()}
    assert len(told) == MOST
    named = await city.run("select s.id, d.code || '/level' from series s join device d on d.id = s.device_id")
    later, gauge = next(each for each in named if each[1].startswith("g-") and each[1] not in told)
    await city.take(batch([later], 62, 1.0))
    assert [kind for target, kind, _ in await city.told() if target == gauge] == ["raised", "cleared"]
    await city.restart()
    await city.at(63)
    assert len([kind for _, kind, _ in await city.told() if kind == "raised"]) == GAUGES


async def test_a_batch_and_a_changed_device_look_at_nothing_else(
    gauges: tuple[City, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    city, series = gauges
    windows, slots = city.book._withholding.windows, city.book._set.slots
    looked, opens, find = list[int](), windows.opens, slots.find

    def asked(*given: Any) -> int:
        looked.append(1)
        return opens(*given)

    def found(rule: Any, some: Any) -> Any:
        looked.append(len(some))
        return find(rule, some)

    monkeypatch.setattr(windows, "opens", asked)
    monkeypatch.setattr(slots, "find", found)
    await city.take(batch(series[:1], 2, 4.1))
    await city.run("update device set name = 'x' where code = 'g-1'")
    await city.refresh()
    await city.take(batch(series[1:2], 3, 4.1), batch(series[1:2], 4, 6.0))
    city.book.due(NOW + 5 * S)
    assert 0 < sum(looked) < 30
