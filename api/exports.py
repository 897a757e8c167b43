"""Exports: files that are streamed while the store reads them, and noted in the audit before their first byte."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterable
from contextlib import aclosing
from typing import Any

from fastapi.responses import StreamingResponse
from starlette.requests import HTTPConnection
from starlette.types import Receive, Scope, Send

from api.context import Context
from api.database import audit, writing
from devices.sheets.escape import harmless
from hub.access.caller import Caller
from hub.access.door import until_refused

STALLED = "60s"
"""A reader that takes nothing for so long is cut off: it holds a connection and a snapshot of the database."""


class Export(StreamingResponse):
    """Ends its pieces, also when whoever asked leaves before the first one, or may not have them any more."""

    def __init__(self, first: bytes, pieces: AsyncGenerator[bytes, None], **options: Any) -> None:
        self._pieces = pieces
        super().__init__(self._from(first), **options)

    async def _from(self, first: bytes) -> AsyncIterator[bytes]:
        yield first
        async for piece in self._pieces:
            yield piece

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._pieces), asyncio.TaskGroup() as group:
            sending = group.create_task(super().__call__(scope, receive, send), name="export.send")
            refused = group.create_task(until_refused(HTTPConnection(scope)), name="export.refused")
            await asyncio.wait((sending, refused), return_when=asyncio.FIRST_COMPLETED)
            for task in (sending, refused):
                task.cancel()


def harmless_lines(rows: Iterable[Iterable[Any]]) -> bytes:
    """Rows as CSV; text that looks like a formula gets an apostrophe."""
    text = io.StringIO(newline="")
    lines = ([harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in rows)
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()


async def note_export(context: Context, caller: Caller, what: str, wanted: dict[str, Any]) -> None:
    """Write into the audit who takes what out of the hub, and by which filters; AuditUnavailable refuses the export."""
    given = {name: value for name, value in wanted.items() if value is not None}
    async with writing(context) as conn:
        await audit(conn, caller, f"{what}.export", what, given)
