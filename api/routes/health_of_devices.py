"""Device presence: one device with history and completeness, and counts by profile."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.database import read, row, rows
from api.problems import not_found, responses
from hub.access.door import GuardedRouter, needs
from hub.access.permissions import Permission
from hub.store.statements import statements

SQL = statements(__name__)

router = GuardedRouter(tags=["devices"])
Cause = Literal["silence", "status", "gateway"]


class Turn(BaseModel):
    """A presence change; online is null when the device was deactivated."""

    at: datetime
    online: bool | None
    cause: Cause | None


class Day(BaseModel):
    """A day in the device's zone: expected and received readings (capped at the expected number)."""

    day: date
    expected: int
    received: int
    rate: float | None = Field(description="received of expected, 0 to 1; null when nothing was expected")


class DeviceHealth(BaseModel):
    """Presence of a device, and the reason."""

    device: str
    state: str
    online: bool | None = Field(description="null: nothing is known, it was never heard or is not active")
    since: datetime | None
    cause: Cause | None = Field(description="why it is offline: silence, its status, or its gateway is offline")
    maintained: bool = Field(description="whether it is in a maintenance window: then nothing is a finding")
    seen_at: datetime | None = Field(description="its last message; some seconds behind")
    clock_offset_s: float | None = Field(description="by how much its clock is ahead of the hub's, in seconds")
    says_online: bool | None = Field(description="what it publishes on its status topic")
    says_since: datetime | None
    offline_after_s: float | None = Field(description="silence after which it is offline; null: never by silence")
    history: list[Turn] = Field(description="the last 100 changes, newest first")
    completeness: list[Day] = Field(description="the last 14 days, newest first")


class ProfileHealth(BaseModel):
    """Presence counts of a profile's active devices."""

    profile: str
    name: str
    online: int
    offline: int
    unknown: int


class HealthSummary(BaseModel):
    """By profile."""

    items: list[ProfileHealth]


@router.get("/devices/{code}/health", response_model=DeviceHealth, responses=responses(404))
@needs(Permission.DEVICES_READ)
async def device_health(code: Annotated[Code, Path()], context: Here) -> Any:
    """Presence of the device, its history, and daily completeness."""
    least_s = context.settings.health.least_silence_s
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.health, {"device": code, "least_s": least_s})
        if found is None:
            raise not_found("device", code)
        history = await rows(conn, SQL.health_history, found)
        days = await rows(conn, SQL.health_days, found)
    for day in days:
        day["rate"] = day["received"] / day["expected"] if day["expected"] else None
    return {**found, "history": history, "completeness": days}


@router.get("/health-summary", response_model=HealthSummary)
@needs(Permission.DEVICES_READ)
async def health_summary(context: Here) -> Any:
    """Active devices online, offline or unknown, by profile."""
    return {"items": await read(context, SQL.health_summary)}
