"""An entry of the audit, written in the transaction of what it tells."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from hub.errors import AuditUnavailable
from hub.store.statements import statements

SQL = statements(__name__)


@dataclass(slots=True, frozen=True)
class Entry:
    """What somebody did; must never contain a secret."""

    actor: str
    """An id that outlives the erasure of a person: `principal:<uuid>`, `device:<code>`, `local`."""
    action: str
    """What was done to what: `device.put`, `login.failure`."""
    subject: str
    detail: Any = field(default_factory=dict)
    """JSON."""
    address: str | None = None
    """Where the request came from, if it is known."""
    at: datetime | None = None
    """Of an entry that waited in a journal; of another it is not looked at, for it has the time of now."""
    journal: UUID | None = None
    """Id of an entry that waited in a local file; it is appended once."""


async def write(conn: psycopg.AsyncConnection[Any], entry: Entry) -> None:
    """Append an entry in the transaction of the connection, if it has one. No lock is taken that others wait for.

    Raises AuditUnavailable when it cannot be written; the driver's error for a lost connection or an impossible value.
    """
    values = (entry.at, entry.actor, entry.action, entry.subject, Jsonb(entry.detail), entry.address, entry.journal)
    try:
        await conn.execute(SQL.write, values)
    except psycopg.DataError:
        raise
    except psycopg.Error as error:
        if conn.closed:
            raise
        raise AuditUnavailable(str(error).partition("\n")[0]) from error
