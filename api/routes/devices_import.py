"""Bulk import of devices from a sheet: all or nothing, unless bad lines may be skipped."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

import psycopg
from fastapi import Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field
from starlette.types import Receive, Scope, Send

from api.context import Context, Here
from api.http.disconnect import while_connected
from api.problems import ERRORS_SHOWN, Fault, ProblemError, responses
from api.sheets.importing import Import, Wanted
from api.sheets.result import Result
from devices.sheets.mistakes import Mistake
from devices.sheets.report import csv_report, xlsx_report
from devices.sheets.template import csv_template, xlsx_template
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.errors import TransientError
from hub.words import Lang, preferred

log = logging.getLogger(__name__)
router = GuardedRouter(tags=["devices"])
BODY_LIMIT = 128 << 20
"""Bytes: about 1,000,000 devices. The sheet is kept on disk while it is read, never in memory."""
CHANGES_SHOWN = 1_000
"""Changes of a dry run in one answer; the stream tells all."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
NDJSON = "application/x-ndjson"
FILES = {"text/csv": {"schema": {"type": "string"}}, XLSX: {"schema": {"type": "string", "format": "binary"}}}
"""Content of an answer that is a file, for the description."""
_TAKEN = ("text/csv", XLSX, "application/vnd.ms-excel", "application/octet-stream")
_REFUSED = {**responses(422)[422], "content": {**responses(422)[422]["content"], **FILES}}
_EXAMPLE = """code,name,profile,parent,organisation,region,lon,lat
pole-1,文三路1号杆,smart-pole,,lamps,330106000000,120.13,30.28
air-1,文三路空气站,air-station,pole-1,,330106000000,120.13,30.28
"""


class Change(BaseModel):
    """Effect of an import on one line."""

    line: int
    code: str
    action: Literal["create", "change"]
    changes: dict[str, list[Any]] | None = Field(default=None, description="each column: as it is, as it would be")


class Imported(BaseModel):
    """Numbers of devices created, updated, unchanged and skipped."""

    created: int
    updated: int
    unchanged: int
    skipped: int = Field(description="lines left out for what is wrong with them; with skip_bad only")
    dry_run: bool
    errors: list[Fault] = Field(description="why lines were skipped, the first of them")
    warnings: list[Fault] = Field(description="what is doubtful and was imported all the same, the first of it")
    changes: list[Change] = Field(description="of a dry run, the first of them")


@router.get("/devices:template", response_class=Response, responses={200: {"content": FILES}})
@needs(Permission.DEVICES_READ)
async def device_template(
    form: Annotated[Literal["csv", "xlsx"], Query(alias="format", description="csv or xlsx")] = "xlsx",
) -> Response:
    """An empty sheet to fill in; the workbook explains each column in English and Chinese."""
    made = await asyncio.to_thread(xlsx_template if form == "xlsx" else csv_template)
    return _file(made, form, "devices")


