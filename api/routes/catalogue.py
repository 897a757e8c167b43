"""The catalogue: search devices with location, organisation and presence."""

from datetime import datetime
from typing import Annotated, Any, cast

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import BaseModel, Field, JsonValue

from api.context import Here
from api.contract_types import Code, RegionPrefix
from api.cursors import Page, Paged, Paging, decode, encode
from api.database import rows
from api.problems import invalid, responses
from api.routes.catalogue_filters import Filters, named
from devices.catalogue.counts import By, counts, names
from devices.catalogue.search import Place, Wanted, search, subtree
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(tags=["catalogue"])


class CatalogueItem(BaseModel):
    """A device as the catalogue shows it."""

    code: Code
    name: str
    profile: Code
    profile_name: str
    category: str | None
    organisation: Code | None
    organisation_name: str | None
    region: str | None
    region_path: list[str] = Field(description="names of the divisions that hold it, from the province down")
    lon: float | None = Field(description="degrees east, WGS 84")
    lat: float | None
    parent: Code | None
    tags: dict[str, JsonValue]
    state: str
    online: bool | None = Field(description="null: not heard of yet, or not active")
    online_since: datetime | None = Field(description="since when it is online, or is not")
    last_seen: datetime | None
    created_at: datetime


class Sums(BaseModel):
    """Device counts and health rates; a rate over no devices is null."""

    catalogued: int = Field(description="registered, and not retired")
    active: int
    in_maintenance: int = Field(description="active devices on which somebody works now; no part of the rates")
    online: int
    online_rate: float | None = Field(description="在线率: online, of the active ones that are not in maintenance")
    sound: int = Field(description="online, with no open fault of their own and no newest reading out of range")
    sound_rate: float | None = Field(description="完好率: sound, of the active ones that are not in maintenance")
    expected: int = Field(description="readings that the active ones should have given yesterday, in their zone")
    received: int = Field(description="those that came")
    completeness: float | None = Field(description="归集率: received of expected")


class Count(Sums):
    """The sums of one division, organisation or profile."""

    code: str | None = Field(description="null: of devices that have none; a division's own code: what is right in it")
    name: str | None


class Counted(BaseModel):
    """Sums by region, organisation or profile."""

    by: By
    at: datetime | None = Field(description="when they were counted; null: just now")
    total: Sums
    items: list[Count]
    left_out: int = Field(description="how many items more there are; narrow it to see them")


MOST_COUNTS = 2_000
"""Items of one answer: more organisations than a city has."""


@router.get("/catalogue", response_model=Page[CatalogueItem], responses=responses(422))
@needs(Permission.DEVICES_READ)
async def search_catalogue(wanted: Filters, paging: Paged, context: Here) -> Any:
    """Devices matching all filters.

    Up to some thousand matches come in the order of their codes, more in an order of the hub's own: stable from page to
    page, without gap or repeat, and as fast as the few.
    """
    async with context.pool.connection() as conn:
        ids, following = await page_of(conn, wanted, paging)
        return {"items": await rows(conn, SQL.catalogue_items, {"ids": ids}), "next": following}


async def page_of(conn: AsyncConnection, wanted: Wanted, paging: Paging) -> tuple[list[int], str | None]:
    """Device ids of a page, and the next cursor."""
    place = None
    if paging.cursor:
        order, after = decode(paging.cursor, [str, str])
        if order not in ("code", "spread") or (order == "spread" and not after.isdecimal()) or "\0" in after:
            raise invalid("cursor", Sentence("refusal.cursor"))
        place = Place(order, after)
    found = await search(conn, wanted, place, paging.limit)
    return found.ids, encode(found.next) if found.next else None


@router.get("/catalogue/counts", response_model=Counted, responses=responses(422))
@needs(Permission.DEVICES_READ)
async def count_catalogue(
    context: Here,
    by: Annotated[By, Query(description="region: the divisions right below the one given")] = "region",
    region: Annotated[
        RegionPrefix | None, Query(description="only below a division: its code, or the code's first digits")
    ] = None,
    organisation: Annotated[Code | None, Query()] = None,
    profile: Annotated[Code | None, Query()] = None,
) -> Any:
    """Device counts, online rate, health rate and data completeness.

    Online rate (在线率): online devices of the active ones. Sound rate (完好率): those online ones of which no fault of
    their own is open (events of the kinds fault, power_loss, video_loss, video_quality, occlusion and tamper whose
    newest is active) and no newest reading is out of the physical range, of the active ones. Completeness (归集率):
    received of expected readings of yesterday. Counts of a very large fleet are up to some minutes old; `at` tells.
    """
    within = subtree(region) if region else None
    async with context.pool.connection() as conn:
        profiles, _ = await named(conn, profile=profile, organisation=organisation)
        found = await counts(conn, by, within, organisation, profiles)
        shown = found.rows[:MOST_COUNTS]
        called = await names(conn, by, [item["key"] for item in shown])
    items = [{"code": _code(by, item["key"]), "name": called.get(item["key"]), **_rates(item)} for item in shown]
    whole = {name: sum(item[name] for item in found.rows) for name in _SUMMED}
    return {"by": by, "at": found.at, "total": _rates(whole), "items": items, "left_out": len(found.rows) - len(shown)}


_SUMMED = ("catalogued", "active", "in_maintenance", "online", "sound", "expected", "received")


def _code(by: By, key: str) -> str | None:
    return (key.ljust(12, "0") if by == "region" else key) if key else None


def _rates(sums: dict[str, Any]) -> dict[str, Any]:
    there = sums["active"] - sums["in_maintenance"]
    return {
        **{name: int(cast(int, sums[name])) for name in _SUMMED},
        "online_rate": _rate(sums["online"], there),
        "sound_rate": _rate(sums["sound"], there),
        "completeness": _rate(sums["received"], sums["expected"]),
    }


def _rate(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None
