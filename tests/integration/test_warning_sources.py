"""Sources of official warnings that are asked: over HTTP, through the guard (ingest/warnings)."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from app.check.warnings import check_warnings
from hub.alert_settings import Warnings, WarningSource
from hub.limit_settings import Outgoing
from hub.settings import Database, Settings
from hub.store.pool import connect
from ingest.warnings.source import WarningSources
from ingest.warnings.stale import is_stale, watch
from tests.support.process import eventually
from tests.support.warning_samples import CITY, UPDATED, nmc


class Office:
    """An HTTP server that answers as it is told, and notes what it was asked."""

    def __init__(self) -> None:
        self.status, self.body, self.etag = "200 OK", nmc(CITY).encode(), '"1"'
        self.asked = list[dict[str, str]]()
        self.port = 0

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:])}
        self.asked.append(headers)
        status, body = self.status, self.body
        if headers.get("if-none-match") == self.etag:
            status, body = "304 Not Modified", b""
        begin = f"HTTP/1.1 {status}\r\netag: {self.etag}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        writer.write(begin.encode() + body)
        writer.close()

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        async with server:
            yield


@asynccontextmanager
async def asking(settings: Settings) -> AsyncIterator[None]:
    async with asyncio.TaskGroup() as group, WarningSources(settings).opened(group):
        yield


@pytest.fixture
async def office() -> AsyncIterator[Office]:
    made = Office()
    async with made.opened():
        yield made


@pytest.fixture
async def conn(database: str) -> AsyncIterator[psycopg.AsyncConnection]:
    async with await connect(database) as opened:
        yield opened


def settings_of(database: str, office: Office, allowed: bool = True) -> Settings:
    url = f"http://127.0.0.1:{office.port}/list"
    source = WarningSource(name="nmc", url=url, format="nmc", every_s=1, header="X-Key", secret="s3cret")  # type: ignore[arg-type]
    listed = Outgoing(warnings=(f"127.0.0.1:{office.port}",)) if allowed else Outgoing()
    return Settings(database=Database(url=database), warnings=Warnings(sources=(source,)), outgoing=listed)


async def one(conn: psycopg.AsyncConnection, statement: str) -> Any:
    row = await (await conn.execute(statement.encode())).fetchone()
    return None if row is None else row[0]


async def until(conn: psycopg.AsyncConnection, statement: str, value: Any) -> None:
    async def reached() -> bool:
        return bool(await one(conn, statement) == value)

    await eventually(reached, statement, 20)


async def test_a_source_is_asked_fails_and_is_back(
    database: str, office: Office, conn: psycopg.AsyncConnection, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    settings = settings_of(database, office)
    [finding] = await check_warnings(settings)
    assert "has not been asked yet" in finding.what
    async with asking(settings):
        await until(conn, "select count(*) from warning where listed_by = '{nmc}'", 1)
        assert office.asked[0]["x-key"] == "s3cret"
        asked = len(office.asked)

        async def again() -> bool:
            return len(office.asked) > asked

        await eventually(again, "another question", 20)
        assert office.asked[-1]["if-none-match"] == '"1"'
        [finding] = await check_warnings(settings)
        assert finding.level == "ok", finding
        office.status, office.etag = "500 Broken", '"2"'
        await until(conn, "select last_error from warning_source", "the source answered 500 Broken")
        [finding] = await check_warnings(settings)
        assert "failed since" in finding.what
        assert await one(conn, "select count(*) from warning where listed_by = '{nmc}'") == 1, "what was said stays"
        office.status, office.body = "200 OK", nmc(UPDATED).encode()
        await until(conn, "select count(*) from warning where listed_by = '{}'", 1)
        assert await one(conn, "select failing_since from warning_source") is None
        office.body, office.etag = nmc(UPDATED, "").encode(), '"3"'
        await until(conn, "select last_error like '1 items cannot be used%' from warning_source", True)
    told = [record.message for record in caplog.records if record.name == "ingest.warnings.source"]
    assert sum("no warnings come from nmc" in each and "500" in each for each in told) == 1
    assert sum("come again" in each for each in told) == 1


async def test_a_document_that_nobody_foresaw_fails_its_source_and_not_the_hub(
    database: str, office: Office, conn: psycopg.AsyncConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unforeseen(*_: object) -> None:
        raise OverflowError("date value out of range")

    monkeypatch.setattr("ingest.warnings.documents.decode", unforeseen)
    async with asking(settings_of(database, office)):
        await until(conn, "select last_error like '%OverflowError: date value out of range%' from warning_source", True)


async def test_the_guard_and_the_limits(database: str, office: Office, conn: psycopg.AsyncConnection) -> None:
    refused = settings_of(database, office, allowed=False)
    async with asking(refused):
        await until(conn, "select last_error like '%warnings = [%' from warning_source", True)
    assert office.asked == []
    [finding] = await check_warnings(refused)
    assert (finding.level, f'warnings = ["127.0.0.1:{office.port}"]' in finding.what) == ("fail", True)
    office.body = b" " * (5 << 20)
    async with asking(settings_of(database, office)):
        await until(conn, "select last_error like '%larger than 4 MiB%' from warning_source", True)
        office.status, office.body = "302 Found", b""
        await until(conn, "select last_error from warning_source", "the source answered 302 Found")


async def test_a_stale_source_is_an_alert_of_the_hub(
    database: str, office: Office, conn: psycopg.AsyncConnection
) -> None:
    [source] = settings_of(database, office).warnings.sources
    await conn.execute(
        "insert into warning_source (name, tried_at, failing_since) select 'nmc', now(), now() - interval '11 minutes'"
    )
    count = "select count(*) from alert where target = 'warnings_stale:nmc' and cleared_at is null"
    for _ in range(2):
        await watch([source])(conn)
        assert await one(conn, count) == 1, "once"
    assert "nmc" in await one(conn, "select title from alert")
    await conn.execute("update warning_source set failing_since = null")
    await watch([source])(conn)
    assert await one(conn, count) == 0
    await conn.execute("update warning_source set failing_since = now() - interval '11 minutes'")
    await watch([source])(conn)
    await watch([])(conn)
    assert await one(conn, count) == 0, "a source that is asked no more is not missing"


def test_when_a_source_is_stale() -> None:
    now = datetime.now(UTC)
    slow = WarningSource(name="x", url="https://x.cn/a", format="cap", every_s=3600)
    assert not is_stale(slow, None, now)
    assert not is_stale(slow, now - timedelta(hours=4), now)
    assert is_stale(slow, now - timedelta(hours=6), now)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ftp://x/a", "is the address of a document"),
        ("https://u:p@x/a", "holds a user or a password"),
        ("https:///a", "is the address of a document"),
    ],
)
def test_what_is_no_source(url: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        WarningSource(name="x", url=url, format="cap")


def test_names_are_unique() -> None:
    source = WarningSource(name="x", url="https://x.cn/a", format="cap")
    with pytest.raises(ValueError, match="two sources are called x"):
        Warnings(sources=(source, source))
