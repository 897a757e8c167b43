"""Sealing goes on through kill -9: another process takes over, and the chain has each entry once."""

import signal
import sys
from pathlib import Path

import psycopg

from hub.audit.verification import verify
from hub.store.pool import connect
from tests.support.process import Process, wait_until

ENTRIES = 60_000
LEADER = (
    "import asyncio, sys; from hub.store.leader import lead; from hub.audit.sealing import sealer; "
    "asyncio.run(lead(sys.argv[1], 'audit', sealer('sm3')))"
)


def leader(url: str, log: Path) -> Process:
    return Process([sys.executable, "-c", LEADER, url], log).start()


async def test_a_leader_that_is_killed_in_mid_seal_leaves_no_gap(database: str, tmp_path: Path) -> None:
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "insert into audit (actor, action, subject) select 'local', 'x', n::text from generate_series(1, %s) n",
            [ENTRIES],
        )

        def sealed() -> int:
            row = conn.execute("select head_seq from audit_chain").fetchone()
            assert row is not None
            return int(row[0])

        first = leader(database, tmp_path / "first.log")
        wait_until(lambda: sealed() > 0, "the first leader seals")
        second = leader(database, tmp_path / "second.log")
        first.send(signal.SIGKILL)
        first.wait(10)
        at_the_kill = sealed()
        assert 0 < at_the_kill < ENTRIES, "it must be killed in the middle"
        try:
            wait_until(lambda: sealed() == ENTRIES, "the second leader seals the rest", moved=sealed)
        finally:
            second.kill()
    async with await connect(database) as reader:
        found = await verify(reader)
    assert (found.rows, found.faults) == (ENTRIES, [])
