"""Query parameters of a catalogue search."""

import math
from typing import Annotated

from fastapi import Depends, Query
from psycopg import AsyncConnection
from pydantic import StringConstraints

from api.context import Here
from api.contract_types import TEXT, Code, Name, RegionPrefix, known
from api.database import SQL as DATABASE
from api.database import row, rows
from api.problems import invalid
from devices.catalogue.search import Online, Wanted, subtree
from devices.lifecycle import State
from hub.store.statements import statements

SQL = statements(__name__)

Part = Annotated[str, StringConstraints(pattern=TEXT, max_length=100, strip_whitespace=True)]


async def named(
    conn: AsyncConnection,
    *,
    profile: str | None = None,
    category: str | None = None,
    organisation: str | None = None,
    parent: str | None = None,
) -> tuple[list[int] | None, int | None]:
    """Resolve profile and parent names to ids; ProblemError for an unknown name."""
    given = {"profile": profile, "category": category, "organisation": organisation}
    if not any(given.values()) and not parent:
        return None, None
    refs = await row(conn, SQL.refs, {**given, "parent": parent}) or {}
    for what, name in given.items():
        if name and not refs[what]:
            codes = [found["code"] for found in await rows(conn, SQL.near, {"what": what})]
            raise invalid(what, known(what, name, codes))
    if parent and refs["parent"] is None:
        near = [found["code"] for found in await rows(conn, DATABASE.device_codes, {"code": parent})]
        raise invalid("parent", known("device", parent, near))
    return (refs["profiles"] or [] if profile or category else None), refs["parent"]


async def _wanted(
    context: Here,
    q: Annotated[Part | None, Query(description="part of a code or a name; one character is enough")] = None,
    region: Annotated[
        RegionPrefix | None, Query(description="all below a division: its code, or the code's first digits")
    ] = None,
    organisation: Annotated[Code | None, Query()] = None,
    profile: Annotated[Code | None, Query()] = None,
    category: Annotated[Name | None, Query(description="of profiles")] = None,
    state: Annotated[State | None, Query()] = None,
    parent: Annotated[Code | None, Query(description="only what hangs on this device")] = None,
    tag: Annotated[Name | None, Query(description="`key`, or `key:value`")] = None,
    online: Annotated[Online | None, Query(description="unknown: active, and not heard of yet")] = None,
    bbox: Annotated[
        str | None,
        Query(max_length=200, description="west,south,east,north in degrees", examples=["120.1,30.2,120.2,30.3"]),
    ] = None,
) -> Wanted:
    async with context.pool.connection() as conn:
        ids, parent_id = await named(conn, profile=profile, category=category, organisation=organisation, parent=parent)
    return Wanted(
        q=q or None,
        region=subtree(region) if region else None,
        organisation=organisation,
        profiles=ids,
        state=state,
        parent=parent_id,
        tag=tag,
        online=online,
        bbox=box(bbox) if bbox else None,
    )


def box(text: str) -> tuple[float, float, float, float]:
    """Parse a bounding box (west, south, east, north); ProblemError when invalid."""
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        raise invalid("bbox", "write west,south,east,north in degrees, like 120.1,30.2,120.2,30.3") from None
    if not all(math.isfinite(edge) for edge in (west, south, east, north)):
        raise invalid("bbox", "each edge is a number of degrees")
    if not (-180 <= west <= east <= 180 and -90 <= south <= north <= 90):
        raise invalid(
            "bbox",
            "the order is west,south,east,north: west <= east within -180 to 180, south <= north within -90 to 90",
        )
    return west, south, east, north


Filters = Annotated[Wanted, Depends(_wanted)]
