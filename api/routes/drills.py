"""Drills (演练): alerts of a scenario that go the whole way to chosen consumers, and how these answered."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.context import Here
from api.contract_types import LEVELS, Code, EventKind, LevelName, Name, Region, Time
from api.cursors import Page, Paged
from api.database import audit, handling, row, rows, writing
from api.problems import invalid, responses
from api.routes.drill_run import (
    SHEET,
    STATE,
    Drill,
    Result,
    begin,
    devices_of,
    end,
    ends_after,
    found_drill,
    listed,
    results,
    sheet,
    within_bounds,
)
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/drills", tags=["drills"])
_KIND = "exercise"
_EXAMPLE: dict[str, JsonValue] = {
    "name": "Autumn exercise", "consumers": ["exercise-desk"], "ends_at": "2026-11-29T18:00:00+08:00",
    "alerts": [{"title": "Fire on the third floor", "level": "red", "event_kind": "fire", "region": "330106001002"},
               {"title": "Smoke in the stairwell", "level": "orange", "event_kind": "smoke", "region": "330106001002",
                "delay_s": 300}],
}  # fmt: skip


class DrillAlertBody(BaseModel):
    """An alert of the scenario."""

    model_config = ConfigDict(extra="forbid")

    title: Name = Field(description="its mark comes by itself")
    level: LevelName
    device: Code | None = None
    region: Region | None = Field(default=None, description="where it is, when no device is named")
    organisation: Code | None = Field(default=None, description="whose matter it is, when no device is named")
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    event_kind: EventKind | None = None
    category: Code | None = Field(default=None, description="as of a profile, such as fire; when no device is named")
    delay_s: int = Field(default=0, ge=0, le=86_400, description="seconds after the drill begins")

    @model_validator(mode="after")
    def _placed(self) -> "DrillAlertBody":
        if (self.lon is None) != (self.lat is None):
            raise ValueError(Sentence("refusal.drill.point"))
        if (self.device is None) == (self.region is None):
            raise ValueError(Sentence("refusal.drill.place"))
        if self.device is not None and (self.organisation or self.category):
            raise ValueError(Sentence("refusal.drill.owned"))
        return self


class DrillBody(BaseModel):
    """An exercise."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name: Name
    consumers: list[Code] = Field(max_length=100, description="who is told, and nobody else")
    begins_at: Time | None = Field(default=None, description="left out: now")
    ends_at: Time = Field(description="at most 24 h after it begins; then its alerts are closed")
    alerts: list[DrillAlertBody] = Field(min_length=1, max_length=200)


class DrillAlert(BaseModel):
    """An alert of the scenario, and when it is raised."""

    number: int
    alert: UUID
    title: str
    level: LevelName
    device: str | None
    region: str | None
    organisation: str | None
    category: str | None
    event_kind: str | None
    lon: float | None
    lat: float | None
    due_at: datetime
    raised_at: datetime | None = Field(description="null: not yet, or the drill ended before, or it failed")
    error: str | None = Field(description="why it could not be raised; the others are")


class DrillDetail(Drill):
    """An exercise with its scenario, as far as the caller may see it."""

    alerts: list[DrillAlert]


@router.get("", response_model=Page[Drill])
@needs(Permission.ALERTS_READ)
async def list_drills(
    paging: Paged, context: Here, caller: TheCaller, state: Annotated[STATE | None, Query()] = None
) -> Any:
    """Exercises, the newest first."""
    return await listed(context, caller, paging, _KIND, state)


@router.post("", response_model=DrillDetail, status_code=201, responses=responses(403, 404, 409, 422))
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def start_drill(body: DrillBody, context: Here, caller: TheCaller) -> Any:
    """Plan an exercise, or start it now: its alerts go the whole way, to its consumers alone, marked in each text."""
    now = datetime.now(UTC)
    begins_at = body.begins_at or now
    if begins_at < now - timedelta(minutes=1) or begins_at > now + timedelta(days=30):
        raise invalid("begins_at", Sentence("refusal.drill.begins"))
    ends_after(max(begins_at, now), body.ends_at, "ends_at")
    id_ = uuid4()
    async with writing(context) as conn:
        made = {"id": id_, "kind": _KIND, "name": body.name}
        await begin(conn, caller, made, body.consumers, begins_at, body.ends_at)
        devices = await _devices(conn, body)
        for number, alert in enumerate(body.alerts, 1):
            due_at = begins_at + timedelta(seconds=alert.delay_s)
            if due_at >= body.ends_at:
                raise invalid(f"alerts.{number - 1}.delay_s", Sentence("refusal.drill.delay"))
            line = {**alert.model_dump(), "level": LEVELS[alert.level], "device_id": devices.get(alert.device or "")}
            ids = {"drill_id": id_, "number": number, "alert_id": uuid4(), "due_at": due_at}
            await conn.execute(SQL.add_line.encode(), {**line, **ids})
        await within_bounds(conn, caller)
        noted = {"name": body.name, "consumers": body.consumers, "alerts": len(body.alerts)}
        await audit(conn, caller, "drill.start", str(id_), {**noted, "ends_at": body.ends_at.isoformat()})
        return await _detail(conn, caller, id_)


@router.get("/{drill_id}", response_model=DrillDetail, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_drill(drill_id: UUID, context: Here, caller: TheCaller) -> Any:
    """An exercise with its scenario."""
    async with context.pool.connection() as conn:
        return await _detail(conn, caller, drill_id)


@router.post("/{drill_id}:end", response_model=Drill, responses=responses(403, 404, 409))
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def end_drill(drill_id: UUID, context: Here, caller: TheCaller) -> Any:
    """End an exercise now: within a second or two its alerts are closed."""
    async with handling(context, caller, "drill.end", str(drill_id), {}) as conn:
        return await end(context, conn, caller, drill_id, _KIND)


@router.get("/{drill_id}/result", response_model=list[Result], responses={**SHEET, **responses(404)})
@needs(Permission.DRILLS_WRITE, Permission.ALERTS_READ)
async def drill_result(
    drill_id: UUID,
    context: Here,
    caller: TheCaller,
    form: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
) -> Any:
    """How each consumer answered to each alert: sent when, accepted and acknowledged after how long, and by whom."""
    async with context.pool.connection() as conn:
        found = await results(conn, caller, drill_id, _KIND)
    return found if form == "json" else sheet(found)


async def _devices(conn: AsyncConnection, body: DrillBody) -> dict[str, int]:
    """Ids of the devices that the scenario names. ProblemError for what there is not."""
    known = await devices_of(conn, [alert.device for alert in body.alerts if alert.device is not None])
    for place, alert in enumerate(body.alerts):
        for what, statement in (("organisation", SQL.organisation), ("region", SQL.unknown_region)):
            wanted = getattr(alert, what)
            if wanted is not None and (await row(conn, statement, {"code": wanted}) is None) == (what != "region"):
                raise invalid(f"alerts.{place}.{what}", Sentence(f"refusal.drill.{what}", code=wanted))
    return known


async def _detail(conn: AsyncConnection, caller: Caller, id_: UUID) -> dict[str, Any]:
    found = await found_drill(conn, caller, id_, _KIND)
    return {**found, "alerts": await rows(conn, SQL.lines, {"id": id_})}
