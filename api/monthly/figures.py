"""What a report tells of cases, as far as the caller may see."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, timedelta
from typing import Any

from psycopg import AsyncConnection

from api.case_reach import reach_of
from api.context import Context
from api.database import row, rows
from api.monthly.moment import Moment
from api.monthly.period import Told
from api.problems import not_found
from hub.cases.indicators import REGION_LEVELS, Counts, Indicator, Period, counts, listed
from hub.cases.indicators import SQL as INDICATORS
from hub.cases.reach import Reach
from hub.cases.stage_times import Stage, stages
from hub.cases.which import By, Which
from hub.store.statements import statements

SQL = statements(__name__)

GROUPS: tuple[By, ...] = ("region", "area", "category", "responsible", "organisation")
OVERDUE = 100
"""Cases that are listed at most."""
OLD = timedelta(days=3650)
"""How far back deadlines are looked at of cases that are still open."""

Names = Mapping[str, str]


@dataclass(slots=True, frozen=True)
class Figures:
    """Counts of a period and of what it is seen against."""

    set_name: str
    defined: Sequence[Indicator]
    counted: Counts
    before: Counts
    months: Mapping[str, Counts]
    groups: Mapping[By, Mapping[str | None, Counts]]
    stages: Sequence[Stage]
    overdue: Sequence[Mapping[str, Any]]
    """Cases past their deadline that are open, the oldest deadline first: OVERDUE + 1 at most."""
    names: Mapping[str, Names]
    """Of regions, areas, categories and organisations, by their keys."""
    without_deadline: int
    """Cases filed in the period that are in no `due`."""
    calendars: frozenset[int]
    """Years of which the workdays are known."""


async def case_figures(context: Context, at: Moment, told: Told, which: Which, set_code: str) -> Figures:
    """Read them. ProblemError where there is no such set of definitions."""
    reach, period = reach_of(context), told.period
    conn = at.conn
    defined = await row(conn, INDICATORS.sets, {"code": set_code, "about": "cases"})
    if defined is None:
        raise not_found("indicator set", set_code)
    whole, before = [(await counts(conn, each, which, reach=reach))[""] for each in (period, told.before)]
    months = await counts(conn, told.trend, which, "month", reach)
    groups = {by: await counts(conn, period, which, by, reach) for by in GROUPS}
    groups["region"] = await _divisions(conn, period, which, reach, groups["region"])
    times = await stages(conn, period, which, reach)
    async with at.seen_by(context) as seen:
        until = replace(period, first=max(date(1971, 1, 1), period.first - OLD))
        gaps = await row(seen, SQL.gaps, {**period.values, **_limits(which)}) or {}
        overdue = await _overdue(seen, until, which)
        return Figures(
            set_name=defined["name"],
            defined=[Indicator(**each) for each in defined["indicators"]],
            counted=whole,
            before=before,
            months={key: counted for key, counted in sorted(months.items()) if key},
            groups=groups,
            stages=times,
            overdue=overdue,
            names=await _names(seen, groups, overdue, which),
            without_deadline=gaps["without_deadline"],
            calendars=frozenset(gaps["calendars"]),
        )


async def unknown_limits(context: Context, which: Which) -> list[str]:
    """Names of the limits (region, area, organisation) that are of nothing that there is."""
    async with context.pool.connection() as conn:
        known = await row(conn, SQL.known, _limits(which)) or {}
    return [name for name, there in known.items() if not there]


async def named(conn: AsyncConnection, statement: str, keys: Iterable[str | None]) -> Names:
    """Names by their keys."""
    found = await rows(conn, statement, {"keys": sorted({key for key in keys if key})})
    return {each["key"]: each["name"] for each in found}


def _limits(which: Which) -> dict[str, str | None]:
    return {name: value for name, value in asdict(which).items() if name in ("region", "area", "organisation")}


async def _divisions(
    conn: AsyncConnection, period: Period, which: Which, reach: Reach, found: dict[str | None, Counts]
) -> dict[str | None, Counts]:
    """Counts by division; where all are in one, by those below it."""
    while len(found) == 1 and (key := next(iter(found))) and len(key) < REGION_LEVELS[-1]:
        found = await counts(conn, period, replace(which, region=key), "region", reach)
    return found


async def _overdue(conn: AsyncConnection, period: Period, which: Which) -> list[dict[str, Any]]:
    after = {"after_counted_at": None, "after_id": None, "limit": OVERDUE + 1}
    return await listed(conn, "overdue_open", period, which, after)


async def _names(
    conn: AsyncConnection,
    groups: Mapping[By, Mapping[str | None, Counts]],
    overdue: Sequence[Mapping[str, Any]],
    which: Which,
) -> dict[str, Names]:
    offices = [*groups["responsible"], *groups["organisation"], which.organisation]
    offices += [each["responsible"] for each in overdue]
    places = [each["region"] for each in overdue if each["region"]]
    regions = [*groups["region"], which.region, *(place[:digits] for place in places for digits in REGION_LEVELS)]
    return {
        "region": await named(conn, SQL.regions, regions),
        "area": await named(conn, SQL.areas, [*groups["area"], which.area]),
        "category": await named(conn, SQL.categories, groups["category"]),
        "organisation": await named(conn, SQL.organisations, offices),
    }
