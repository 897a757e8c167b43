"""How far the hub's own rounds along the path of alerts come (app/serve/path_watch.py)."""

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, Field

from api.context import Here
from api.database import rows
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/path", tags=["status"])

Name = Literal["published", "received", "applied", "delivered"]
LINKS: tuple[Name, ...] = ("published", "received", "applied", "delivered")


class Link(BaseModel):
    """A link of the path, and when the newest round passed it."""

    link: Name
    at: datetime | None
    ms: int | None = Field(description="since the round began")


class PathState(BaseModel):
    """The path from the broker to the delivery of alerts."""

    watched: bool
    every_s: float
    begun_at: datetime | None = Field(description="of the newest round")
    links: list[Link]
    complete_at: datetime | None = Field(description="when a round was complete last")
    took_ms: int | None = Field(description="how long that one took")
    broken_at: datetime | None = Field(description="since when no round is complete; null: none was found broken")
    reached: Literal["begun", "published", "applied"] | None = Field(description="the link that it reached last")
    dead_man: bool = Field(description="whether one outside is called after each complete round")
    called_at: datetime | None = Field(description="when that one answered last")
    call_error: str | None = Field(description="why it has not since; for callers without limits only")


@router.get("", response_model=PathState)
@needs(Permission.STATUS_READ)
async def get_path(context: Here) -> Any:
    """Whether readings get through to a channel, as the newest of the hub's own rounds tells."""
    async with context.hub_pool.connection() as conn:
        found = (await rows(conn, SQL.path) or [{}])[0]
    settings, begun_at = context.settings.path_watch, found.get("begun_at")
    links = [
        Link(link=link, at=at, ms=None if at is None else max(0, round((at - begun_at).total_seconds() * 1000)))
        for link in LINKS
        for at in [found.get(f"{link}_at")]
    ]
    known = {name: found.get(name) for name in PathState.model_fields}
    watch = {"watched": settings.enabled, "every_s": settings.every_s, "dead_man": settings.url is not None}
    shown = context.scope.everywhere and context.scope.uncut is None
    return {**known, **watch, "links": links, "call_error": known["call_error"] if shown else None}
