"""A commit that is interrupted anywhere and repeated until it is answered happened exactly once."""

import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from hub.errors import StoreUnavailable
from hub.models import Batch
from hub.settings import Database
from hub.store.listen import listen
from hub.store.pool import open_pool
from tests.support.batches import count, everything, fetch, register, rows_of
from tests.support.process import Process, eventually
from tests.support.proxy import losing_proxy
from tests.support.writers import Committer

ROWS = 500


async def _until_done(writer: Committer, batch: Batch) -> int:
    """Commit as the pipeline does; returns how often the store was away."""
    for attempt in range(100):
        try:
            await writer.commit(batch)
        except StoreUnavailable:
            await asyncio.sleep(0.01)
        else:
            return attempt
    raise AssertionError("never committed")


def _check_once(url: str, batches: int) -> None:
    stored = rows_of(url)
    assert len(stored) == len({row[:2] for row in stored}) == batches * ROWS
    tables = ("event", "dead_letter", "alert", "arrival", "alert_change", "outbox")
    assert [count(url, table) for table in tables] == [batches] * 4 + [2 * batches] * 2


@pytest.mark.parametrize("word", [b"COMMIT", b"copy reading", b"PGCOPY"])
async def test_answer_that_is_lost(store_url: str, word: bytes) -> None:
    register(store_url)
    async with losing_proxy(int(conninfo_to_dict(store_url)["port"] or 5432)) as proxy:
        url = make_conninfo(store_url, host="127.0.0.1", port=proxy.port, sslmode="disable", gssencmode="disable")
        async with open_pool(Database(url=url)) as pool:
            writer = Committer(pool)
            for number in range(6):
                batch = everything(number, ROWS)
                if number % 2:
                    proxy.lose_after(word)
                    assert await _until_done(writer, batch) == 1
                else:
                    assert await _until_done(writer, batch) == 0
                await _until_done(writer, everything(number, ROWS))  # delivered again, since nothing was settled
    assert proxy.lost == 3
    _check_once(store_url, 6)


async def test_sessions_that_are_killed_at_random_moments(store_url: str) -> None:
    register(store_url)
    picks = random.Random(11)
    query = (
        "select count(pg_terminate_backend(pid)) from pg_stat_activity "
        "where application_name = 'ganzhi' and datname = current_database() and state <> 'idle'"
    )
    killed = spared = 0

    async def kill(done: Callable[[], bool]) -> None:
        nonlocal killed
        async with await psycopg.AsyncConnection.connect(store_url, autocommit=True) as conn:
            while not done():
                await asyncio.sleep(picks.uniform(0, 0.03))
                if killed < spared:
                    row = await (await conn.execute(query)).fetchone()
                    assert row is not None
                    killed += row[0]

    async with open_pool(Database(url=store_url)) as pool:
        writer = Committer(pool)
        interrupted = number = 0
        killer = asyncio.create_task(kill(lambda: interrupted >= 12), name="killer")
        while interrupted < 12:
            spared = killed + 3  # or a commit that takes longer than the killer sleeps would never be done
            interrupted += await _until_done(writer, everything(number, ROWS))
            number += 1
        await killer
    assert killed >= 12
    _check_once(store_url, number)


async def test_store_that_is_away_is_unavailable_and_comes_back(store_url: str) -> None:
    register(store_url)
    async with losing_proxy(1) as proxy:  # nobody listens on port 1: as if the server were down
        url = make_conninfo(store_url, host="127.0.0.1", port=proxy.port, connect_timeout=2)
        async with open_pool(Database(url=url)) as pool:
            pool.timeout = 0.5
            writer = Committer(pool)
            with pytest.raises(StoreUnavailable):
                await writer.commit(everything(0, ROWS))
            proxy.target = int(conninfo_to_dict(store_url)["port"] or 5432)
            pool.timeout = 10
            await _until_done(writer, everything(0, ROWS))
    _check_once(store_url, 1)


async def test_processes_that_migrate_at_once(empty_url: str, store_mode: str, tmp_path: Path) -> None:
    code = "import asyncio, sys; from hub.store.migrate import migrate; print(asyncio.run(migrate(*sys.argv[1:])))"
    command = [sys.executable, "-c", code, empty_url, store_mode]
    racers = [Process(command, tmp_path / f"{number}.log").start() for number in range(3)]
    assert [racer.wait(60) for racer in racers] == [0, 0, 0], "\n".join(racer.text() for racer in racers)
    assert [racer.text().strip() for racer in racers] == [store_mode] * 3
    versions = [version for (version,) in fetch(empty_url, "select version from schema_migration order by 1")]
    assert versions == list(range(1, len(versions) + 1))
    register(empty_url)
    async with open_pool(Database(url=empty_url)) as pool:
        await Committer(pool).commit(everything(0, ROWS))
    _check_once(empty_url, 1)


async def test_listener_hears_the_registry_also_after_its_session_was_killed(store_url: str) -> None:
    heard: list[tuple[str, str]] = []
    task = asyncio.create_task(
        listen(store_url, ["ganzhi_registry", "ganzhi_alert"], lambda *what: heard.append(what)), name="listener"
    )

    async def hears(*what: str) -> None:
        async def heard_it() -> bool:
            assert not task.done()
            return what in heard

        await eventually(heard_it, f"{what} heard")

    await hears("ganzhi_registry", "")
    await hears("ganzhi_alert", "")
    register(store_url)
    for table in ("profile", "device", "series", "rule"):
        await hears("ganzhi_registry", table)
    heard.clear()
    fetch(store_url, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'ganzhi'")
    await hears("ganzhi_registry", "")
    async with open_pool(Database(url=store_url)) as pool:
        await Committer(pool).commit(everything(0, ROWS))
    await hears("ganzhi_alert", "")
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
