"""Events of devices."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, LevelName, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import read
from api.routes.episodes import EpisodeTimes
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/events", tags=["events"])
_KEYS = {"ts": datetime, "id": UUID}


class EventRow(BaseModel):
    """A stored event."""

    id: UUID
    device: str
    device_name: str
    region: str | None
    ts: datetime
    received_at: datetime
    kind: str = Field(examples=["smoke"])
    state: str | None = Field(description="active or inactive; null for what only happens")
    level: LevelName | None
    part: str | None = Field(description="of the device, a path such as 1/3/40-217; null: all of it")
    attributes: dict[str, Any]
    episode: EpisodeTimes | None = Field(
        description="how long it lasted, where it is the first of what a device repeats"
    )
    picture: str | None = Field(
        description="stored: GET /events/{id}/picture shows it; or why there is none: too_slow, gate_full, not_kept, "
        "or refused: and a reason; null for an event that came without one"
    )
    clip: str | None = Field(
        description="stored: GET /events/{id}/clip shows it; or why there is none: follows, lost, shed, busy, "
        "too_slow, too_many_bytes or no_frames; null for an event of which no clip was wanted"
    )


@router.get("", response_model=Page[EventRow])
@needs(Permission.EVENTS_READ)
async def list_events(
    paging: Paged,
    context: Here,
    device: Annotated[Code | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    start: Annotated[Time | None, Query(alias="from", description="with a zone")] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive")] = None,
) -> Any:
    """Events, newest first."""
    wanted = {"device": device, "kind": kind, "region": region, "from": start, "to": end}
    return paging.page(await read(context, SQL.events, {**wanted, **paging.after(_KEYS)}), _KEYS)
