"""The audit goes to a syslog server over TLS: each link, in order, through outages of either side."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest

from app.check.audit import check_audit
from hub.audit.entry import Entry, write
from hub.audit.sealing import seal
from hub.audit.syslog import BATCH, Syslog, keep_sending
from hub.audit.syslog_message import ROOM, Sealed, frame, message
from hub.audit_settings import Audit
from hub.settings import Database, Settings
from hub.store.pool import connect
from hub.tls import Tls
from tests.support.certificates import Authority
from tests.support.process import eventually
from tests.support.syslog_server import SyslogServer

ENTRY = Sealed(
    7, 9, datetime(2026, 1, 2, 3, 4, 5, 6, UTC), 'a"]\\', "login.failure", "感知", "10.0.0.7", {"a": 1}, "sm3", "ab"
)


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def server(authority: Authority) -> Iterator[SyslogServer]:
    made = SyslogServer(authority.pair("syslog")).start()
    yield made
    made.stop()
    assert made.fault is None


@asynccontextmanager
async def sending(url: str, server: SyslogServer, tls: Tls) -> AsyncIterator[None]:
    """The leader's task, as a hub runs it."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_sending(url, f"127.0.0.1:{server.port}", tls))
        yield
        task.cancel()


async def add(conn: psycopg.AsyncConnection, count: int) -> None:
    for number in range(count):
        await write(conn, Entry("local", "device.put", f"air-{number}", {"名": "站"}))
    while await seal(conn, "sha256"):
        pass


def seqs(server: SyslogServer) -> list[int]:
    return [int(found[1]) for each in server.messages if (found := re.search(rb'seq="(\d+)"', each))]


async def noted(conn: psycopg.AsyncConnection, last: int) -> None:
    """Wait until the store says that so many were sent."""

    async def done() -> bool:
        row = await (await conn.execute("select sent_seq from audit_sink where name = 'syslog'")).fetchone()
        return row == (last,)

    await eventually(done, f"link {last} noted as sent")


async def has(server: SyslogServer, last: int) -> None:
    async def arrived() -> bool:
        return last in seqs(server)

    await eventually(arrived, f"link {last} at the server")


def test_a_message_is_that_of_the_rfc() -> None:
    told = message(ENTRY, "hub 1", 42).decode()
    begin = "<108>1 2026-01-02T03:04:05.000006Z hub_1 ganzhi 42 login.failure [ganzhi@32473 "
    assert told.startswith(begin)
    assert 'actor="a\\"\\]\\\\" subject="感知" address="10.0.0.7" hash="sm3:ab"] \ufeff{"a":1}' in told
    assert message(ENTRY._replace(action="a b"), "", 1).startswith(
        b"<110>1 2026-01-02T03:04:05.000006Z - ganzhi 1 a_b ["
    )
    assert frame("感".encode()) == b"3 \xe6\x84\x9f"
    long = message(ENTRY._replace(detail={"a": "感" * 9000}), "hub", 1)
    assert ROOM - 3 <= len(long) <= ROOM
    assert long.decode().endswith("感…")


async def test_each_link_arrives_once_and_in_order_also_after_restarts(
    database: str, server: SyslogServer, authority: Authority
) -> None:
    tls = Tls(ca=authority.file)
    async with await connect(database) as conn:
        await add(conn, BATCH + 10)
        async with sending(database, server, tls):
            await has(server, BATCH + 10)
            await add(conn, 1)
            await noted(conn, BATCH + 11)
        await add(conn, 5)
        async with sending(database, server, tls):
            await noted(conn, BATCH + 16)
            await has(server, BATCH + 16)
    assert seqs(server) == list(range(1, BATCH + 17))


async def test_an_outage_of_the_server_loses_nothing(database: str, server: SyslogServer, authority: Authority) -> None:
    async with await connect(database) as conn, sending(database, server, Tls(ca=authority.file)):
        await add(conn, 3)
        await has(server, 3)
        server.stop()
        await add(conn, 20)
        server.start()
        await has(server, 23)
    assert sorted(set(seqs(server))) == list(range(1, 24))


async def test_a_server_that_breaks_off_is_sent_the_same_links_again(
    database: str, server: SyslogServer, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cut while a batch is under way: what the server had not taken is sent again."""
    async with await connect(database) as conn:
        await add(conn, 400)
        work = Syslog(f"127.0.0.1:{server.port}", Tls(ca=authority.file))
        sent = work._send

        async def cut(links: list[Sealed]) -> None:
            await sent(links[:100])
            server.stop()
            raise ConnectionResetError

        monkeypatch.setattr(work, "_send", cut)
        assert 0 < await work(conn) <= 60
        monkeypatch.undo()
        server.start()
        assert await work(conn) > 0
        await has(server, 400)
        work.close()
    assert set(seqs(server)) == set(range(1, 401))


async def test_the_check_tells_whether_it_is_reached(
    database: str, server: SyslogServer, authority: Authority, tmp_path: Path
) -> None:
    async def told(tls: Tls) -> list[tuple[str, str]]:
        audit = Audit(syslog=f"127.0.0.1:{server.port}", tls=tls)
        found = await check_audit(Settings(database=Database(url=database), audit=audit))
        return [(each.level, each.what) for each in found if "syslog" in each.what]

    async with await connect(database) as conn:
        await add(conn, 3)
    [(level, what)] = await told(Tls(ca=authority.file))
    assert (level, what.endswith("reachable over TLS; 3 entries wait for it")) == ("ok", True)
    [(level, what)] = await told(Tls(ca=Authority(tmp_path, "other").file))
    assert (level, "audit.tls.ca" in what) == ("fail", True)
    server.stop()
    [(level, what)] = await told(Tls(ca=authority.file))
    assert (level, "cannot be sent to" in what) == ("fail", True)


async def test_a_server_of_another_authority_is_sent_nothing(
    database: str, server: SyslogServer, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    other = Authority(tmp_path, "other")
    async with await connect(database) as conn:
        await add(conn, 1)
        work = Syslog(f"127.0.0.1:{server.port}", Tls(ca=other.file))
        for _ in range(2):
            assert await work(conn) > 0
    assert server.messages == []
    told = [each.getMessage() for each in caplog.records if each.levelname == "ERROR"]
    assert len(told) == 1, "logged once"
    assert "audit.tls.ca" in told[0]
