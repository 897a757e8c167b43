"""Tables of cases as data: categories (大类, 小类) and deadlines, in versions of which the newest is in force."""

import json
from datetime import datetime
from importlib.resources import files
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Header, Query, Request, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.case_files import read_categories, read_deadlines, read_hours
from api.context import Here
from api.contract_types import LevelName, Name
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.terms import ZONE
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(prefix="/case-tables", tags=["cases"])
_CATEGORY_KEYS = {"category_kind": str, "code": str}
_LINE_KEYS = {"line": int}
HOURS = "08:30-12:00,13:30-17:30"
EXAMPLES = files("api") / "case_examples"
Version = Annotated[int | None, Query(ge=1, description="left out: the newest")]
ContentType = Annotated[str, Header(include_in_schema=False)]


def _csv(example: str) -> dict[str, Any]:
    content = {"text/csv": {"schema": {"type": "string"}, "example": (EXAMPLES / example).read_text("utf-8")[:400]}}
    return {"requestBody": {"required": True, "content": content}}


class CaseTable(BaseModel):
    """A version of a table."""

    kind: Literal["categories", "deadlines"]
    version: int
    name: str
    rows: int
    zone: str | None = Field(description="of deadlines: of their working hours")
    hours: list[Annotated[list[int], Field(min_length=2, max_length=2)]] | None = Field(
        description="of deadlines: working hours of a day, from and to in minutes"
    )
    imported_at: datetime


class CaseCategory(BaseModel):
    """A category."""

    category_kind: Literal["part", "event"]
    code: str
    parent: str | None
    name: str


class CaseDeadline(BaseModel):
    """How long a case may be in a stage; what is null is for all."""

    line: int
    category_kind: Literal["part", "event"] | None
    category: str | None
    level: LevelName | None
    stage: str
    seconds: int
    working: bool


@router.get("", response_model=list[CaseTable])
@needs(Permission.CASES_READ)
async def list_tables(context: Here) -> Any:
    """All versions of both tables, the newest first."""
    return await read(context, SQL.tables, {"kind": None, "version": None})


@router.get("/categories", response_model=Page[CaseCategory])
@needs(Permission.CASES_READ)
async def list_categories(paging: Paged, context: Here, version: Version = None) -> Any:
    """The categories of a version."""
    found = await read(context, SQL.categories, {"version": version, **paging.after(_CATEGORY_KEYS)})
    return paging.page(found, _CATEGORY_KEYS)


@router.get("/deadlines", response_model=Page[CaseDeadline])
@needs(Permission.CASES_READ)
async def list_deadlines(paging: Paged, context: Here, version: Version = None) -> Any:
    """The deadlines of a version."""
    return paging.page(await read(context, SQL.deadlines, {"version": version, **paging.after(_LINE_KEYS)}), _LINE_KEYS)


@router.get("/{kind}:example", response_class=Response, responses={200: {"content": {"text/csv": {}}}})
@needs(Permission.CASES_READ)
async def get_example(kind: Literal["categories", "deadlines"]) -> Response:
    """A small example of a file, to begin with: no city's own table."""
    headers = {"content-disposition": f'attachment; filename="{kind}.csv"'}
    return Response((EXAMPLES / f"{kind}.csv").read_text("utf-8"), 200, headers, "text/csv; charset=utf-8")


@router.post(
    "/categories", response_model=CaseTable, status_code=201, responses=responses(415, 422),
    openapi_extra=_csv("categories.csv"),
)  # fmt: skip
@needs(Permission.CASES_CONFIGURE)
async def import_categories(
    request: Request, context: Here, caller: TheCaller, spoken: Spoken,
    name: Annotated[Name, Query(description="what the table is called, such as the city and the year")],
    content_type: ContentType = "",
) -> Any:  # fmt: skip
    """Import a table of categories from a CSV file: kind (part or event), code, parent, name. Cases keep their version.

    Without a parent the code without its last two digits is it.
    """
    _is_csv(content_type, spoken)
    found = read_categories(await request.body(), spoken)
    async with writing(context) as conn:
        version = await _next(conn, "categories")
        await execute(conn, SQL.add_table, _table("categories", version, name, caller.actor))
        columns = dict(zip(("kinds", "codes", "parents", "names"), map(list, zip(*found, strict=True)), strict=True))
        await execute(conn, SQL.add_categories, {"version": version, **columns})
        await audit(conn, caller, "case_table.import", f"categories/{version}", {"name": name, "rows": len(found)})
        [table] = await rows(conn, SQL.tables, {"kind": "categories", "version": version})
        return table


@router.post(
    "/deadlines", response_model=CaseTable, status_code=201, responses=responses(415, 422),
    openapi_extra=_csv("deadlines.csv"),
)  # fmt: skip
@needs(Permission.CASES_CONFIGURE)
async def import_deadlines(
    request: Request, context: Here, caller: TheCaller, spoken: Spoken,
    name: Annotated[Name, Query(description="what the table is called, such as the city and the year")],
    hours: Annotated[str, Query(max_length=200, description="working hours of a workday")] = HOURS,
    zone: Annotated[str, Query(max_length=60)] = ZONE,
    content_type: ContentType = "",
) -> Any:  # fmt: skip
    """Import a table of deadlines from a CSV file: kind, category, level, stage, limit (30m, 4h, 2d), time (working or
    calendar). Deadlines that were stated stay; the stage `case` is from filing to the end."""
    _is_csv(content_type, spoken)
    spans = read_hours(hours)
    if spans is None:
        raise invalid("hours", text("refusal.case_table.hours", spoken, told=hours[:80], example=HOURS))
    if zone not in available_timezones():
        raise invalid("zone", text("refusal.case_table.zone", spoken, told=zone[:60], example=ZONE))
    workday_s = 60 * sum(last - first for first, last in spans)
    async with writing(context) as conn:
        known = {(each["category_kind"], each["code"]) for each in await rows(conn, SQL.known_categories)}
        found = read_deadlines(await request.body(), workday_s, known, spoken)
        version = await _next(conn, "deadlines")
        made = _table("deadlines", version, name, caller.actor)
        await execute(conn, SQL.add_table, {**made, "zone": str(ZoneInfo(zone)), "hours": json.dumps(spans)})
        names = ("kinds", "categories", "levels", "stages", "seconds", "working")
        columns = dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
        await execute(conn, SQL.add_deadlines, {"version": version, **columns})
        await audit(conn, caller, "case_table.import", f"deadlines/{version}", {"name": name, "rows": len(found)})
        [table] = await rows(conn, SQL.tables, {"kind": "deadlines", "version": version})
        return table


def _is_csv(content_type: str, lang: Lang) -> None:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ProblemError(415, text("refusal.case_table.type", lang))


def _table(kind: str, version: int, name: str, actor: str) -> dict[str, Any]:
    return {"kind": kind, "version": version, "name": name, "zone": None, "hours": None, "by": actor}


async def _next(conn: AsyncConnection, kind: str) -> int:
    """The number of the next version, under a lock that others wait for."""
    await execute(conn, SQL.lock, {})
    found = await row(conn, SQL.newest, {"kind": kind})
    return 1 + (found["version"] if found else 0)
