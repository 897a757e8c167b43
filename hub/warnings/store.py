"""Stores what sources say of warnings: posted twice is one, and in whatever order it comes the end is the same."""

from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb

from hub.models import LEVEL_NAMES
from hub.store.statements import statements
from hub.warnings.fields import LONGEST
from hub.warnings.formats import Format
from hub.warnings.merge import REMEMBERED, Said, merged, trust_of
from hub.warnings.message import Message, Report
from hub.warnings.outline import rings_of

SQL = statements(__name__)

LASTS = timedelta(hours=24)
"""How long a warning without an end of its own is in force after it was sent, or a list had it for the last time."""
AT_ONCE = 100
"""Warnings that a statement stores: what a list holds is stored in time that grows with it, and in bounded memory."""
PIECE = 500
"""Messages of a transaction."""
NAMESPACE = UUID("6a3f0c1e-52b7-4d3b-9a55-2f6f0b0f7c11")


Transaction = Callable[[Sequence[Message]], AbstractAsyncContextManager[psycopg.AsyncConnection]]
"""Opens one, in which these messages are stored."""


class Taken(NamedTuple):
    """What became of a report: warnings by id."""

    stored: tuple[UUID, ...] = ()
    """Of which something new was said."""
    repeated: int = 0
    """Messages that were known."""
    ended: tuple[UUID, ...] = ()
    """That the list of a source has no more, and no other source says."""


def id_of(identifier: str) -> UUID:
    """The id of a warning: the same wherever it is made."""
    return uuid5(NAMESPACE, identifier)


def digest_of(message: Message) -> bytes:
    """Equal for what is said twice; a time that the hub has assumed makes no difference."""
    without = {"sent", "expires"} if "time_assumed" in message.remarks else set()
    return sha256(message.model_dump_json(exclude=without).encode()).digest()


@asynccontextmanager
async def _transaction(conn: psycopg.AsyncConnection) -> AsyncIterator[psycopg.AsyncConnection]:
    async with conn.transaction():
        yield conn


def on(conn: psycopg.AsyncConnection) -> Transaction:
    """Transactions of one connection."""
    return lambda _: _transaction(conn)


async def take(
    transaction: Transaction, report: Report, source: str, format_: Format, by: str, received: datetime
) -> Taken:
    """Store a report of a source; one at a time, whoever stores.

    Each PIECE of its messages is a transaction of its own: 5,000 in one kept all others waiting for seconds. What is
    stored when one fails stays, and is a repeat when the report comes again. What a list has no more ends last.
    """
    stored, repeated, ended = list[UUID](), 0, tuple[UUID, ...]()
    messages = sorted(report.messages, key=lambda each: not each.references)  # or what one cancels is told of before
    for begin in range(0, max(1, len(messages)), PIECE):
        piece = messages[begin : begin + PIECE]
        async with transaction(piece) as conn:
            await conn.execute(SQL.lock)
            new = await _take(conn, piece, source, format_, by, received)
            if report.state and begin + PIECE >= len(messages):
                ended = await _end_others(conn, report, source, received)
        stored += new
        repeated += len(piece) - len(new)
    return Taken(tuple(stored), repeated, ended)


async def _take(
    conn: psycopg.AsyncConnection,
    messages: Sequence[Message],
    source: str,
    format_: Format,
    by: str,
    received: datetime,
) -> list[UUID]:
    """Store messages; the warnings of which something new is said."""
    ids, digests = [id_of(message.identifier) for message in messages], [digest_of(message) for message in messages]
    given = {"ids": ids, "digests": digests, "source": source}
    known = {number - 1 for (number,) in await (await conn.execute(SQL.known, given)).fetchall()}
    new = [number for number in range(len(ids)) if number not in known]
    for begin in range(0, len(new), AT_ONCE):
        part = {ids[number]: (digests[number], messages[number]) for number in new[begin : begin + AT_ONCE]}
        await _store(conn, part, source, format_, by, received)
    return [ids[number] for number in new]


async def _end_others(
    conn: psycopg.AsyncConnection, report: Report, source: str, received: datetime
) -> tuple[UUID, ...]:
    """End what the list of a source has no more and no other source says."""
    ids = [id_of(message.identifier) for message in report.messages]
    listing = {"ids": ids, "source": source, "until": received + LASTS, "half": received + LASTS / 2}
    await conn.execute(SQL.listed, listing)
    gone = await (await conn.execute(SQL.unlisted, listing)).fetchall()
    return tuple(id_ for id_, ended in gone if ended)


async def _store(
    conn: psycopg.AsyncConnection,
    new: Mapping[UUID, tuple[bytes, Message]],
    source: str,
    format_: Format,
    by: str,
    received: datetime,
) -> None:
    """Add to what was said of each of these warnings, and merge it anew."""
    ids = list(new)
    said = defaultdict[UUID, list[Said]](list)
    found = await (await conn.execute(SQL.said, {"ids": ids, "most": REMEMBERED})).fetchall()
    for id_, number, said_by, form, content in found:
        said[id_].append(Said(number, said_by, form, Message(**content)))
    for id_, (_, message) in new.items():
        number = 1 + max((each.number for each in said[id_]), default=0)
        said[id_].append(Said(number, source, format_, message))
    warnings = [_row(id_, said[id_]) for id_ in ids]
    await conn.execute(SQL.put, {"warnings": Jsonb(warnings), "source": source})
    messages = {
        "ids": ids,
        "digests": [digest for digest, _ in new.values()],
        "contents": [Jsonb(message.model_dump(mode="json")) for _, message in new.values()],
    }
    await conn.execute(SQL.say, {**messages, "source": source, "format": format_, "received": received, "by": by})
    identifiers = [warning["identifier"] for warning in warnings]
    referred = [reference for warning in warnings for reference in warning["refers_to"]]
    await conn.execute(SQL.settle, {"identifiers": list(dict.fromkeys(identifiers + referred))})


def _row(id_: UUID, said: Sequence[Said]) -> dict[str, Any]:
    """A warning as it is stored; its end is not later than any that a message may state."""
    whole = merged(said)
    begin = max(filter(None, (whole.sent, whole.effective, whole.onset)))
    return {
        "id": str(id_),
        "identifier": whole.identifier,
        "status": whole.status,
        "type": whole.type,
        "sent": whole.sent.isoformat(),
        "kind": whole.kind,
        "level": None if whole.level is None else LEVEL_NAMES.index(whole.level) + 1,
        "ends_at": min(whole.expires or begin + LASTS, whole.sent + LONGEST).isoformat(),
        "refers_to": [each for each in whole.references if each != whole.identifier],
        "divisions": list(whole.divisions),
        "rings": rings_of(whole),
        "trust": trust_of(said),
        "content": whole.model_dump(mode="json"),
    }
