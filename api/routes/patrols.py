"""How far the patrol is: cameras whose video is looked at by turns."""

from datetime import datetime
from typing import Any

from pydantic import BaseModel, Field

from api.context import Here
from api.database import row
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/camera-patrol", tags=["cameras"])


class PatrolState(BaseModel):
    """The round of now, or the last one, of the cameras that the caller sees."""

    cameras: int
    visited: int = Field(description="of these, in this round")
    fine: int = Field(description="by the newest visit of each")
    faults: int
    failed: int = Field(description="that showed nothing")
    began_at: datetime | None = Field(description="null: there was no round yet")
    ended_at: datetime | None = Field(description="null: it goes on")
    last_s: float | None = Field(description="how long the last whole round took, of all cameras")
    every_s: float = Field(description="from the begin of a round to that of the next")


@router.get("", response_model=PatrolState)
@needs(Permission.DEVICES_READ)
async def get_patrol(context: Here) -> Any:
    """How far the patrol is, and how its cameras were found."""
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.state)
    return {**(found or {}), "every_s": context.settings.video.patrol.every_s}
