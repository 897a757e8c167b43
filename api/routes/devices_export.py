"""Export of devices as a sheet the import accepts unchanged."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import Query
from fastapi.responses import Response, StreamingResponse

from api.context import Context, Here
from api.contract_types import Code, ExportCeiling, RegionPrefix
from api.database import Row, read
from api.exports import note_export
from api.routes.devices_import import FILES, XLSX
from devices.lifecycle import State
from devices.sheets.writing import COLUMNS, Workbook, cells_of, csv_lines
from hub.access.classification import Level, cut_row, level_named
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.inventory import EXPORTED
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["devices"])
PAGE = 5_000
"""Devices that are read at once; no connection is held while a slow reader takes them."""
_BLOCK = 1 << 16


@router.get("/devices:export", response_class=Response, responses={200: {"content": FILES}})
@needs(Permission.DEVICES_READ)
async def export_devices(
    context: Here,
    caller: TheCaller,
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format")] = "csv",
    profile: Annotated[Code | None, Query()] = None,
    organisation: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    parent: Annotated[Code | None, Query(description="only what hangs on this device")] = None,
    state: Annotated[State | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a code or a name")] = None,
    ceiling: ExportCeiling = "core",
) -> Response:
    """Devices by code, with the list's filters; text that looks like a formula gets a leading apostrophe."""
    wanted = {
        "profile": profile,
        "organisation": organisation,
        "region": region,
        "parent": parent,
        "state": state,
        "q": q,
    }
    top = level_named(ceiling)
    await note_export(context, caller, "devices", {"format": form, "ceiling": ceiling, **wanted})
    first = await _page(context, wanted, None)  # what is wrong is a problem as long as nothing has been sent
    pages = _pages(context, wanted, first, top)
    lines = _csv(pages) if form == "csv" else _xlsx(pages)
    kind = "text/csv; charset=utf-8" if form == "csv" else XLSX
    return StreamingResponse(lines, 200, {"Content-Disposition": f'attachment; filename="devices.{form}"'}, kind)


async def _page(context: Context, wanted: dict[str, Any], after: str | None) -> list[Row]:
    return await read(context, SQL.devices_export, {**wanted, "after_code": after, "limit": PAGE})


async def _pages(context: Context, wanted: dict[str, Any], page: list[Row], ceiling: Level) -> AsyncIterator[list[Row]]:
    while page:
        yield [cut_row(row, EXPORTED, ceiling) for row in page]
        page = await _page(context, wanted, page[-1]["code"]) if len(page) == PAGE else []


async def _csv(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    yield "\ufeff".encode() + csv_lines([COLUMNS])  # Excel knows UTF-8 by the mark
    async for page in pages:
        yield await asyncio.to_thread(csv_lines, map(cells_of, page))


async def _xlsx(pages: AsyncIterator[list[Row]]) -> AsyncIterator[bytes]:
    with TemporaryDirectory(prefix="ganzhi-export-") as folder:
        book, path = Workbook(), Path(folder) / "devices.xlsx"
        book.add([COLUMNS])
        async for page in pages:
            await asyncio.to_thread(book.add, map(cells_of, page))
        await asyncio.to_thread(book.save, path)
        with path.open("rb") as made:
            while block := made.read(_BLOCK):
                yield block
