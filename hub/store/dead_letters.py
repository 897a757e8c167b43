"""What could not be stored, newest first."""

from datetime import datetime
from typing import NamedTuple

from psycopg.rows import class_row

from hub.store.pool import connect, sorted_errors
from hub.store.statements import load


class Letter(NamedTuple):
    """A dead letter as a person looks at it; the payload is its first 400 bytes."""

    received_at: datetime
    reason: str
    device: str | None
    address: str
    detail: str
    payload: bytes
    payload_size: int


async def newest_dead_letters(
    url: str, limit: int = 50, reason: str | None = None, device: str | None = None
) -> list[Letter]:
    """The newest dead letters, of a reason or a device where given; StoreUnavailable when the store is away."""
    with sorted_errors():
        async with await connect(url) as conn, conn.cursor(row_factory=class_row(Letter)) as cursor:
            values = {"limit": limit, "reason": reason, "device": device}
            await cursor.execute(load("dead_letter_list"), values)
            return await cursor.fetchall()
