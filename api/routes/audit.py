"""The audit: who did what, the head of its chain, and all of it as a file."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import datetime
from typing import Annotated, Any

import msgspec
from fastapi import Depends, Query, Response
from psycopg.rows import dict_row
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Time
from api.cursors import Page, Paged
from api.database import read
from api.exports import STALLED, Export, harmless_lines, note_export
from api.problems import ProblemError, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.audit.head import head, sign
from hub.errors import ConfigError
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/audit", tags=["audit"])
_KEYS = {"id": int}
ROWS = 500
"""Entries of one piece of an export."""
_running = asyncio.Semaphore(2)
"""Exports at a time: each holds a connection and a snapshot of the database while its reader reads."""
COLUMNS = ("seq", "id", "at", "actor", "action", "subject", "address", "detail", "sealed_at", "algorithm", "hash")


class AuditEntry(BaseModel):
    """Who did what."""

    id: int
    seq: int | None = Field(description="place in the chain; null until it is sealed, some seconds later")
    at: datetime
    actor: str = Field(description="an id, which outlives the erasure of a person")
    action: str = Field(examples=["device.put"])
    subject: str
    address: str | None = Field(description="where the request came from, if it is known")
    detail: Any


class AuditHead(BaseModel):
    """The newest link of the chain; noted elsewhere, it shows later that nobody made the chain anew."""

    seq: int
    hash: str
    algorithm: str
    sealed_at: datetime
    signed: str = Field(description="the text that is signed")
    signature: str | None = Field(description="Ed25519, in base64; null without audit.signing_key_file")


def _wanted(
    actor: Annotated[str | None, Query(max_length=200)] = None,
    action: Annotated[str | None, Query(max_length=64, description="`device.put`, or `device` for all of them")] = None,
    subject: Annotated[str | None, Query(max_length=400)] = None,
    since: Annotated[Time | None, Query(description="then or later")] = None,
    until: Annotated[Time | None, Query(description="before")] = None,
) -> dict[str, Any]:
    return {"actor": actor, "action": action, "subject": subject, "since": since, "until": until}


Filters = Annotated[dict[str, Any], Depends(_wanted)]


@router.get("", response_model=Page[AuditEntry])
@needs(Permission.AUDIT_READ)
async def list_audit(paging: Paged, context: Here, wanted: Filters) -> Any:
    """Entries of the audit, newest first."""
    return paging.page(await read(context, SQL.entries, {**wanted, **paging.after(_KEYS)}), _KEYS)


@router.get("/head", response_model=AuditHead, responses=responses(404, 500))
@needs(Permission.AUDIT_READ)
async def audit_head(context: Here) -> Any:
    """The head of the chain, signed if there is a key."""
    async with context.pool.connection() as conn:
        found = await head(conn)
    if found is None:
        raise not_found("entry of the audit that is sealed", "newest")
    try:
        signature = sign(context.settings.audit.signing_key_file, found)
    except ConfigError as error:
        raise ProblemError(500, error.detail) from error
    return {**found._asdict(), "signed": found.line, "signature": signature}


@router.get(
    "/export.csv",
    response_class=Response,
    responses={200: {"content": {"text/csv": {"schema": {"type": "string"}}}}, **responses(422, 503)},
)
@needs(Permission.AUDIT_READ)
async def export_audit(context: Here, caller: TheCaller, wanted: Filters) -> Response:
    """Stream all matching entries with their links, the oldest first, as CSV in UTF-8 with a byte order mark."""
    if _running.locked():
        raise ProblemError(503, "2 exports of the audit are running already; try again", headers={"Retry-After": "10"})
    told = {name: value.isoformat() if isinstance(value, datetime) else value for name, value in wanted.items()}
    await note_export(context, caller, "audit", told)
    pieces = _pieces(context, wanted)
    first = await anext(pieces)
    headers = {"Content-Disposition": 'attachment; filename="audit.csv"'}
    return Export(first, pieces, media_type="text/csv; charset=utf-8", headers=headers)


async def _pieces(context: Context, wanted: dict[str, Any]) -> AsyncGenerator[bytes, None]:
    async with _running, context.pool.connection() as conn, conn.transaction():
        await conn.execute(f"set local idle_in_transaction_session_timeout = '{STALLED}'".encode())
        async with conn.cursor("audit_export", row_factory=dict_row) as cursor:
            await cursor.execute(SQL.export.encode(), wanted)
            yield "\ufeff".encode() + harmless_lines([COLUMNS])
            while found := await cursor.fetchmany(ROWS):
                yield harmless_lines([_cell(row[name]) for name in COLUMNS] for row in found)


def _cell(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return msgspec.json.encode(value).decode() if isinstance(value, dict | list) else value
