"""Online rate and sound rate of cameras over a period (在线率, 完好率), and how one camera was."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response
from psycopg import AsyncConnection
from pydantic import AfterValidator, BaseModel, Field

from api.context import Here
from api.contract_types import Code, RegionPrefix
from api.cursors import Page, Paged
from api.database import one_moment, read, row, rows
from api.exports import harmless_lines
from api.language import Spoken
from api.monthly.figures import SQL as NAMED
from api.problems import invalid, not_found, responses
from devices.camera_state.rates import COUNTS, SQL, By, Which, now, times, whole
from devices.camera_state.states import begin_of
from devices.catalogue.counts import child_digits
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.cases.formula import formula
from hub.cases.indicators import SQL as SETS
from hub.cases.indicators import ZONE, Figure, Indicator, figures
from hub.words import Lang, text
from hub.words.shipped import set_name

router = GuardedRouter(prefix="/indicators/cameras", tags=["indicators"])
history = GuardedRouter(prefix="/devices/{code}/camera-states", tags=["cameras"])
DAYS = 366
_KEYS = {"from_at": datetime}
_NAMES: Mapping[By, str] = {
    "region": NAMED.regions, "area": NAMED.areas, "organisation": NAMED.organisations, "platform": SQL.platforms,
}  # fmt: skip


class Rate(BaseModel):
    """An indicator, with what it was counted from."""

    code: str
    name: str
    formula: str = Field(description="in words: numerator ÷ denominator")
    numerator: int = Field(description="of a period: seconds of cameras; of now: cameras")
    denominator: int | None = Field(description="null: the numerator is the figure")
    value: float | None = Field(description="null: there is nothing to divide by")


class RateGroup(BaseModel):
    """Figures of some cameras."""

    key: str | None = Field(description="null: cases without such a thing; empty: all")
    name: str | None
    cameras: int = Field(description="of which anything is counted in the period")
    counts: dict[str, int] = Field(description="seconds of cameras in the period")
    indicators: list[Rate]
    now: dict[str, int] = Field(description="cameras at the moment until which states are known")
    now_indicators: list[Rate]


class CameraRates(RateGroup):
    """The figures of a period, and of each of its groups."""

    first: date = Field(description="the first day of which anything is known")
    last: date
    known_until: datetime | None
    unheard_s: float = Field(description="time in which the hub heard nothing: in no figure")
    what: str = Field(description="what counts as a camera, and what is left out")
    set: Code
    set_name: str
    groups: list[RateGroup]


class StateInterval(BaseModel):
    """How a camera was."""

    from_at: datetime
    to_at: datetime | None = Field(description="null: it is so")
    state: Literal["sound", "faulty", "offline", "unknown", "maintained"]
    why: str | None = Field(
        description="what made it so when it began: silence, status, gateway, registration, connection; or the fault"
    )


def _days(
    spoken: Spoken,
    first: Annotated[date | None, Query(alias="from", description="a day of China; the first of this month")] = None,
    last: Annotated[date | None, Query(alias="to", description="the last day, included; today")] = None,
) -> tuple[date, date]:
    last = last or datetime.now(UTC).astimezone(ZONE).date()
    first = first or last.replace(day=1)
    if not date(1971, 1, 1) <= last <= date(2199, 12, 30):
        raise invalid("to", text("refusal.time.span", spoken))
    if first > last:
        raise invalid("from", text("refusal.period.order", spoken))
    if last - first > timedelta(days=DAYS):
        raise invalid("from", text("refusal.period.long", spoken, days=DAYS))
    return first, last


def _which(
    region: Annotated[
        Annotated[RegionPrefix, AfterValidator(subtree)] | None, Query(description="a division and all below it")
    ] = None,
    area: Annotated[Code | None, Query(description="a named area or grid")] = None,
    organisation: Annotated[Code | None, Query(description="whose cameras")] = None,
    platform: Annotated[Code | None, Query(description="the recorder or platform that they hang on")] = None,
) -> Which:
    return Which(region, organisation, area, platform)


SHEET: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {"schema": {"type": "string"}}}}}


@router.get("", response_model=CameraRates, responses={**SHEET, **responses(404, 422)})
@needs(Permission.DEVICES_READ)
async def camera_rates(
    context: Here,
    spoken: Spoken,
    days: Annotated[tuple[date, date], Depends(_days)],
    which: Annotated[Which, Depends(_which)],
    set_code: Annotated[Code, Query(alias="set", description="whose definitions (/indicators/sets)")] = "cameras",
    by: Annotated[By, Query(description="groups; divisions right below the filter's")] = "none",
    form: Annotated[Literal["json", "csv"], Query(alias="format", description="csv: UTF-8 with a mark")] = "json",
) -> Any:
    """Rates of the caller's cameras over days, each with numerator, denominator and formula, and as they are now."""
    digits = child_digits(which.region or "3301")
    async with context.hub_pool.connection() as conn:
        found = await row(conn, SETS.sets, {"code": set_code, "about": "cameras"})
    if found is None:
        raise not_found("indicator set", set_code)
    async with context.pool.connection() as conn, one_moment(conn):
        told = await times(conn, *days, which, by, digits)
        at_once = await now(conn, which, by, digits)
        total, total_now = whole(told.groups), whole(at_once)
        if by == "area":  # a camera may be in several
            total = (await times(conn, *days, which, "none", digits)).groups.get("", {})
            total_now = (await now(conn, which, "none", digits)).get("", {})
        keys = sorted({*told.groups, *at_once} if by != "none" else set(), key=lambda key: (key is None, key))
        names = await _named(conn, by, [key for key in keys if key is not None])
    defined = [Indicator(**each) for each in found["indicators"]]
    figured = {
        **_group("", None, total, total_now, defined, spoken),
        "first": told.first,
        "last": days[1],
        "known_until": told.until,
        "unheard_s": told.unheard_s,
        "what": text("indicator.camera.what", spoken),
        "set": set_code,
        "set_name": set_name(set_code, found["name"], spoken),
        "groups": [
            _group(key, names.get(key or ""), told.groups.get(key, {}), at_once.get(key, {}), defined, spoken)
            for key in keys
        ],
    }
    return figured if form == "json" else _sheet(figured, spoken)


