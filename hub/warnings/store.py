"""Stores what sources say of warnings: posted twice is one, and in whatever order it comes the end is the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid5

import psycopg
from psycopg.types.json import Jsonb

from hub.models import LEVEL_NAMES
from hub.store.statements import statements
from hub.warnings.formats import Format
from hub.warnings.merge import Said, merged
from hub.warnings.message import Message, Report
from hub.warnings.outline import rings_of

SQL = statements(__name__)

LASTS = timedelta(hours=24)
"""How long a warning without an end of its own is in force after it was sent, or a list had it for the last time."""
NAMESPACE = UUID("6a3f0c1e-52b7-4d3b-9a55-2f6f0b0f7c11")


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


async def take(
    conn: psycopg.AsyncConnection, report: Report, source: str, format_: Format, by: str, received: datetime
) -> Taken:
    """Store a report of a source, in the transaction of the caller; one at a time, whoever stores."""
    await conn.execute(SQL.lock)
    ids = [id_of(message.identifier) for message in report.messages]
    digests = [digest_of(message) for message in report.messages]
    given = {"ids": ids, "digests": digests, "source": source}
    known = {number - 1 for (number,) in await (await conn.execute(SQL.known, given)).fetchall()}
    new = [number for number in range(len(ids)) if number not in known]
    for number in new:
        said = Said(0, source, format_, report.messages[number])
        await _store(conn, ids[number], digests[number], said, by, received)
    listing = {"ids": ids, "source": source, "until": received + LASTS, "half": received + LASTS / 2}
    gone: Sequence[tuple[UUID, bool]] = ()
    if report.state:
        await conn.execute(SQL.listed, listing)
        gone = await (await conn.execute(SQL.unlisted, listing)).fetchall()
    return Taken(tuple(ids[number] for number in new), len(known), tuple(id_ for id_, ended in gone if ended))


async def _store(
    conn: psycopg.AsyncConnection, id_: UUID, digest: bytes, new: Said, by: str, received: datetime
) -> None:
    rows = await (await conn.execute(SQL.said, {"id": id_})).fetchall()
    said = [Said(number, source, format_, Message(**content)) for number, source, format_, content in rows]
    said.append(new._replace(number=1 + max((each.number for each in said), default=0)))
    whole = merged(said)
    begin = max(filter(None, (whole.sent, whole.effective, whole.onset)))
    rings = rings_of(whole)
    warning = {
        "id": id_,
        "identifier": whole.identifier,
        "status": whole.status,
        "type": whole.type,
        "sent": whole.sent,
        "kind": whole.kind,
        "level": None if whole.level is None else LEVEL_NAMES.index(whole.level) + 1,
        "ends_at": whole.expires or begin + LASTS,
        "refers_to": [each for each in whole.references if each != whole.identifier],
        "divisions": list(whole.divisions),
        "rings": rings,
        "content": Jsonb(whole.model_dump(mode="json")),
        "source": new.source,
    }
    await conn.execute(SQL.put, warning)
    message = {"id": id_, "source": new.source, "format": new.format, "digest": digest, "by": by}
    content = Jsonb(new.message.model_dump(mode="json"))
    await conn.execute(SQL.say, {**message, "content": content, "received": received})
    await conn.execute(SQL.settle, {"id": id_, "refers_to": warning["refers_to"]})
