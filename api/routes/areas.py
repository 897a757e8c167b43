"""Named areas and grids (网格): development zones, river basins, what follows no division."""

from typing import Annotated, Any, Literal

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.errors import ForeignKeyViolation
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator

from api.context import Here
from api.contract_types import Code, Name, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, rows, writing
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.session import TheLogin
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.scope import DIGITS
from hub.alerts.areas import place
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/areas", tags=["access"])
PIECE = 10_000
"""Cases that are placed by one statement: the triggers that count them hold some 15 MB then, whatever an area has."""
_KEYS = {"code": str}
_EXAMPLE: dict[str, JsonValue] = {"name": "未来科技城", "divisions": ["330110012"]}
Degrees = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
Point = Annotated[list[Degrees], Field(min_length=2, max_length=2, description="longitude, latitude")]
POLE = 90


class Outline(BaseModel):
    """A GeoJSON polygon of one ring, without holes; WGS 84."""

    model_config = ConfigDict(extra="forbid")

    type: Literal["Polygon"]
    coordinates: Annotated[
        list[Annotated[list[Point], Field(min_length=4, max_length=10_000)]], Field(min_length=1, max_length=1)
    ]

    @field_validator("coordinates")
    @classmethod
    def _closed(cls, rings: list[list[list[float]]]) -> list[list[list[float]]]:
        if any(abs(latitude) > POLE for _, latitude in rings[0]):
            raise ValueError("each point is its longitude, then its latitude, which is from -90 to 90")
        if rings[0][0] != rings[0][-1]:
            raise ValueError("the ring must end where it begins")
        return rings


class AreaBody(BaseModel):
    """An area as it is put: the union of its divisions, its cells and its outline."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    kind: Literal["area", "grid"] = Field(default="area", description="grid (网格): a level below the village")
    divisions: list[RegionPrefix] = Field(default=[], max_length=1_000, description="codes, or their first digits")
    cells: list[Code] = Field(default=[], max_length=5_000, description="codes of grids (单元网格) that belong to it")
    outline: Outline | None = None
    valid_from: Time | None = None
    valid_to: Time | None = Field(default=None, description="grants for it count no more from then on")


class Area(AreaBody):
    """A stored area."""

    code: Code
    devices: int = Field(description="how many are in it, those that are retired left out")


@router.put("/{code}", response_model=Area, responses={201: {"model": Area}, **responses(422)})
@needs(Permission.AREAS_WRITE)
async def put_area(
    code: Code, body: AreaBody, response: Response, context: Here, caller: TheCaller, login: TheLogin
) -> Any:
    """Draw or change an area. Devices and cases belong to it from now on by where they are."""
    if body.valid_from and body.valid_to and body.valid_from >= body.valid_to:
        raise invalid("/valid_to", Sentence("refusal.area.valid"))
    divisions = sorted({subtree(division) for division in body.divisions})
    if wrong := [division for division in divisions if len(division) not in DIGITS]:
        raise invalid("/divisions", Sentence("refusal.area.division", told=wrong[0]))
    if body.kind == "grid" and body.cells:
        raise invalid("/cells", Sentence("refusal.area.grid"))
    async with writing(context) as conn:
        await execute(conn, SQL.area_lock, {})
        unknown = [each["code"] for each in await rows(conn, SQL.cells_unknown, {"cells": body.cells, "code": code})]
        if unknown:
            raise invalid("/cells", Sentence("refusal.area.cell", code=unknown[0]))
        outline = body.outline.model_dump() if body.outline else None
        ring = (
            None if body.outline is None else "(" + ",".join(f"({x},{y})" for x, y in body.outline.coordinates[0]) + ")"
        )
        given = {
            **body.model_dump(),
            "divisions": divisions,
            "outline": Jsonb(outline) if outline else None,
            "ring": ring,
        }
        written = await row(conn, SQL.area_put, {**given, "code": code}) or {}
        await audit(conn, caller, "area.put", code, {**body.model_dump(mode="json"), "divisions": divisions})
        await _place(conn, code)
        response.status_code = 201 if written["created"] else 200
        stored = await row(conn, SQL.areas, {"code": code, "after_code": None, "limit": 1})
    await login.caught_up()
    return stored


@router.get("", response_model=Page[Area])
@needs(Permission.AREAS_READ)
async def list_areas(paging: Paged, context: Here) -> Any:
    """Areas by code."""
    return paging.page(await read(context, SQL.areas, {"code": None, **paging.after(_KEYS)}), _KEYS)


@router.get("/{code}", response_model=Area, responses=responses(404))
@needs(Permission.AREAS_READ)
async def get_area(code: Code, context: Here) -> Any:
    """One area."""
    found = await read(context, SQL.areas, {"code": code, "after_code": None, "limit": 1})
    if not found:
        raise not_found("area", code)
    return found[0]


@router.delete("/{code}", status_code=204, responses=responses(404, 409))
@needs(Permission.AREAS_WRITE)
async def delete_area(code: Code, context: Here, caller: TheCaller) -> Response:
    """Delete an area for which nothing is granted; its cells stay."""
    async with writing(context) as conn:
        await execute(conn, SQL.area_lock, {})
        wanted = await row(conn, SQL.area_wanted, {"code": code})
        try:
            deleted = None if wanted else await row(conn, SQL.area_delete, {"code": code})
        except ForeignKeyViolation as error:
            raise ProblemError(409, Sentence("refusal.area.granted", code=code)) from error
        if wanted:
            raise ProblemError(
                409,
                Sentence("refusal.area.wanted", what=Sentence(f"thing.{wanted['what']}"), by=wanted["code"], code=code),
            )
        if deleted is None:
            raise not_found("area", code)
        await audit(conn, caller, "area.delete", code, {})
        await _place(conn, code)
    return Response(status_code=204)


async def _place(conn: AsyncConnection, code: str) -> None:
    """Place anew what is or was in an area: who sees it follows the areas as they are drawn."""
    reach = await row(conn, SQL.area_reach, {"code": code}) or {}
    await execute(conn, SQL.place_devices, reach)
    async with conn.cursor("cases_to_place") as found:
        await found.execute(SQL.cases_to_place.encode(), reach)
        while ids := [id_ for (id_,) in await found.fetchmany(PIECE)]:
            await execute(conn, SQL.place_cases, {"ids": ids})
    await place(conn, reach)
