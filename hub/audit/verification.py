"""Verifying the chain: reads it from the store and finds each entry that was removed, inserted or altered."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Literal, NamedTuple

import psycopg
from psycopg.rows import namedtuple_row

from hub.audit.chain import ALGORITHMS, link
from hub.store.statements import statements

SQL = statements(__name__)

STEP = 20_000
"""Links that are read at once."""
SHOWN = 100
"""Faults that are kept; all are counted."""
SETTLE_S = 6.0
"""In this time a hub that runs has sealed what was committed before."""
KEPT = timedelta(days=180)
"""No link is dropped before it is that old."""
_EPOCH_US = 1_000_000

Kind = Literal["altered", "removed", "forged", "unsealed", "unqueued", "head", "begin"]
"""altered: an entry, its seal, or the seal before is not what was made. removed: an entry, its seal, or both are away.
forged: a seal outside of the chain. unsealed: an entry that has waited for its seal for more than a minute.
unqueued: one without a seal that does not wait for it. head: not as noted elsewhere, or dropped before its days
are over. begin: no sealed entry tells what retention dropped. Their texts are audit.fault.* in the catalogue."""


class Fault(NamedTuple):
    """A place where the audit is not what was written."""

    kind: Kind
    seq: int | None
    id: int | None = None
    at: datetime | None = None
    actor: str | None = None
    action: str | None = None


class Head(NamedTuple):
    """A link of the chain."""

    seq: int
    hash: bytes
    sealed_at: datetime | None = None
    """None: not noted; then it must still be in the chain."""


@dataclass(slots=True)
class Verified:
    """What a verification found."""

    first: int = 0
    last: int = 0
    rows: int = 0
    late: int = 0
    """Entries that were sealed more than an hour after their time, as after an outage: no fault, but worth a look."""
    faults: list[Fault] = field(default_factory=list)
    broken: int = 0
    """All faults, also those beyond SHOWN."""

    def add(self, fault: Fault) -> None:
        """Count a fault, and keep it while there are few."""
        self.broken += 1
        if len(self.faults) < SHOWN:
            self.faults.append(fault)


Tell = Callable[[int, int], None]
"""Called with the links that are verified, and how many there are."""


async def verify(
    conn: psycopg.AsyncConnection[Any],
    since: datetime | None = None,
    until: datetime | None = None,
    known: Head | None = None,
    tell: Tell = lambda done, total: None,
    settle_s: float = SETTLE_S,
) -> Verified:
    """Verify the chain, or its part with entries from `since` to before `until`; `known` is a head noted elsewhere.

    A snapshot: what is written meanwhile is not looked at. Raises psycopg errors.
    """
    found = Verified()
    async with conn.transaction():
        await conn.execute(SQL.snapshot)
        span = await _row(conn, SQL.span, {"since": since, "until": until})
        found.first, found.last = span.first, span.last
        previous = bytes(span.previous)
        if known is not None:
            await _known(conn, known, found)
        seq = span.first - 1
        while seq < span.last:
            until_seq = min(seq + STEP, span.last)
            previous = await _links(conn, seq, until_seq, previous, found)
            seq = until_seq
            tell(seq - span.first + 1, span.last - span.first + 1)
        for missing in range(span.last + 1, min(span.head_seq, span.last + SHOWN) + 1):
            found.add(Fault("removed", missing))
        found.late = (await _row(conn, SQL.late, {"first": span.first, "last": span.last})).late
        for kind, query in (
            ("forged", SQL.forged),
            ("removed", SQL.gone),
            ("unqueued", SQL.unqueued),
        ):
            async for each in _rows(conn, query, {"since": since, "until": until}):
                found.add(Fault(kind, *each))  # type: ignore[arg-type]
    for fault in await _lasting(conn, {"since": since, "until": until}, settle_s):
        found.add(fault)
    return found


async def _lasting(conn: psycopg.AsyncConnection[Any], values: dict[str, Any], settle_s: float) -> list[Fault]:
    """What waits for its seal for too long; what was committed this moment, with an old time, does not."""
    found = await _waiting(conn, values)
    if not found:
        return []
    await asyncio.sleep(settle_s)
    still = await _waiting(conn, values)
    return [each for each in found if each in still]


async def _waiting(conn: psycopg.AsyncConnection[Any], values: dict[str, Any]) -> list[Fault]:
    begin = [Fault("begin", *each) async for each in _rows(conn, SQL.begin, values)]
    return begin + [Fault("unsealed", *each) async for each in _rows(conn, SQL.unsealed, values)]


async def _links(conn: psycopg.AsyncConnection[Any], after: int, until: int, previous: bytes, found: Verified) -> bytes:
    """Verify the links from after + 1 to `until`; returns the last hash."""
    expected = after + 1
    async with conn.cursor() as cursor, cursor.copy(SQL.links, [after, until]) as copy:
        async for block in copy:
            line, _, stored = bytes(block)[:-1].rpartition(b"\t")
            while not line.startswith(b"%d\t" % expected):
                found.add(Fault("removed", expected))
                expected += 1
            algorithm, made = line[line.rindex(b"\t") + 1 :].decode(), bytes.fromhex(stored.decode())
            if algorithm not in ALGORITHMS or link(algorithm, previous, line) != made:
                found.add(_fault(expected, line))
            previous, expected = made, expected + 1
            found.rows += 1
    for missing in range(expected, until + 1):
        found.add(Fault("removed", missing))
    return previous


def _fault(seq: int, line: bytes) -> Fault:
    """The fault of a line whose hash is wrong; an entry that is away has no time."""
    _, entry, at, actor, action, *_ = line.decode().split("\t")
    if at == "\\N":
        return Fault("removed", seq, int(entry))
    return Fault("altered", seq, int(entry), datetime.fromtimestamp(int(at) / _EPOCH_US, UTC), actor, action)


async def _known(conn: psycopg.AsyncConnection[Any], known: Head, found: Verified) -> None:
    """A head that was noted elsewhere must still be in the chain, or be so old that retention may have dropped it.

    By this machine's clock and by the time that was noted with it: whoever owns the tables can write neither.
    """
    row = await _row(conn, SQL.known, {"seq": known.seq})
    if known.seq < row.begins_after:
        sound = known.sealed_at is not None and known.sealed_at < datetime.now(UTC) - KEPT
    else:
        sound = row.hash == known.hash
    if not sound:
        found.add(Fault("head", known.seq))


async def _row(conn: psycopg.AsyncConnection[Any], query: str, values: dict[str, Any]) -> Any:
    async with conn.cursor(row_factory=namedtuple_row) as cursor:
        return await (await cursor.execute(query.encode(), values)).fetchone()


async def _rows(
    conn: psycopg.AsyncConnection[Any], query: str, values: dict[str, Any]
) -> AsyncIterator[tuple[Any, ...]]:
    async with conn.cursor() as cursor:
        async for each in cursor.stream(query.encode(), values):
            yield each
