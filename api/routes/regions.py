"""Administrative divisions, from provinces to villages."""

from contextlib import aclosing
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any

from fastapi import Header, Query, Request
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.context import Context, Here
from api.contract_types import Region, RegionPrefix
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, rows, writing
from api.http.disconnect import while_connected
from api.problems import ERRORS_SHOWN, Fault, ProblemError, not_found, responses
from devices.places import regions as divisions
from devices.places.regions import LATEST, Level, ancestors
from devices.sheets.reading import TURNS, read_parts
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["regions"])
BODY_LIMIT = 128 << 20
"""Bytes; all villages of the country are about 40 MB. Kept on disk while it is read."""
_KEYS = {"code": str}
_EXAMPLE = """code,name,level,valid_from,valid_to,successors
330110000000,余杭区,county,,,
330184000000,余杭市,county,1994-04-08,2001-03-12,330110000000
"""


class Division(BaseModel):
    """An administrative division."""

    code: Region
    name: str
    level: Level
    valid_from: date = Field(description="its first day; 1900-01-01 where it is not known")
    valid_to: date | None = Field(description="the first day on which it was no more; null while it is")
    successors: list[Region] = Field(description="what came after it, where that is known")


class DivisionDetail(Division):
    """A division with its ancestors."""

    ancestors: list[Division] = Field(description="from the province down")
    devices: int = Field(description="how many are in it and below it, those that are retired left out")


class Loaded(BaseModel):
    """Result of importing divisions."""

    created: int
    updated: int
    unchanged: int
    warnings: list[Fault]


@router.get("/regions", response_model=Page[Division])
@needs(Permission.REGIONS_READ)
async def list_regions(
    paging: Paged,
    context: Here,
    prefix: Annotated[RegionPrefix | None, Query(description="a subtree, by the first digits of its code")] = None,
    level: Annotated[Level | None, Query()] = None,
    q: Annotated[str | None, Query(max_length=100, description="part of a name")] = None,
    at: Annotated[date | None, Query(description="those of that day; else of today")] = None,
) -> Any:
    """Divisions by code, as of a given day."""
    wanted = {"prefix": prefix, "level": level, "q": q, "at": at or date.today()}  # noqa: DTZ011 days have no zone
    found = await read(context, SQL.regions, {**wanted, **paging.after(_KEYS)})
    return paging.page([_shown(item) for item in found], _KEYS)


@router.get("/regions/{code}", response_model=DivisionDetail, responses=responses(404))
@needs(Permission.REGIONS_READ)
async def get_region(
    code: Region, context: Here, at: Annotated[date | None, Query(description="as it was on that day")] = None
) -> Any:
    """One division with its ancestors; without a day as of today, or the last one with that code."""
    async with context.pool.connection() as conn:
        found = await rows(conn, SQL.region, {"codes": [code], "at": at})
        if not found:
            raise not_found("division", code)
        above = await rows(conn, SQL.region, {"codes": ancestors(code), "at": at})
        devices = await row(conn, SQL.region_devices, {"prefix": code[: divisions.DIGITS[divisions.level_of(code)]]})
    return {**_shown(found[0]), "ancestors": [_shown(item) for item in above], **(devices or {})}


@router.post(
    "/regions:import",
    response_model=Loaded,
    responses=responses(415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
@needs(Permission.REGIONS_WRITE)
async def import_regions(
    request: Request,
    context: Here,
    caller: TheCaller,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """Load divisions from a CSV file: code, name, and where wanted level, valid_from, valid_to, successors.

    A code that is there already from the same day is brought up to date; nothing is taken away: give one that has
    ended its valid_to, and its successors where they are known. All or nothing, and twice is once.
    """
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ProblemError(415, "send the file with Content-Type: text/csv")
    with TemporaryDirectory(prefix="ganzhi-regions-") as folder:
        path = Path(folder) / "regions.csv"
        with path.open("wb") as out:
            async for block in request.stream():
                out.write(block)
        return await while_connected(request, _load(context, caller, path))


async def _load(context: Context, caller: Caller, path: Path) -> dict[str, Any]:
    async with TURNS, writing(context) as conn:
        await execute(conn, SQL.region_staging, {})
        count = await _stage(conn, path)
        await row(conn, DATABASE.registry_lock)
        changed = [item["created"] for item in await rows(conn, SQL.region_merge)]
        created = sum(changed)
        counts = {"created": created, "updated": len(changed) - created, "unchanged": count - len(changed)}
        if changed:
            await audit(conn, caller, "regions.import", f"{count} divisions", counts)
        return {**counts, "warnings": [_warning(item) for item in await rows(conn, SQL.region_gaps)]}


async def _stage(conn: AsyncConnection, path: Path) -> int:
    """Copy a file's divisions to the staging table; how many there are, or ProblemError 422."""
    shown: list[Fault] = []
    count = wrong = 0
    async with (
        aclosing(read_parts("regions", path)) as parts,
        conn.cursor() as cursor,
        cursor.copy(SQL.region_copy.encode()) as copy,
    ):
        async for part in parts:
            await copy.write(part.rows)
            count += part.rows.count(b"\n")
            wrong += len(part.mistakes)
            told = part.mistakes[: ERRORS_SHOWN - len(shown)]
            shown += [Fault(line=item.line, column=item.column or None, problem=item.wrong) for item in told]
    if wrong:
        more = f"; the first {ERRORS_SHOWN} are listed" if wrong > ERRORS_SHOWN else ""
        raise ProblemError(422, f"nothing was loaded: {wrong} things are wrong in the file{more}", shown)
    return count


def _warning(gap: dict[str, Any]) -> Fault:
    problem = f"{gap['code']} {gap['name']} is here, but nothing above it, {gap['above']}, is: load that too"
    return Fault(line=gap["line"], column="code", problem=problem)


def _shown(found: dict[str, Any]) -> dict[str, Any]:
    return {**found, "valid_to": None if found["valid_to"] == LATEST else found["valid_to"]}
