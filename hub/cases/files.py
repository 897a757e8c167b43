"""Pictures and papers of cases: kept with their case, and as long as it."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID, uuid4

import psycopg

from hub.cases.case import Case
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

MOST = 40
"""Of a case, with those of its alert."""


class File(NamedTuple):
    """A picture or paper as it is kept: without what a camera wrote beside it."""

    name: str
    media_type: str
    content: bytes


async def known(conn: psycopg.AsyncConnection, case_id: UUID, file: File) -> bool:
    """Whether a case has these very bytes already."""
    values = {"case_id": case_id, "digest": sha256(file.content).digest()}
    return await (await conn.execute(SQL.known, values)).fetchone() is not None


async def keep(conn: psycopg.AsyncConnection, case: Case, files: Sequence[File]) -> Sentence | None:
    """Keep files with the newest step of a case, in its transaction; why not, if the case would have too many."""
    if not files:
        return None
    [held] = await (await conn.execute(SQL.held, {"case_id": case.id})).fetchone() or [0]
    if held + len(files) > MOST:
        return Sentence("refusal.case.files", most=MOST)
    for file in files:
        digest = sha256(file.content).digest()
        values = {"id": uuid4(), "case_id": case.id, "seq": case.seq, "digest": digest, **file._asdict()}
        await conn.execute(SQL.keep, values)
    return None


async def hold_cases(conn: psycopg.AsyncConnection) -> None:
    """Until the commit no case begins: to be taken before the lock of alerts by who calls `take_over` after it.

    Else a case that is reported meanwhile sees an attachment no more than its attachment sees the case.
    """
    await conn.execute(SQL.lock)


async def take_over(conn: psycopg.AsyncConnection, alert_ids: Sequence[UUID]) -> None:
    """Give the attachments that alerts have now to their cases that have not ended, each once."""
    await conn.execute(SQL.take_over, {"alert_ids": list(alert_ids)})
