"""The audit's chain: what is written is sealed, and whoever changes it afterwards is found."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from hub.audit.chain import link
from hub.audit.entry import Entry, write
from hub.audit.retention import forget
from hub.audit.sealing import seal
from hub.audit.verification import Fault, Head, Verified, verify
from hub.errors import AuditUnavailable
from hub.settings import Database
from hub.store.migrate import migrate
from hub.store.pool import connect, open_pool
from tests.support.old_schema import migrate_to

BEFORE = 31
"""The last migration before the chain."""
HEAD = "select head_seq, head_hash from audit_chain"


@asynccontextmanager
async def sealed(url: str, entries: int = 5) -> AsyncIterator[psycopg.AsyncConnection]:
    """A connection to a store with so many sealed entries, made of what is hard to write on one line."""
    async with await connect(url) as conn:
        for number in range(entries):
            detail = {"text": "a\tb\nc\\N ' 感知", "number": number}
            await write(conn, Entry("local", "device.put", f"air-{number}", detail, "10.0.0.7"))
        while await seal(conn, "sha256"):
            pass
        yield conn


async def meddle(conn: psycopg.AsyncConnection, statement: str) -> None:
    """Change the store as one who is its owner, and has switched off what would refuse it."""
    async with conn.transaction():
        await conn.execute("set local session_replication_role = replica")
        await conn.execute(statement.encode())


async def one(conn: psycopg.AsyncConnection, query: str) -> Any:
    row = await (await conn.execute(query.encode())).fetchone()
    assert row is not None
    return row if len(row) > 1 else row[0]


TABLES = {"audit": "actor", "audit_seal": "algorithm"}


def kinds(found: Verified) -> list[tuple[str, int | None]]:
    return [(fault.kind, fault.seq) for fault in found.faults]


async def test_what_is_sealed_verifies_with_both_algorithms_in_one_chain(database: str) -> None:
    async with sealed(database) as conn:
        await write(conn, Entry("local", "device.put", "air-9"))
        assert await seal(conn, "sm3") == 1
        await write(conn, Entry("local", "device.put", "air-10"))
        assert await seal(conn, "sha256") == 1
        found = await verify(conn)
        assert (found.rows, found.first, found.last, found.faults) == (7, 1, 7, [])
        seqs = await (await conn.execute("select seq, algorithm from audit_seal order by seq")).fetchall()
        assert [seq for seq, _ in seqs] == list(range(1, 8))
        assert seqs[5][1] == "sm3"


def test_hashes_are_those_of_the_standards() -> None:
    assert link("sm3", b"", b"abc").hex() == "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    assert link("sha256", b"", b"abc").hex().startswith("ba7816bf8f01cfea414140de5dae2223")
    with pytest.raises(ValueError, match="md5"):
        link("md5", b"", b"abc")


HASH = "decode(repeat('11', 32), 'hex')"
MEDDLED: list[tuple[str, list[tuple[str, int | None]]]] = [
    ("update audit set actor = 'api token' where id = 3", [("altered", 3)]),
    ("update audit set detail = '{}' where id = 3", [("altered", 3)]),
    ("update audit set at = at + interval '1 microsecond' where id = 3", [("altered", 3)]),
    ("update audit set address = null where id = 3", [("altered", 3)]),
    (f"update audit_seal set hash = {HASH} where seq = 3", [("altered", 3), ("altered", 4)]),
    ("update audit_seal set algorithm = 'sm3' where seq = 3", [("altered", 3)]),
    ("delete from audit where id = 3", [("removed", 3)]),
    (
        "with gone as (delete from audit where id = 3) delete from audit_seal where seq = 3",
        [("removed", 3), ("altered", 4)],
    ),
    ("delete from audit where id = 5", [("removed", 5)]),
    ("with gone as (delete from audit where id = 5) delete from audit_seal where seq = 5", [("removed", 5)]),
    ("delete from audit_seal where seq = 3", [("removed", 3), ("altered", 4), ("unqueued", None)]),
    (
        (
            "update audit a set subject = b.subject, detail = b.detail"
            " from audit b where a.id + b.id = 5 and a.id in (2, 3)"
        ),
        [("altered", 2), ("altered", 3)],
    ),
    (
        "update audit_seal set audit_id = 105 - audit_id where seq in (2, 3)",
        [("removed", 2), ("removed", 3), ("unqueued", None), ("unqueued", None)],
    ),
    ("insert into audit (actor, action, subject) values ('local', 'x', 'air-99')", [("unqueued", None)]),
    (
        (
            "with forged as (insert into audit (actor, action, subject) values ('local', 'x', 'x') returning id)"
            f" insert into audit_seal select 6, id, now(), 'sha256', {HASH} from forged"
        ),
        [("forged", 6)],
    ),
    (
        "update audit_chain set begins_after = 2, begins_hash = (select hash from audit_seal where seq = 2)",
        [("begin", 3), ("forged", 1), ("forged", 2)],
    ),
]
"""What one who may do everything in the database does, and what is found: kind and place in the chain."""


@pytest.mark.parametrize(("statement", "told"), MEDDLED)
async def test_each_change_is_found_and_named(
    database: str, statement: str, told: list[tuple[str, int | None]]
) -> None:
    async with sealed(database) as conn:
        await meddle(conn, statement)
        found = await verify(conn, settle_s=0)
        assert sorted(kinds(found), key=str) == sorted(told, key=str)
        assert found.broken == len(told)


async def test_a_fault_names_the_entry(database: str) -> None:
    async with sealed(database) as conn:
        await meddle(conn, "update audit set actor = 'somebody' where id = 3")
        at = await one(conn, "select at from audit where id = 3")
        assert (await verify(conn)).faults == [Fault("altered", 3, 3, at, "somebody", "device.put")]


async def test_a_renumbered_chain_is_found(database: str) -> None:
    async with sealed(database) as conn:
        await meddle(conn, "delete from audit where id = 3")
        await meddle(conn, "delete from audit_seal where seq = 3")
        await meddle(conn, "update audit_seal set seq = -(seq - 1) where seq > 3")
        await meddle(conn, "update audit_seal set seq = -seq where seq < 0")
        await meddle(conn, "update audit_chain set head_seq = 4")
        assert kinds(await verify(conn)) == [("altered", 3), ("altered", 4)]


async def test_a_chain_that_was_made_anew_differs_from_a_head_noted_elsewhere(database: str) -> None:
    async with sealed(database) as conn:
        noted = Head(*await one(conn, HEAD))
        assert (await verify(conn, known=noted)).faults == []
        await meddle(conn, "delete from audit where id = 5")
        await meddle(conn, "delete from audit_seal")
        await meddle(conn, "update audit_chain set head_seq = 0, head_hash = decode(repeat('00', 32), 'hex')")
        await meddle(conn, "insert into audit_unsealed select id from audit")
        await write(conn, Entry("local", "device.put", "air-9"))
        await seal(conn, "sha256")
        assert (await verify(conn)).faults == []
        assert kinds(await verify(conn, known=noted)) == [("head", 5)]


async def test_a_chain_that_was_emptied_as_if_by_retention_is_found_by_a_head_noted_elsewhere(database: str) -> None:
    """Whoever owns the tables drops all of today, and writes the entry with which retention tells what it dropped."""
    async with sealed(database) as conn:
        seq, made = await one(conn, HEAD)
        now = datetime.now(UTC)
        await write(conn, Entry("local", "device.put", "air-9"))
        await seal(conn, "sha256")
        await meddle(conn, "delete from audit")
        await meddle(conn, "delete from audit_seal")
        await meddle(conn, "update audit_chain set begins_after = head_seq, begins_hash = head_hash")
        last, hash_ = await one(conn, HEAD)
        await write(conn, Entry("hub", "audit.forget", f"{last}", {"through": last, "hash": hash_.hex()}))
        assert kinds(await verify(conn, settle_s=0)) == [("begin", 7)], "that entry has no seal"
        await seal(conn, "sha256")
        assert (await verify(conn)).faults == []
        for sealed_at in (None, now, now - timedelta(days=179)):
            assert kinds(await verify(conn, known=Head(seq, made, sealed_at))) == [("head", seq)]
        assert (await verify(conn, known=Head(seq, made, now - timedelta(days=181)))).faults == [], "it may be dropped"


async def test_an_entry_that_waits_for_its_seal_for_too_long_is_found(database: str) -> None:
    async with sealed(database) as conn:
        await write(conn, Entry("local", "device.put", "air-9"))
        assert (await verify(conn)).faults == []
        old = datetime.now(UTC) - timedelta(minutes=2)
        await write(conn, Entry("local", "device.put", "air-9", at=old, journal=uuid4()))
        assert [fault.kind for fault in (await verify(conn, settle_s=0)).faults] == ["unsealed"]
        async with asyncio.TaskGroup() as group, await connect(database) as leader:
            group.create_task(seal(leader, "sha256"))
            assert (await verify(conn, settle_s=1)).faults == [], "it was sealed while it was looked at"
        await write(conn, Entry("local", "device.put", "air-9", at=old, journal=uuid4()))
        await meddle(conn, "delete from audit where id = 8")
        assert [(fault.kind, fault.id) for fault in (await verify(conn)).faults] == [("removed", 8)]


async def test_a_part_of_the_chain_verifies_by_times(database: str) -> None:
    async with sealed(database, 0) as conn:
        noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
        for hour in range(10):
            await write(
                conn, Entry("local", "device.put", f"air-{hour}", at=noon + timedelta(hours=hour), journal=uuid4())
            )
        await seal(conn, "sha256")
        part = await verify(conn, noon + timedelta(hours=3), noon + timedelta(hours=6))
        assert (part.first, part.last, part.rows, part.faults) == (4, 6, 3, [])
        assert part.late == 3
        await meddle(conn, "update audit set subject = '' where id in (2, 5, 9)")
        part = await verify(conn, noon + timedelta(hours=3), noon + timedelta(hours=6))
        assert kinds(part) == [("altered", 5)]
        assert (await verify(conn, noon + timedelta(days=3))).rows == 0


async def test_a_hash_that_is_not_that_of_its_entry_is_refused(database: str) -> None:
    async with sealed(database) as conn:
        await write(conn, Entry("local", "device.put", "air-9"))
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation, match="not that of its entry"):
            await conn.execute(f"select audit_append(5, array[6]::bigint[], 'sha256', array[{HASH}])".encode())
        assert await seal(conn, "sha256") == 1
        assert (await verify(conn)).faults == []


async def test_a_line_is_the_same_to_the_database_as_to_copy(database: str) -> None:
    """With each character that COPY escapes, alone and beside others."""
    async with sealed(database, 0) as conn:
        for text in ("", "\\", "\b\t\n\v\f\r", "\\N", "\\t\t\\", "\x01\x07\x0e\x7f", "感知 ' \" \u2028"):
            await write(conn, Entry(text, text, text, {text: [text, None]}, text))
        await write(conn, Entry("local", "x", "y", {}, None, datetime(1969, 12, 31, tzinfo=UTC), uuid4()))
        assert await seal(conn, "sha256") == 8
        assert (await verify(conn)).faults == []


async def test_an_entry_has_the_time_of_now_whatever_it_says(database: str) -> None:
    far = datetime.now(UTC) + timedelta(days=900)
    async with sealed(database, 0) as conn:
        for journal in (None, uuid4()):
            await write(conn, Entry("local", "x", "y", at=far, journal=journal))
        await write(conn, Entry("local", "x", "y", at=far - timedelta(days=1200)))
        assert await one(conn, "select count(*), bool_and(abs(extract(epoch from now() - at)) < 60) from audit") == (
            3,
            True,
        )


async def test_an_entry_that_commits_late_is_sealed_late_and_never_skipped(database: str) -> None:
    async with await connect(database) as slow, sealed(database, 0) as conn:
        async with slow.transaction():
            await write(slow, Entry("local", "devices.import", "slow"))
            for number in range(3):
                await write(conn, Entry("local", "device.put", f"air-{number}"))
                assert await seal(conn, "sha256") == 1
        assert await seal(conn, "sha256") == 1
        order = await (await conn.execute("select audit_id from audit_seal order by seq")).fetchall()
        assert order == [(2,), (3,), (4,), (1,)]
        assert (await verify(conn)).faults == []


async def test_of_two_leaders_the_slower_one_seals_nothing(database: str) -> None:
    async with await connect(database) as other, sealed(database, 0) as conn:
        for number in range(10):
            await write(conn, Entry("local", "device.put", f"air-{number}"))
        both = await asyncio.gather(seal(conn, "sha256"), seal(other, "sha256"), return_exceptions=True)
        assert sum(each for each in both if isinstance(each, int)) == 10
        assert (await verify(conn)).rows == 10
        assert (await verify(conn)).faults == []


async def test_entries_can_be_neither_changed_nor_removed_by_the_owner_either(database: str) -> None:
    async with sealed(database) as conn:
        for table, column in TABLES.items():
            for change in (f"update {table} set {column} = 'sm3'", f"delete from {table}", f"truncate {table}"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege, match="append-only"):
                    await conn.execute(change.encode())
        with pytest.raises(psycopg.errors.InvalidParameterValue, match="180 days"):
            await conn.execute("select audit_forget(now() - interval '179 days', 100)")


async def test_retention_drops_the_old_end_and_the_rest_verifies(database: str) -> None:
    now = datetime.now(UTC)
    async with sealed(database, 0) as conn, open_pool(Database(url=database)) as pool:
        for age in (400, 300, 199, 198, 10, 1, 0):
            await write(conn, Entry("local", "device.put", f"{age}", at=now - timedelta(days=age), journal=uuid4()))
        await seal(conn, "sm3")
        assert await forget(pool, 200, now, batch=1) == 2
        await seal(conn, "sha256")
        assert await forget(pool, 200, now) == 0
        found = await verify(conn)
        assert (found.first, found.last, found.faults) == (3, 9, [])
        assert await one(conn, "select count(*) from audit where action = 'audit.forget'") == 2
        assert await forget(pool, 180, now) == 2
        await seal(conn, "sha256")
        assert (await verify(conn)).faults == []
        with pytest.raises(Exception, match="180 days"):
            await forget(pool, 100, now)


async def test_a_seal_under_way_holds_up_no_writer(database: str) -> None:
    async with sealed(database, 0) as conn, await connect(database) as leader:
        await write(conn, Entry("local", "login.fail", "li.wei"))
        async with leader.transaction():
            assert await seal(leader, "sha256") == 1  # and not committed yet
            await conn.execute("set lock_timeout = '1s'")
            for number in range(100):
                await write(conn, Entry("local", "login.fail", f"{number}"))
        assert await seal(leader, "sha256") == 100
        assert (await verify(conn)).faults == []


async def test_a_lock_on_the_audit_refuses_and_hangs_nobody(database: str) -> None:
    async with sealed(database) as conn, await connect(database) as other, other.transaction():
        await other.execute("lock table audit in access exclusive mode")
        with pytest.raises(AuditUnavailable, match="lock timeout"):
            await write(conn, Entry("local", "device.put", "air-9"))


async def test_a_journalled_entry_is_appended_once_with_its_time(database: str) -> None:
    at, journal = datetime(2026, 1, 1, tzinfo=UTC), uuid4()
    async with sealed(database, 0) as conn:
        for _ in range(2):
            await write(conn, Entry("local", "alert.step", "x", at=at, journal=journal))
        assert await one(conn, "select count(*), min(at) from audit") == (1, at)
        assert await seal(conn, "sha256") == 1
        assert (await verify(conn)).faults == []


async def test_entries_of_earlier_versions_are_sealed_at_the_first_run(empty_url: str, store_mode: str) -> None:
    migrate_to(empty_url, store_mode, BEFORE)
    with psycopg.connect(empty_url, autocommit=True) as before:
        before.execute("insert into audit (actor, action, subject) select 'api', 'x', '' from generate_series(1, 25)")
    await migrate(empty_url, store_mode)
    async with await connect(empty_url) as conn:
        assert [await seal(conn, "sha256", batch=10) for _ in range(4)] == [10, 10, 5, 0]
        assert (await verify(conn)).rows == 25
        assert (await verify(conn)).faults == []
