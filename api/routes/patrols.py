"""How far the patrol is: cameras whose video is looked at by turns."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.context import Here
from api.database import row, rows
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/camera-patrol", tags=["cameras"])


class Outage(BaseModel):
    """Cameras that do not answer together."""

    place: str = Field(
        description="`all`, `names` (DNS), or `network`, `gateway` or `host` with which one; a gateway that the caller "
        "does not see has no code"
    )
    cameras: int


class PatrolState(BaseModel):
    """The round of now, or the last one, of the cameras that the caller sees."""

    cameras: int
    visited: int = Field(description="of these, in this round")
    fine: int = Field(description="by the newest visit of each")
    faults: int
    failed: int = Field(description="that showed nothing")
    held: int = Field(
        description="of these, those that show nothing together with others, so that they are as they were"
    )
    outages: list[Outage]
    not_visited: dict[Literal["waiting", "login", "url", "secret", "reader"], int] = Field(
        description="in this round, by why: their turn has yet to come (or they came after it), a refused login is not "
        "shown again for a while, the URL is none, the login cannot be opened, the process that reads has ended"
    )
    round: int | None = Field(description="its number")
    began_at: datetime | None = Field(description="null: there was no round yet")
    ended_at: datetime | None = Field(description="null: it goes on")
    last_s: float | None = Field(description="how long the last whole round took, of all cameras of the hub")
    last_cameras: int | None = Field(description="how many were visited in it")
    every_s: float = Field(description="from the begin of a round to that of the next")


@router.get("", response_model=PatrolState)
@needs(Permission.DEVICES_READ)
async def get_patrol(context: Here) -> Any:
    """How far the patrol is, and how its cameras were found."""
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.state)
        why = {each["why"]: each["cameras"] for each in await rows(conn, SQL.not_visited)}
        outages = await rows(conn, SQL.outages)
    return {**(found or {}), "not_visited": why, "outages": outages, "every_s": context.settings.video.patrol.every_s}
