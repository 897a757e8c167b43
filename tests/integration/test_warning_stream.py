"""A source that says by a WebSocket what is new: through the guard, in bounded frames, opened anew when it ends."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
import pytest
from websockets.asyncio.server import Server, ServerConnection, serve

from hub.alert_settings import Warnings, WarningSource
from hub.limit_settings import Outgoing
from hub.settings import Database, Settings
from hub.store.pool import connect
from ingest.warnings import stream
from ingest.warnings.source import WarningSources
from tests.support.process import eventually
from tests.support.warning_samples import quake

CANCEL = '{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}'
HEARTBEAT = '{"type": "heartbeat", "id": "x", "timestamp": 1}'


class Observatory:
    """A WebSocket server that says what the test wants to whoever is connected."""

    def __init__(self) -> None:
        self.open = list[ServerConnection]()
        self.headers = list[str | None]()

    async def talk(self, connection: ServerConnection) -> None:
        assert connection.request is not None
        self.headers.append(connection.request.headers.get("x-key"))
        self.open.append(connection)
        await connection.wait_closed()
        self.open.remove(connection)

    async def say(self, frame: str | bytes) -> None:
        async def connected() -> bool:
            return len(self.open) > 0

        await eventually(connected, "the hub is connected")
        await self.open[-1].send(frame)


@pytest.fixture
def observatory() -> Observatory:
    return Observatory()


@asynccontextmanager
async def following(database: str, server: Server, *, every_s: float = 60, allowed: bool = True) -> AsyncIterator[None]:
    port = server.sockets[0].getsockname()[1]
    source = WarningSource.model_validate(
        {
            "name": "quakes", "url": f"ws://127.0.0.1:{port}/sc_eew", "format": "wolfx", "every_s": every_s,
            "header": "X-Key", "secret": "s3cret",
        }
    )  # fmt: skip
    settings = Settings(
        database=Database(url=database),
        warnings=Warnings(sources=(source,)),
        outgoing=Outgoing(warnings=(f"127.0.0.1:{port}",) if allowed else ()),
    )
    async with asyncio.TaskGroup() as group, WarningSources(settings).opened(group):
        yield


async def until(conn: psycopg.AsyncConnection, statement: str, value: object) -> None:
    async def reached() -> bool:
        row = await (await conn.execute(statement.encode())).fetchone()
        return row is not None and row[0] == value

    await eventually(reached, f"{statement}: {value}", 60)


async def test_what_it_says_is_stored_and_it_is_opened_anew(database: str, observatory: Observatory) -> None:
    report = "select content -> 'report' from warning"
    async with await connect(database) as conn, serve(observatory.talk, "127.0.0.1", 0) as server:
        async with following(database, server):
            await observatory.say(HEARTBEAT)
            await until(conn, "select heard_at is not null and last_error is null from warning_source", True)
            await observatory.say(quake())
            await until(conn, report, 1)
            await observatory.say("{")
            await until(conn, "select last_error is not null from warning_source", True)
            await observatory.say(json.dumps(json.loads(quake(ReportNum=2))).encode())
            await until(conn, report, 2)
            await observatory.open[-1].close()
            await until(conn, "select failing_since is not null from warning_source", True)
            await observatory.say(CANCEL)
            await until(conn, "select type from warning", "cancel")
            await until(conn, "select failing_since is null from warning_source", True)
            await observatory.say(" " * (stream.MAX_FRAME + 1))
            await until(conn, "select last_error like '%1009%' from warning_source", True)
        assert set(observatory.headers) == {"s3cret"}
    assert observatory.open == [], "a hub that ends closes it"


async def test_what_came_while_the_database_was_away_is_stored_though_it_is_not_said_again(
    database: str, observatory: Observatory
) -> None:
    async def closed() -> bool:
        return len(observatory.headers) == 1 and observatory.open == []

    async with (
        await connect(database) as conn,
        serve(observatory.talk, "127.0.0.1", 0) as server,
        following(database, server),
    ):
        await conn.execute("alter table warning rename to warning_away")
        await observatory.say(quake())
        await eventually(closed, "the hub could not store it")
        await conn.execute("alter table warning_away rename to warning")
        await until(conn, "select content -> 'report' from warning", 1)


async def test_one_that_says_nothing_is_taken_for_dead(database: str, observatory: Observatory) -> None:
    async with (
        await connect(database) as conn,
        serve(observatory.talk, "127.0.0.1", 0) as server,
        following(database, server, every_s=1),
    ):
        await until(conn, "select last_error like '%nothing for 3 s%' from warning_source", True)

        async def again() -> bool:
            return len(observatory.headers) > 1

        await eventually(again, "it is opened anew", 60)


async def test_the_guard(database: str, observatory: Observatory) -> None:
    async with (
        await connect(database) as conn,
        serve(observatory.talk, "127.0.0.1", 0) as server,
        following(database, server, allowed=False),
    ):
        await until(conn, "select last_error like '%[outgoing]%' from warning_source", True)
    assert observatory.headers == []
