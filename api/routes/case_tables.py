"""Tables of cases as data: categories (大类, 小类) and deadlines, in versions of which the newest is in force."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from importlib.resources import files
from typing import Annotated, Any, Literal, NamedTuple
from zoneinfo import ZoneInfo, available_timezones

from fastapi import Header, Query, Request, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.case_changes import (
    CaseTableChanges,
    CaseTableTerms,
    TableLine,
    categories_by_line,
    changes,
    deadlines_by_line,
)
from api.case_files import read_categories, read_deadlines, read_hours
from api.context import Here
from api.contract_types import LevelName, Name
from api.cursors import Page, Paged
from api.database import audit, execute, read, rows, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, responses
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.clock import Span
from hub.cases.terms import ZONE
from hub.store.statements import statements
from hub.words import Lang, text
from hub.words.sentence import Sentence

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


class ImportedTable(CaseTable):
    """A version that was made, or that would be."""

    dry_run: bool
    in_force: CaseTable | None = Field(description="the version before it; null: there was none")
    changes: CaseTableChanges


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


MADE: dict[int | str, dict[str, Any]] = {
    200: {"model": ImportedTable, "description": "what would change"}, **responses(409, 415, 422)
}  # fmt: skip
DryRun = Annotated[bool, Query(description="only tell what would change")]
InForce = Annotated[
    int | None,
    Query(ge=0, description="the version in force that a dry run told, 0 for none: 409 if another is by now"),
]


@router.post(
    "/categories", response_model=ImportedTable, status_code=201, responses=MADE, openapi_extra=_csv("categories.csv")
)
@needs(Permission.CASES_CONFIGURE)
async def import_categories(
    request: Request, response: Response, context: Here, caller: TheCaller, spoken: Spoken,
    name: Annotated[Name, Query(description="what the table is called, such as the city and the year")],
    dry_run: DryRun = False, in_force: InForce = None, content_type: ContentType = "",
) -> Any:  # fmt: skip
    """Import a table of categories from a CSV file: kind (part or event), code, parent, name. Cases keep their version.

    Without a parent the code without its last two digits is it.
    """
    _is_csv(content_type, spoken)
    found = read_categories(await request.body(), spoken)
    table = NewTable("categories", name, len(found))
    async with writing(context) as conn:
        newest = await _newest(conn, "categories", None if dry_run else in_force)
        before = categories_by_line(await rows(conn, SQL.known_categories))
        after = {
            TableLine(kind, code): CaseTableTerms(name=named, parent=parent) for kind, code, parent, named in found
        }
        told = _told(table, newest, changes(before, after), dry_run)
        if dry_run:
            response.status_code = 200
            return told
        await execute(conn, SQL.add_table, {**told, "by": caller.actor, "hours": None})
        columns = dict(zip(("kinds", "codes", "parents", "names"), map(list, zip(*found, strict=True)), strict=True))
        await execute(conn, SQL.add_categories, {"version": told["version"], **columns})
        return await _made(conn, caller, told)


@router.post(
    "/deadlines", response_model=ImportedTable, status_code=201, responses=MADE, openapi_extra=_csv("deadlines.csv")
)
@needs(Permission.CASES_CONFIGURE)
async def import_deadlines(
    request: Request, response: Response, context: Here, caller: TheCaller, spoken: Spoken,
    name: Annotated[Name, Query(description="what the table is called, such as the city and the year")],
    hours: Annotated[
        str | None, Query(max_length=200, description=f"working hours of a day; left out: those in force, or {HOURS}")
    ] = None,
    zone: Annotated[str | None, Query(max_length=60, description=f"left out: that in force, or {ZONE}")] = None,
    dry_run: DryRun = False, in_force: InForce = None, content_type: ContentType = "",
) -> Any:  # fmt: skip
    """Import a table of deadlines from a CSV file: kind, category, level, stage, limit (30m, 4h, 2d), time (working or
    calendar). Deadlines that were stated stay; the stage `case` is from filing to the end."""
    _is_csv(content_type, spoken)
    given = _hours(HOURS if hours is None else hours)
    if zone is not None and zone not in available_timezones():
        raise invalid("zone", Sentence("refusal.case_table.zone", told=zone[:60], example=ZONE))
    async with writing(context) as conn:
        newest = await _newest(conn, "deadlines", None if dry_run else in_force)
        spans = given if hours is not None or newest is None else [(first, last) for first, last in newest["hours"]]
        zone = zone or (ZONE if newest is None else newest["zone"])
        workday_s = 60 * sum(last - first for first, last in spans)
        known = {(each["category_kind"], each["code"]) for each in await rows(conn, SQL.known_categories)}
        found = read_deadlines(await request.body(), workday_s, known, spoken)
        table = NewTable("deadlines", name, len(found), str(ZoneInfo(zone)), [list(span) for span in spans])
        before = deadlines_by_line(await rows(conn, SQL.known_deadlines))
        after = deadlines_by_line(each._asdict() for each in found)
        told = _told(table, newest, changes(before, after), dry_run)
        if dry_run:
            response.status_code = 200
            return told
        await execute(conn, SQL.add_table, {**told, "by": caller.actor, "hours": json.dumps(spans)})
        names = ("kinds", "categories", "levels", "stages", "seconds", "working")
        columns = dict(zip(names, map(list, zip(*found, strict=True)), strict=True))
        await execute(conn, SQL.add_deadlines, {"version": told["version"], **columns})
        return await _made(conn, caller, told)


class NewTable(NamedTuple):
    """A version that is imported."""

    kind: Literal["categories", "deadlines"]
    name: str
    rows: int
    zone: str | None = None
    hours: list[list[int]] | None = None


async def _newest(conn: AsyncConnection, kind: str, seen: int | None) -> Mapping[str, Any] | None:
    """Holds the tables until the commit; the one in force, 409 if that is not the version that was `seen`."""
    await execute(conn, SQL.lock, {})
    found = await rows(conn, SQL.tables, {"kind": kind, "version": None})
    newest = found[0] if found else None
    version = 0 if newest is None else newest["version"]
    if seen is not None and seen != version:
        raise ProblemError(409, Sentence("refusal.case_table.newer", seen=seen, version=version))
    return newest


def _hours(told: str) -> list[Span]:
    spans = read_hours(told)
    if spans is None:
        raise invalid("hours", Sentence("refusal.case_table.hours", told=told[:80], example=HOURS))
    return spans


def _told(
    table: NewTable, newest: Mapping[str, Any] | None, changed: CaseTableChanges, dry_run: bool
) -> dict[str, Any]:
    """As `ImportedTable`, of what will be or would be made after the one in force."""
    return {
        **table._asdict(),
        "version": 1 + (newest["version"] if newest else 0),
        "imported_at": datetime.now(UTC),
        "dry_run": dry_run,
        "in_force": newest,
        "changes": changed,
    }


async def _made(conn: AsyncConnection, caller: Caller, told: dict[str, Any]) -> dict[str, Any]:
    noted = {"name": told["name"], "rows": told["rows"]}
    await audit(conn, caller, "case_table.import", f"{told['kind']}/{told['version']}", noted)
    [table] = await rows(conn, SQL.tables, {"kind": told["kind"], "version": told["version"]})
    return told | table


def _is_csv(content_type: str, lang: Lang) -> None:
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ProblemError(415, text("refusal.case_table.type", lang))
