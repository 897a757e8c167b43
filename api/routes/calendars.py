"""Calendars of workdays (工作日历): per year the days that differ from the week, as they are published."""

from datetime import date
from typing import Annotated, Any

from fastapi import Header, Path, Request
from psycopg import AsyncConnection
from pydantic import BaseModel, Field

from api.calendar_file import read_calendar
from api.context import Here
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken
from api.problems import ProblemError, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words import text

SQL = statements(__name__)

router = GuardedRouter(prefix="/calendars", tags=["duty"])
_KEYS = {"year": int}
_EXAMPLE = """date,workday,name
2026-10-01,false,国庆节
2026-10-10,true,国庆节调休
"""
Year = Annotated[int, Path(ge=1970, le=2199)]


class CalendarYear(BaseModel):
    """The calendar of a year."""

    year: int
    named: int = Field(description="days that are in it; of the others the week decides")
    workdays: int = Field(description="days of the year on which people work")


class CalendarDay(BaseModel):
    """A day that differs from the week, or could."""

    date: date
    workday: bool
    name: str


class CalendarDetail(CalendarYear):
    """The calendar of a year with its days."""

    days: list[CalendarDay]


@router.get("", response_model=Page[CalendarYear])
@needs(Permission.CALENDARS_READ)
async def list_calendars(paging: Paged, context: Here) -> Any:
    """The years whose calendar was imported, the last one first; of others nothing is guessed."""
    return paging.page(await read(context, SQL.years, {"year": None, **paging.after(_KEYS)}), _KEYS)


@router.get("/{year}", response_model=CalendarDetail, responses=responses(404))
@needs(Permission.CALENDARS_READ)
async def get_calendar(year: Year, context: Here, spoken: Spoken) -> Any:
    """The calendar of one year."""
    async with context.pool.connection() as conn:
        found = await _calendar(conn, year)
    if found is None:
        raise ProblemError(404, text("refusal.calendar.missing", spoken, year=year))
    return found


@router.put(
    "/{year}",
    response_model=CalendarDetail,
    responses=responses(415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"text/csv": {"schema": {"type": "string"}, "example": _EXAMPLE}},
        }
    },
)
@needs(Permission.CALENDARS_WRITE)
async def put_calendar(
    year: Year,
    request: Request,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    content_type: Annotated[str, Header(include_in_schema=False)] = "",
) -> Any:
    """Import the calendar of a year from a CSV file: date, workday (true or false), name. It replaces the former one.

    Name the public holidays (节假日) and the workdays that make up for them (调休); of other days the week decides.
    """
    if content_type.split(";")[0].strip().lower() != "text/csv":
        raise ProblemError(415, "send the file with Content-Type: text/csv")
    days = read_calendar(await request.body(), year, spoken)
    async with writing(context) as conn:
        await execute(conn, SQL.lock, {})
        await execute(conn, SQL.clear, {"year": year})
        dates, workdays, names = (list(column) for column in zip(*days, strict=True))
        await execute(conn, SQL.add, {"dates": dates, "workdays": workdays, "names": names})
        told = {day.date.isoformat(): day.workday for day in days}
        await audit(conn, caller, "calendar.put", str(year), told)
        return await _calendar(conn, year)


async def _calendar(conn: AsyncConnection, year: int) -> dict[str, Any] | None:
    found = await row(conn, SQL.years, {"year": year, "after_year": None, "limit": 1})
    return found and {**found, "days": await rows(conn, SQL.days, {"year": year})}