@history.get("", response_model=Page[StateInterval], responses=responses(404))
@needs(Permission.DEVICES_READ)
async def camera_states(
    code: Code, paging: Paged, context: Here, days: Annotated[tuple[date, date], Depends(_days)]
) -> Any:
    """How a camera was, the newest first; empty for what is none."""
    await _known(context, code)
    span = {"from": begin_of(days[0]), "to": begin_of(days[1] + timedelta(days=1))}
    found = await read(context, SQL.history, {"code": code, **span, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


async def _known(context: Here, code: str) -> None:
    async with context.pool.connection() as conn:
        if not await rows(conn, SQL.platforms, {"keys": [code]}):
            raise not_found("device", code)


async def _named(conn: AsyncConnection, by: By, keys: Sequence[str]) -> dict[str, str]:
    statement = _NAMES.get(by)
    if statement is None:
        return {}
    return {each["key"]: each["name"] for each in await rows(conn, statement, {"keys": list(keys)})}


def _group(
    key: str | None, name: str | None, counted: Mapping[str, int], at_once: Mapping[str, int],
    defined: Sequence[Indicator], lang: Lang,
) -> dict[str, Any]:  # fmt: skip
    return {
        "key": key,
        "name": name,
        "cameras": counted.get("cameras", 0),
        "counts": {count: counted.get(count, 0) for count in COUNTS},
        "indicators": [_rate(each, lang) for each in figures(defined, counted, COUNTS)],
        "now": {count: at_once.get(count, 0) for count in COUNTS},
        "now_indicators": [_rate(each, lang) for each in figures(defined, at_once, COUNTS)],
    }


def _rate(figure: Figure, lang: Lang) -> dict[str, Any]:
    indicator = figure.indicator
    return {
        "code": indicator.code,
        "name": getattr(indicator, lang),
        "formula": formula(indicator, lang, _count_name),
        "numerator": figure.numerator,
        "denominator": figure.denominator,
        "value": figure.value,
    }


def _count_name(count: str, lang: Lang) -> str:
    return text(f"indicator.camera.{count}", lang)


def _sheet(told: dict[str, Any], lang: Lang) -> Response:
    """A line for each figure of each group: `all` is of all cameras, `none` of those without such a thing."""
    lines: list[list[Any]] = [["from", "to", "group", "code", "name", "numerator", "denominator", "value", "formula"]]
    for group in (told, *told["groups"]):
        begin = [told["first"], told["last"], "all" if group is told else group["key"] or "none"]
        lines.append([*begin, "cameras", text("indicator.camera.cameras", lang), group["cameras"], None, None, None])
        lines += [
            [*begin, count, _count_name(count, lang), seconds, None, None, None]
            for count, seconds in group["counts"].items()
        ]
        names = ("code", "name", "numerator", "denominator", "value", "formula")
        lines += [[*begin, *(rate[name] for name in names)] for rate in group["indicators"]]
    return Response(
        "\ufeff".encode() + harmless_lines(lines),
        media_type="text/csv; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="cameras-{told["first"]}-{told["last"]}.csv"'},
    )
