"""A clock that is off is found by asking a database whose clock says something else, and told once."""

import asyncio
import logging
import socket
import time

import psycopg
import pytest

from app.check.clock import check_clock
from app.serve.clock import Clock
from hub.settings import Database, Settings
from hub.store.clock import Offset, offset, synchronised
from hub.store.pool import connect, open_pool
from hub.telemetry import Counters
from tests.support.served_api import api_context, client_of

OTHER = """
create schema elsewhere;
create function elsewhere.clock_timestamp() returns timestamptz language sql as
    $$ select pg_catalog.clock_timestamp() + interval '%s seconds' $$;
do $$ begin
    execute format('alter database %%I set search_path = elsewhere, pg_catalog, public', current_database());
end $$
"""


def ahead(url: str, seconds: float) -> None:
    """Let the database's clock be ahead, for those that connect from now on."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("drop schema if exists elsewhere cascade")
        conn.execute((OTHER % seconds).encode())


def test_what_counts_as_off() -> None:
    assert Offset(1.2, 0.1).warning is not None
    assert Offset(1.2, 0.3).warning is None, "it may be right: the answer took too long"
    assert "behind" in (Offset(-3.0, 0.0).warning or "")
    assert "ahead of" in (Offset(3.0, 0.0).warning or "")


async def test_a_clock_that_is_off_is_told_once_and_its_return_too(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    ahead(database, 5)
    counters, settings = Counters(), Settings(database=Database(url=database))
    async with open_pool(Database(url=database)) as pool:
        clock = Clock(pool, counters)
        for _ in range(3):
            await clock.look()
        assert counters.clock_offset_s == pytest.approx(-5, abs=0.9)
        [told] = [each for each in caplog.records if each.name == "app.serve.clock"]
        assert "5.0 s behind the database's" in told.getMessage()
        [finding] = [
            each for each in await check_clock(Settings(database=Database(url=database))) if "beh" in each.what
        ]
        assert finding.level == "fail"
    ahead(database, 0)
    async with open_pool(Database(url=database)) as pool, await connect(database) as conn:
        await Clock(pool, counters).look()
        assert counters.clock_warning is None
        assert "right again" in caplog.text
        assert abs((await offset(conn)).seconds) < 0.9
        assert any(each.level == "ok" for each in await check_clock(settings))


async def test_the_status_and_the_metrics_tell_it(database: str) -> None:
    async with api_context(database) as context, client_of(context) as client:
        assert (await client.get("/status")).json()["warnings"] == []
    async with api_context(database) as context, client_of(context) as client:
        context.counters.clock_offset_s, context.counters.clock_warning = -5.0, "the clock is off"
        assert (await client.get("/status")).json()["warnings"] == ["the clock is off"]
        assert "ganzhi_clock_offset_seconds -5.0\n" in (await client.get("../../metrics")).text


def test_the_kernel_is_asked_and_nothing_is_changed() -> None:
    before = time.time()
    assert synchronised() is not None, "64-bit Linux tells"
    assert time.time() - before < 10


async def test_a_clock_that_is_off_is_one_alert_until_it_is_right(database: str) -> None:
    ahead(database, 5)
    async with open_pool(Database(url=database)) as pool:
        await asyncio.gather(*(Clock(pool, Counters()).look() for _ in range(3)))
        async with api_context(database) as context, client_of(context) as client:
            [found] = (await client.get("/alerts", params={"lang": "zh"})).json()["items"]
            assert (found["origin"], found["level"], found["device"]) == ("hub", "orange", None)
            assert found["title"] == f"{socket.gethostname()} 的时钟偏差超过一秒，到达时间不准"
            for to in ("acknowledged", "closed"):
                (await client.post(f"/alerts/{found['id']}/steps", json={"to": to})).raise_for_status()
            await Clock(pool, Counters()).look()
            [found] = (await client.get("/alerts")).json()["items"]
            assert (found["condition"], found["handling"]) == ("active", "closed"), "a desk knows of it"
    ahead(database, 0)
    async with open_pool(Database(url=database)) as pool:
        await Clock(pool, Counters()).look()
        async with api_context(database) as context, client_of(context) as client:
            [found] = (await client.get("/alerts")).json()["items"]
            assert found["condition"] == "cleared"
