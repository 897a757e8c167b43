"""Outlines of divisions: whether an alert is near the border of one."""

import asyncio
from typing import Any

from fastapi import Request
from pydantic import BaseModel, Field

from api.context import Here
from api.database import audit, execute, writing
from api.problems import ProblemError, responses
from devices.places.outlines import OutlineError, edges
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["regions"])
BODY_LIMIT = 64 << 20
"""Bytes; the counties of a province are about 10 MB."""
_EXAMPLE = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"code": "330110000000"},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[119.9, 30.3], [120.1, 30.3], [120, 30.5], [119.9, 30.3]]],
            },
        }
    ],
}


class OutlinesLoaded(BaseModel):
    """What was loaded."""

    divisions: int = Field(description="whose outline is that of the file now")
    edges: int


@router.post(
    "/regions:outlines",
    response_model=OutlinesLoaded,
    responses=responses(422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"type": "object"}, "example": _EXAMPLE}},
        }
    },
)
@needs(Permission.REGIONS_WRITE)
async def import_outlines(request: Request, context: Here, caller: TheCaller) -> Any:
    """Load outlines of divisions: GeoJSON features with `code`, polygons in WGS 84. Those of the file are replaced."""
    try:
        found = await asyncio.to_thread(edges, await request.body())
    except OutlineError as error:
        raise ProblemError(422, f"nothing was loaded: {error.detail}") from error
    keys = sorted({edge.key for edge in found})
    async with writing(context) as conn:
        await execute(conn, SQL.outlines_forget, {"keys": keys})
        async with conn.cursor() as cursor, cursor.copy(SQL.outlines_copy.encode()) as copy:
            for edge in found:
                await copy.write_row(edge)
        loaded = {"divisions": len(keys), "edges": len(found)}
        await audit(conn, caller, "regions.outlines", f"{len(keys)} divisions", loaded)
    return loaded