@router.post(
    "/devices:import",
    response_model=Imported,
    responses={200: {"content": {**FILES, NDJSON: {"schema": {"type": "string"}}}}, **responses(415), 422: _REFUSED},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE},
                **dict.fromkeys(_TAKEN[1:], FILES[XLSX]),
            },
        }
    },
)
@needs(Permission.DEVICES_WRITE)
async def import_devices(
    request: Request,
    context: Here,
    caller: TheCaller,
    dry_run: Annotated[bool, Query(description="only tell what would be done")] = False,
    skip_bad: Annotated[bool, Query(description="leave out bad lines instead of refusing all")] = False,
    report: Annotated[Literal["csv", "xlsx"] | None, Query(description="answer with the report as a file")] = None,
    lang: Annotated[Lang | None, Query(description="of the report; else as Accept-Language says")] = None,
    accept_language: Annotated[str | None, Header(max_length=400)] = None,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
    accept: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """Register the devices of a CSV or XLSX file, or bring them up to date.

    The first line names the columns, in English or Chinese: code, name, profile and, where wanted, parent,
    organisation, region, lon, lat, crs, zone, state, tags. A parent may come later in the file than its child. A
    column that is left out stays as it is; an empty cell clears. Importing the same file again changes nothing. If
    any line is wrong, nothing is stored, and the answer lists each line, column, what is wrong and what would be
    right. `Accept: application/x-ndjson` streams the progress, every mistake and every change, one JSON object a line.
    """
    if content_type.split(";")[0].strip().lower() not in _TAKEN:
        raise ProblemError(415, f"send the file with Content-Type: text/csv or {XLSX}")
    folder = TemporaryDirectory(prefix="ganzhi-import-")
    wanted = Wanted(dry_run, skip_bad)
    try:
        path = await _received(request, Path(folder.name))
        if NDJSON in accept:
            return _Stream(context, caller, path, wanted, folder)
        work = Import(context, caller, path, wanted, lambda _doing, _share: None)
        result = await while_connected(request, work.run())
    except BaseException:
        folder.cleanup()
        raise
    folder.cleanup()
    if report is not None:
        write = xlsx_report if report == "xlsx" else csv_report
        made = await asyncio.to_thread(write, result.mistakes, lang or preferred(accept_language))
        return _file(made, report, "report", 200 if result.done else 422)
    if not result.done:
        raise _refused(result)
    return _told(result, wanted)


def _file(made: bytes, form: str, name: str, status: int = 200) -> Response:
    kind = XLSX if form == "xlsx" else "text/csv; charset=utf-8"
    return Response(made, status, {"Content-Disposition": f'attachment; filename="{name}.{form}"'}, kind)


async def _received(request: Request, folder: Path) -> Path:
    path = folder / "sheet"
    with path.open("wb") as out:
        async for block in request.stream():
            out.write(block)  # into the page cache; the limit of the body bounds it
    return path


def _refused(result: Result) -> ProblemError:
    errors = [item for item in result.mistakes if item.grade == "error"]
    shown = f"; the first {ERRORS_SHOWN} are listed" if result.errors > ERRORS_SHOWN else ""
    count = "1 thing is" if result.errors == 1 else f"{result.errors} things are"
    return ProblemError(
        422, f"nothing was imported: {count} wrong in the file{shown}", [_fault(item) for item in errors]
    )


def _fault(mistake: Mistake) -> Fault:
    problem = f"{mistake.wrong}; {mistake.right}" if mistake.right else mistake.wrong
    return Fault(line=mistake.line, column=mistake.column or None, problem=problem)


def _told(result: Result, wanted: Wanted) -> dict[str, Any]:
    faults = {
        grade: [_fault(item) for item in result.mistakes if item.grade == grade][:ERRORS_SHOWN]
        for grade in ("error", "warning")
    }
    counts = {name: getattr(result, name) for name in ("created", "updated", "unchanged", "skipped")}
    changes = result.changes[:CHANGES_SHOWN]
    return {
        **counts,
        "dry_run": wanted.dry_run,
        "errors": faults["error"],
        "warnings": faults["warning"],
        "changes": changes,
    }


class _Stream(StreamingResponse):
    """NDJSON: `doing` with progress, then each `mistake`, each `change`, and the `result` or `problem`."""

    def __init__(
        self, context: Context, caller: Caller, path: Path, wanted: Wanted, folder: "TemporaryDirectory[str]"
    ) -> None:
        super().__init__(self._lines(), media_type=NDJSON)
        self._wanted, self._folder = wanted, folder
        self._doing: asyncio.Queue[str | None] = asyncio.Queue()  # some hundred lines for the largest sheet
        self._import = Import(context, caller, path, wanted, self._tell)
        self._result: Result | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Import while streaming; if the client disconnects, the transaction is rolled back."""
        try:
            async with asyncio.TaskGroup() as group:
                importing = group.create_task(self._run(), name="import")
                await super().__call__(scope, receive, send)
                importing.cancel()
        finally:
            self._folder.cleanup()

    def _tell(self, doing: str, share: float) -> None:
        self._doing.put_nowait(_line(doing=doing, share=share))

    async def _run(self) -> None:
        try:
            self._result = await self._import.run()
        except (psycopg.OperationalError, TransientError) as error:
            log.warning("an import ended: the database is not available: %s", error)
        self._doing.put_nowait(None)

    async def _lines(self) -> AsyncIterator[str]:
        while (line := await self._doing.get()) is not None:
            yield line
        result = self._result
        if result is None:
            yield _line(problem="the database cannot be reached now; try again: what is stored by now stays as it is")
            return
        for mistake in result.mistakes:
            yield _line(mistake=mistake._asdict())
        for change in result.changes:
            yield _line(change=change)
        counts = {name: getattr(result, name) for name in ("rows", "created", "updated", "unchanged", "skipped")}
        more = {"done": result.done, "dry_run": self._wanted.dry_run, "errors": result.errors}
        yield _line(result={**counts, **more})


def _line(**members: Any) -> str:
    return json.dumps(members, ensure_ascii=False) + "\n"
