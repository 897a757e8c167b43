"""Indicators of cases over a period (考核指标), and the cases behind each figure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal, NamedTuple
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Query, Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, Field

from api.case_reach import reach_of
from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, RegionPrefix
from api.cursors import Page, Paged
from api.database import one_moment, row
from api.exports import harmless_lines
from api.language import Spoken
from api.monthly.figures import SQL as NAMED
from api.monthly.figures import Names, named
from api.problems import invalid, not_found, responses
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.cases.formula import formula
from hub.cases.indicators import COUNTS, SQL, ZONE, Figure, Indicator, Period, counts, figures, listed, whole
from hub.cases.reach import Reach
from hub.cases.stage_times import stages
from hub.cases.which import By, Which
from hub.words import Lang, text
from hub.words.sentence import Sentence
from hub.words.shipped import set_name

router = GuardedRouter(prefix="/indicators/cases", tags=["indicators"])
YEARS = 10
_KEYS = {"counted_at": datetime, "id": UUID}
Count = Annotated[str, Query(json_schema_extra={"enum": list(COUNTS)})]
_LIST = "/api/v1/indicators/cases/list"
_NAMES: Mapping[By, str] = {
    "region": NAMED.regions,
    "area": NAMED.areas,
    "category": NAMED.categories,
    "organisation": NAMED.organisations,
    "responsible": NAMED.organisations,
}
CATEGORY = r"^[0-9]{2,8}$"


class Counted(BaseModel):
    """A count, and where its cases are."""

    name: str
    cases: int
    list: str = Field(description="address of the list of these cases: as long as the count")


class Share(BaseModel):
    """An indicator, with what it was counted from."""

    code: str
    name: str
    formula: str = Field(description="in words: numerator ÷ denominator")
    numerator: int
    denominator: int | None = Field(description="null: the numerator is the figure")
    value: float | None = Field(description="null: there is nothing to divide by")


class Group(BaseModel):
    """The figures of a part of the cases."""

    key: str | None = Field(description="null: cases without such a thing")
    name: str | None = Field(
        description="of the division, area, organisation or category that the key is; null: of none"
    )
    counts: dict[str, Counted]
    indicators: list[Share]


class CaseIndicators(Group):
    """The figures of a period, and of each of its groups."""

    first: date
    last: date
    counted_at: datetime = Field(description="what is overdue, closed, merged or extended is so at this moment")
    set: Code
    set_name: str
    groups: list[Group]


class CountedCase(BaseModel):
    """A case behind a figure."""

    id: UUID
    number: str
    title: str
    stage: str
    category_kind: str | None
    category: str | None
    level: LevelName | None
    region: str | None
    organisation: str | None
    responsible: str | None
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    closed_how: str | None
    returned: int
    reworked: int
    extended: int
    suspended: int
    merged_into: UUID | None
    counted_at: datetime = Field(description="the time by which it belongs to the period")


class StageTime(BaseModel):
    """How long the visits to a stage took that ended in the period: in its own time, without stops."""

    stage: str
    visits: int
    known: int = Field(description="those of which the time is known: of none in a year without a calendar")
    median_s: float | None
    p90_s: float | None = Field(description="nine in ten did not take longer")


class StageTimes(BaseModel):
    """By stage, in their order; `case` is from filing to the end."""

    first: date
    last: date
    items: list[StageTime]


def _period(
    spoken: Spoken,
    first: Annotated[date | None, Query(alias="from", description="a day of China; the first of this month")] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day, included; today")] = None,
) -> Period:
    now = datetime.now(UTC)
    last = last or now.astimezone(ZONE).date()
    first = first or last.replace(day=1)
    if not date(1971, 1, 1) <= last <= date(2199, 12, 30):
        raise invalid("to", text("refusal.time.span", spoken))
    if first > last:
        raise invalid("from", text("refusal.period.order", spoken))
    if last - first > timedelta(days=366 * YEARS):
        raise invalid("from", text("refusal.period.long", spoken, days=366 * YEARS))
    return Period(first, last, now)


def _which(
    region: Annotated[
        Annotated[RegionPrefix, AfterValidator(subtree)] | None, Query(description="a division and all below it")
    ] = None,
    area: Annotated[Code | None, Query(description="a named area or grid")] = None,
    organisation: Annotated[Code | None, Query(description="whose matter it is")] = None,
    responsible: Annotated[Code | None, Query(description="the organisation that handles it")] = None,
    category_kind: Annotated[Literal["part", "event"] | None, Query()] = None,
    category: Annotated[str | None, Query(pattern=CATEGORY, description="the first digits of a code")] = None,
    level: Annotated[LevelName | None, Query()] = None,
    exact: Annotated[bool, Query(description="the category is this one, not one that begins so")] = False,
) -> Which:
    of_level = None if level is None else LEVELS[level]
    return Which(
        region, area, organisation, responsible, category_kind, category, of_level, exact and category is not None
    )


SHEET: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}
ThePeriod = Annotated[Period, Depends(_period)]
TheCases = Annotated[Which, Depends(_which)]


@router.get("", response_model=CaseIndicators, responses={**SHEET, **responses(404, 422)})
@needs(Permission.CASES_READ)
async def case_indicators(
    context: Here,
    spoken: Spoken,
    period: ThePeriod,
    which: TheCases,
    set_code: Annotated[Code, Query(alias="set", description="whose definitions (/indicators/sets)")] = "standard",
    by: Annotated[By, Query(description="groups; divisions and categories right below the filter's")] = "none",
    form: Annotated[Literal["json", "csv"], Query(alias="format", description="csv: UTF-8 with a mark")] = "json",
) -> Any:
    """Counts and shares of a period, each with what it was counted from and the list of its cases."""
    async with context.hub_pool.connection() as conn, one_moment(conn):
        told = await indicators_of(conn, period, which, reach_of(context), Asked(set_code, by, spoken))
    return told if form == "json" else _sheet(told, spoken)


@router.get("/list", response_model=Page[CountedCase])
@needs(Permission.CASES_READ)
async def list_counted(context: Here, paging: Paged, period: ThePeriod, which: TheCases, count: Count) -> Any:
    """The cases behind a figure, in the order of the time by which they belong to the period."""
    if count not in COUNTS:
        raise invalid("count", Sentence("refusal.case.count", counts=", ".join(COUNTS)))
    async with context.pool.connection() as conn:
        found = await listed(conn, count, period, which, paging.after(_KEYS))
    return paging.page(found, _KEYS)


@router.get("/stages", response_model=StageTimes)
@needs(Permission.CASES_READ)
async def stage_times(context: Here, period: ThePeriod, which: TheCases) -> Any:
    """Median and ninth decile of the time in each stage."""
    async with context.hub_pool.connection() as conn, one_moment(conn):
        found = await stages(conn, period, which, reach_of(context))
    return {"first": period.first, "last": period.last, "items": [stage._asdict() for stage in found]}


class Asked(NamedTuple):
    """How figures are told."""

    set_code: str
    """Whose definitions."""
    by: By
    lang: Lang


async def indicators_of(
    conn: AsyncConnection, period: Period, which: Which, reach: Reach, asked: Asked
) -> dict[str, Any]:
    """As `CaseIndicators`, by `counts`. ProblemError where there is no such set."""
    by, lang = asked.by, asked.lang
    found = await row(conn, SQL.sets, {"code": asked.set_code, "about": "cases"})
    if found is None:
        raise not_found("indicator set", asked.set_code)
    defined = [Indicator(**each) for each in found["indicators"]]
    groups = await counts(conn, period, which, by, reach)
    if (total := whole(groups, by)) is None:
        total = (await counts(conn, period, which, reach=reach))[""]
    params, names = _params(period, which), await _names(conn, by, groups)
    return {
        **_group(("", None), total, defined, params, lang),
        "first": period.first,
        "last": period.last,
        "counted_at": period.now,
        "set": asked.set_code,
        "set_name": set_name(asked.set_code, found["name"], lang),
        "groups": [
            _group(
                (key, names.get(key or "")),
                groups[key],
                defined,
                None if key is None else params | narrowed(by, key, period, which),
                lang,
            )
            for key in sorted(groups if by != "none" else [], key=lambda key: (key is None, key))
        ],
    }


async def _names(conn: AsyncConnection, by: By, keys: Iterable[str | None]) -> Names:
    statement = _NAMES.get(by)
    return {} if statement is None else await named(conn, statement, keys)


def narrowed(by: By, key: str, period: Period, which: Which) -> dict[str, str]:
    """The filter by which the cases of a group of a period are listed."""
    match by:
        case "category":
            kind, _, code = key.partition(":")
            whole = {} if which.category is None else {"exact": "true"}
            return {"category_kind": kind, "category": code, **whole}
        case "level":
            return {"level": _level(int(key))}
        case "month":
            year, month = map(int, key.split("-"))
            last = date(year + month // 12, month % 12 + 1, 1) - timedelta(days=1)
            return {"from": str(max(date(year, month, 1), period.first)), "to": str(min(last, period.last))}
    return {by: key}


def _level(wanted: int) -> str:
    return next(name for name, level in LEVELS.items() if level == wanted)


def _params(period: Period, which: Which) -> dict[str, str]:
    told = {name: getattr(which, name) for name in Which.__slots__} | {"exact": "true" if which.exact else None}
    if which.level is not None:
        told["level"] = _level(which.level)
    return {"from": str(period.first), "to": str(period.last)} | {
        name: value for name, value in told.items() if value is not None
    }


def _group(
    of: tuple[str | None, str | None],
    counted: Mapping[str, int],
    defined: Sequence[Indicator],
    params: dict[str, str] | None,
    lang: Lang,
) -> dict[str, Any]:
    """`of`: its key and name."""
    return {
        "key": of[0],
        "name": of[1],
        "counts": {
            name: {
                "name": text(f"indicator.count.{name}", lang),
                "cases": counted.get(name, 0),
                "list": "" if params is None else f"{_LIST}?{urlencode({'count': name, **params})}",
            }
            for name in COUNTS
        },
        "indicators": [_share(figure, lang) for figure in figures(defined, counted)],
    }


def _share(figure: Figure, lang: Lang) -> dict[str, Any]:
    indicator = figure.indicator
    return {
        "code": indicator.code,
        "name": getattr(indicator, lang),
        "formula": formula(indicator, lang),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": figure.value,
    }


def _sheet(told: dict[str, Any], lang: Lang) -> Response:
    """A line for each figure of each group (`all`: of all cases, `none`: of those without such a thing)."""
    lines: list[list[Any]] = [["from", "to", "group", "code", "name", "numerator", "denominator", "value", "formula"]]
    for group in (told, *told["groups"]):
        name = "all" if group is told else group["key"] or "none"
        begin = [told["first"], told["last"], name]
        lines += [
            [*begin, code, each["name"], each["cases"], None, None, None] for code, each in group["counts"].items()
        ]
        lines += [[*begin, *each.values()] for each in _in_order(group["indicators"])]
    content = "\ufeff".encode() + harmless_lines(lines)
    return Response(
        content,
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="indicators-{told["first"]}-{told["last"]}.csv"'},
    )


def _in_order(shares: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    names = ("code", "name", "numerator", "denominator", "value", "formula")
    return [{name: share[name] for name in names} for share in shares]
