"""Maintenance windows (维护窗口) of a device, a place or an organisation: what is found there meanwhile is withheld.

A silence mutes deliveries of alerts; a window withholds the finding, and presence tells nobody that a device is silent.
"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.context import Here
from api.contract_types import TEXT, Code, Time
from api.cursors import Page, Paged
from api.database import audit, read, row, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/maintenances", tags=["devices"])
LONGEST = timedelta(days=30)
AHEAD = timedelta(days=366)
"""So long before it begins a window may be planned."""
_KEYS = {"from_at": datetime, "id": int}
_EXAMPLE: dict[str, JsonValue] = {"region": "330106", "to_at": "2026-11-29T06:00:00+08:00", "reason": "road works"}
State = Literal["coming", "active", "over"]
Id = Annotated[int, Path(ge=1, le=2**63 - 1)]
DivisionKey = Annotated[str, StringConstraints(pattern=r"^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$")]


class MaintenanceBody(BaseModel):
    """Work on a device, or on all that belongs to a place, an organisation, or both."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    device: Code | None = None
    organisation: Code | None = None
    region: DivisionKey | None = Field(
        default=None, description="the digits of a division code that say something: 2, 4, 6, 9 or 12"
    )
    area: Code | None = None
    from_at: Time | None = Field(default=None, description="left out: now")
    to_at: Time = Field(description="within 30 days of from_at")
    reason: Annotated[str, Field(min_length=1, max_length=1000, pattern=TEXT)]

    @model_validator(mode="after")
    def _one(self) -> "MaintenanceBody":
        place = [each for each in (self.organisation, self.region, self.area) if each is not None]
        if (self.device is not None) == bool(place) or (self.region is not None and self.area is not None):
            raise ValueError(Sentence("refusal.maintenance.of"))
        return self


class Maintenance(BaseModel):
    """A maintenance window."""

    id: int
    state: State
    device: str | None
    organisation: str | None
    region: str | None
    area: str | None
    from_at: datetime
    to_at: datetime
    reason: str
    made_by: str | None = Field(description="null: before it was kept, or for who may not know it")
    created_at: datetime
    ended_by: str | None = Field(description="who ended it early")
    withheld: int = Field(description="conditions at its devices that nobody is told of at present")


@router.get("", response_model=Page[Maintenance])
@needs(Permission.DEVICES_READ)
async def list_maintenances(
    paging: Paged,
    context: Here,
    state: Annotated[State | None, Query()] = None,
    device: Annotated[Code | None, Query(description="only those that are about this device")] = None,
) -> Any:
    """Maintenance windows, those that begin last first; kept as long as the health of devices."""
    given = {"id": None, "state": state, "device": device, **paging.after(_KEYS)}
    return paging.page(await read(context, SQL.maintenances, given), _KEYS)


@router.post("", response_model=Maintenance, status_code=201, responses=responses(403, 404, 422))
@needs(Permission.DEVICES_WRITE)
async def make_maintenance(body: MaintenanceBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Plan work. Meanwhile alerts of thresholds and of events are withheld, and raised at its end if they still hold.

    Fire, smoke, heat, gas, water, leakage current, a button, tampering and floods page as ever, marked as under
    maintenance.
    """
    now = datetime.now(UTC)
    begin = body.from_at or now
    if body.to_at <= max(begin, now):
        raise invalid("/to_at", Sentence("refusal.maintenance.over").told(spoken))
    if body.to_at - begin > LONGEST or begin - now > AHEAD or now - begin > LONGEST:
        raise invalid("/to_at", Sentence("refusal.maintenance.long", days=str(LONGEST.days)).told(spoken))
    given = {**body.model_dump(), "from_at": begin, "by": caller.actor, "device_id": None}
    async with writing(context) as conn:
        if body.device is not None:
            if (found := await row(conn, SQL.device, {"code": body.device})) is None:
                raise not_found("device", body.device)
            given |= found
        for what, statement in (("organisation", SQL.organisation), ("area", SQL.area)):
            if given[what] is not None and await row(conn, statement, {"code": given[what]}) is None:
                raise not_found(what, given[what])
        made = await row(conn, SQL.make, given)
        assert made is not None  # noqa: S101 for the type checker; an insert returns its row
        await audit(conn, caller, "maintenance.put", str(made["id"]), body.model_dump(mode="json", exclude_none=True))
        return await _maintenance(conn, made["id"])


@router.delete("/{window}", response_model=Maintenance, responses=responses(404, 409))
@needs(Permission.DEVICES_WRITE)
async def end_maintenance(window: Id, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """End a window now: what still holds is raised with the next batch."""
    async with writing(context) as conn:
        found = await _maintenance(conn, window)
        if found["state"] == "over" or await row(conn, SQL.end, {"id": window, "by": caller.actor}) is None:
            raise ProblemError(409, Sentence("refusal.maintenance.ended").told(spoken))
        await audit(conn, caller, "maintenance.end", str(window), {})
        return await _maintenance(conn, window)


async def _maintenance(conn: AsyncConnection, id_: int) -> dict[str, Any]:
    first = {"state": None, "device": None, "after_from_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.maintenances, {"id": id_, **first})
    if found is None:
        raise not_found("maintenance window", str(id_))
    return found
