"""Episodes: how long what devices repeat lasted, and how often it was said."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code, LevelName, RegionPrefix, Time
from api.cursors import Page, Paged
from api.database import read
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(prefix="/episodes", tags=["events"])
_KEYS = {"began_at": datetime, "id": UUID}
Why = Literal["told", "silent"]


class EpisodeTimes(BaseModel):
    """How long something lasted that a device repeats."""

    last_at: datetime = Field(description="when the device said it last")
    count: int = Field(description="at how many times it was said")
    ended_at: datetime | None = Field(description="null: it lasts")
    why: Why | None = Field(description="told: the device said its end; silent: nothing more was said")


class EpisodeRow(EpisodeTimes):
    """One time that something lasted."""

    id: UUID = Field(description="of the event by which it began")
    device: str
    device_name: str
    region: str | None
    kind: str = Field(examples=["intrusion"])
    code: str = Field(description="of kinds with many meanings (other, fault) which it is; else empty")
    part: str = Field(description="of the device, a path; empty: all of it")
    level: LevelName | None
    began_at: datetime
    heard_at: datetime = Field(description="when the device was last heard saying it")


@router.get("", response_model=Page[EpisodeRow])
@needs(Permission.EVENTS_READ)
async def list_episodes(
    paging: Paged,
    context: Here,
    device: Annotated[Code | None, Query()] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    lasting: Annotated[bool | None, Query(alias="open", description="only those that last, or that are over")] = None,
    start: Annotated[Time | None, Query(alias="from", description="began then or later, with a zone")] = None,
    end: Annotated[Time | None, Query(alias="to", description="exclusive")] = None,
) -> Any:
    """What devices repeat while it lasts, the newest first."""
    wanted = {"device": device, "kind": kind, "region": region, "open": lasting, "from": start, "to": end}
    return paging.page(await read(context, SQL.episodes, {**wanted, **paging.after(_KEYS)}), _KEYS)
