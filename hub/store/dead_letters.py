"""Queries on dead letters: newest first, and counts including sampled ones."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from psycopg.rows import class_row, kwargs_row

from hub.errors import At
from hub.store.dead_letter_stage import DEAD_LETTER_BYTES
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements
from hub.words.sentence import stored

SQL = statements(__name__)

SHOWN_BYTES = 400
"""Of each payload in a list."""


class Letter(NamedTuple):
    """A dead letter for display; in lists the payload is cut to SHOWN_BYTES."""

    id: UUID
    received_at: datetime
    transport: str
    reason: str
    device: str | None
    address: str
    detail: str
    at: At
    payload: bytes
    payload_size: int
    replays: int


class LetterCount(NamedTuple):
    """Number of messages refused for a reason: stored as dead letters, and only counted."""

    reason: str
    transport: str
    stored: int
    dropped: int
    first_minute: datetime
    last_minute: datetime


async def newest_dead_letters(
    url: str, limit: int = 50, reason: str | None = None, device: str | None = None
) -> list[Letter]:
    """Newest dead letters, optionally of one reason or device. Raises StoreUnavailable."""
    values = {"id": None, "limit": limit, "reason": reason, "device": device, "bytes": SHOWN_BYTES}
    return await _letters(url, values)


async def one_dead_letter(url: str, letter_id: UUID) -> Letter | None:
    """One dead letter with its stored payload; None when not found."""
    values = {"id": letter_id, "limit": 1, "reason": None, "device": None, "bytes": DEAD_LETTER_BYTES}
    return next(iter(await _letters(url, values)), None)


async def _letters(url: str, values: Mapping[str, object]) -> list[Letter]:
    with sorted_errors():
        async with await connect(url) as conn, conn.cursor(row_factory=kwargs_row(_letter)) as cursor:
            await cursor.execute(SQL.list, values)
            return await cursor.fetchall()


def _letter(detail: str, detail_words: object, **columns: Any) -> Letter:
    return Letter(**columns, detail=stored(detail, detail_words))


async def dead_letter_counts(url: str, hours: float = 24) -> list[LetterCount]:
    """Refusals of the last hours, by reason and transport."""
    since = datetime.now(UTC) - timedelta(hours=hours)
    with sorted_errors():
        async with await connect(url) as conn, conn.cursor(row_factory=class_row(LetterCount)) as cursor:
            await cursor.execute(SQL.counts, {"since": since})
            return await cursor.fetchall()
