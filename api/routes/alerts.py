"""Alerts, with their changes and deliveries."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Query
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import handling, read, row, rows
from api.language import Spoken, failure_in
from api.problems import ProblemError, not_found, responses
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.titles import title_in
from hub.alerts.transitions import STEP, possible
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
_KEYS = {"raised_at": datetime, "id": UUID}
Handling = Literal["open", "acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "merged"]
State = Literal[Handling, "cleared"]
TitleLang = Annotated[Lang | None, Query(description="of titles; left out, as they are stored")]
Taken = Literal["acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm"]


class Alert(BaseModel):
    """The current state of an alert."""

    id: UUID
    seq: int = Field(description="how many changes it had")
    state: State = Field(description="handling; `cleared` while nobody has handled it and its condition is over")
    condition: Literal["active", "cleared"]
    handling: Handling
    steps: list[str] = Field(description="the states a desk may move it to now")
    level: LevelName
    peak_level: LevelName
    title: str
    rule: str
    rule_name: str
    event_kind: str | None
    device: str
    device_name: str
    metric: str | None
    metric_name: str | None
    unit: str | None
    direction: Literal["above", "below"] | None
    value: float | None
    threshold: float | None
    region: str | None
    lon: float | None
    lat: float | None
    organisation: str | None
    opened_at: datetime = Field(description="when the condition began, by the device's clock")
    cleared_at: datetime | None = Field(description="when it ended; null while it lasts")
    changed_at: datetime = Field(description="when the condition last changed, by the device's clock")
    raised_at: datetime = Field(description="when the hub raised it")
    updated_at: datetime


class AlertStep(BaseModel):
    """One change of an alert."""

    cursor: int = Field(description="its id in the stream")
    seq: int
    kind: str
    at: datetime
    actor: str | None
    note: str | None
    level: LevelName
    state: State
    value: float | None


class AlertDelivery(BaseModel):
    """Delivery of one change to one consumer."""

    consumer: str
    seq: int
    state: Literal["pending", "delivered", "given_up"]
    attempts: int
    failure: str | None = Field(description="in which way it failed last, in one word")
    last_error: str | None
    said: str | None = Field(description="what the consumer answered when it accepted, at most 500 characters")
    took_ms: int | None = Field(description="how long the last attempt took")
    created_at: datetime
    settled_at: datetime | None
    next_at: datetime | None


class AlertDetail(Alert):
    """An alert with its changes and deliveries."""

    changes: list[AlertStep]
    deliveries: list[AlertDelivery] = Field(description="empty for who may not see consumers")


class StepBody(BaseModel):
    """A handling step."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to": "acknowledged", "actor": "desk 2"}]}
    )

    to: Taken
    note: Annotated[str, Field(max_length=2000)] | None = None
    actor: Name | None = Field(default=None, description="who takes it, as a post or a desk; only a note")


@router.get("", response_model=Page[Alert])
@needs(Permission.ALERTS_READ)
async def list_alerts(
    paging: Paged,
    context: Here,
    state: Annotated[list[State] | None, Query(description="may be given several times")] = None,
    active: Annotated[bool, Query(description="only where the condition lasts and nobody has ended it")] = False,
    min_level: Annotated[LevelName | None, Query()] = None,
    device: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    lang: TitleLang = None,
) -> Any:
    """Alerts, newest first."""
    wanted = {
        "id": None,
        "states": state,
        "active": active,
        "min_level": LEVELS[min_level] if min_level else None,
        "device": device,
        "region": region,
    }
    page = paging.page(await read(context, SQL.alerts, {**wanted, **paging.after(_KEYS)}), _KEYS)
    return {**page, "items": [_shown(found, lang) for found in page["items"]]}


@router.get("/{alert_id}", response_model=AlertDetail, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_alert(alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken, lang: TitleLang = None) -> Any:
    """One alert with its changes, and its deliveries for who may see consumers."""
    async with context.pool.connection() as conn:
        return await _detail(conn, alert_id, caller, spoken, lang)


@router.post("/{alert_id}/steps", response_model=AlertDetail, responses=responses(404, 409, 422))
@needs(Permission.ALERTS_STEP)
async def take_step(
    alert_id: UUID, body: StepBody, context: Here, caller: TheCaller, spoken: Spoken, lang: TitleLang = None
) -> Any:
    """Acknowledge an alert or move it to another handling state; 409 lists the allowed transitions."""
    actor = body.actor or "api"
    noted = {"to": body.to, "note": body.note, "claimed": body.actor}
    async with handling(context, caller, "alert.step", str(alert_id), noted) as conn:
        # The last statement: it holds up all other changes of alerts until the commit.
        [result] = await apply(conn, [Step(uuid4(), alert_id, body.to, actor, body.note)])
        if not result.found:
            raise not_found("alert", alert_id)
        if result.outcome == "refused":
            raise ProblemError(409, result.reason)
    return await get_alert(alert_id, context, caller, spoken, lang)


async def _detail(
    conn: AsyncConnection, alert_id: UUID, caller: Caller, spoken: Lang, lang: Lang | None
) -> dict[str, Any]:
    everything = {"states": None, "active": False, "min_level": None, "device": None, "region": None}
    first = {"after_raised_at": None, "after_id": None, "limit": 1}
    found = await row(conn, SQL.alerts, {"id": alert_id, **everything, **first})
    if found is None:
        raise not_found("alert", alert_id)
    seen = Permission.CONSUMERS_READ in caller.permissions
    deliveries = await rows(conn, SQL.alert_deliveries, {"id": alert_id}) if seen else []
    return {
        **_shown(found, lang),
        "changes": await rows(conn, SQL.alert_changes, {"id": alert_id}),
        "deliveries": [failure_in(spoken, each) for each in deliveries],
    }


def _shown(found: dict[str, Any], lang: Lang | None) -> dict[str, Any]:
    """A row with the steps that a desk may take, its title in a language if one was asked for."""
    names = found.pop("names")
    title = found["title"] if lang is None else title_in(lang, found, found["direction"], names)
    steps = possible(found["handling"], found["cleared_at"] is not None, STEP)
    return {**found, "title": title, "steps": steps}
