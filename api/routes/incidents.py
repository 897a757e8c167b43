"""Incidents (警情): alerts of one cause, with what speaks for it. Each caller sees his own alerts of them alone."""

import math
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName
from api.cursors import Page, Paged
from api.database import execute, read
from api.language import Asked, Spoken
from api.problems import ProblemError, not_found, responses
from api.routes.alert_body import AlertDetail, State
from api.routes.alert_desk import Lines
from api.routes.alerts import Seen, get_alert, step_of, take
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.routing import level_word
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/incidents", tags=["alerts"])
separations = GuardedRouter(prefix="/alerts/{alert_id}", tags=["alerts"])
SHOWN = 500
"""Alerts that one answer shows."""
_KEYS = {"made_at": datetime, "id": UUID}


class Incident(BaseModel):
    """Alerts that have one cause. All of it is by the alerts that the caller may see."""

    id: UUID
    rule: Code = Field(description="of GET /fusion-rules, by which it was made")
    state: Literal["active", "cleared", "closed"] = Field(
        description="active: an alert lasts and nobody has ended it; cleared: none does, but not all are ended; closed"
    )
    level: LevelName = Field(description="the highest of those that last")
    peak_level: LevelName
    lead: UUID = Field(description="the alert that leads it")
    title: str = Field(description="of the leading alert")
    alerts: int
    sources: int = Field(description="how many different things have found something")
    reason: str = Field(description='why they are one, such as "raised to red: 3 sources within 200 m and 4 min"')
    raised_to: LevelName | None = Field(description="the level that its leading alert was raised to")
    began_at: datetime
    last_at: datetime = Field(description="when the newest of its alerts began")
    region: str | None = Field(description="of the leading alert, like lon and lat")
    lon: float | None
    lat: float | None
    made_at: datetime


class IncidentAlert(BaseModel):
    """An alert of an incident."""

    id: UUID
    title: str
    state: State
    level: LevelName
    device: str | None
    device_name: str | None
    event_kind: str | None
    metric: str | None
    opened_at: datetime
    cleared_at: datetime | None
    joined_at: datetime
    after_s: float = Field(description="seconds after the first of them began")
    metres: float | None = Field(description="to the leading alert; null where one of the two has no place")


class IncidentDetail(Incident):
    """An incident with its alerts."""

    members: list[IncidentAlert] = Field(description="by their beginning, the first 500")


class SeparationBody(BaseModel):
    """Why an alert is of another cause."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"note": "another fire, two doors away"}]}
    )

    note: Lines


@router.get("", response_model=Page[Incident])
@needs(Permission.ALERTS_READ)
async def list_incidents(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    active: Annotated[bool, Query(description="only where an alert lasts and nobody has ended it")] = False,
    rule: Annotated[Code | None, Query()] = None,
) -> Any:
    """Incidents, newest first, of which the caller may see an alert."""
    asked = {"id": None, "active": active, "rule": rule, **paging.after(_KEYS)}
    page = paging.page(await read(context, SQL.incidents, asked), _KEYS)
    return {**page, "items": [_shown(each, spoken) for each in page["items"]]}


@router.get("/{incident_id}", response_model=IncidentDetail, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_incident(incident_id: UUID, context: Here, spoken: Spoken) -> Any:
    """One incident with its alerts, as far as the caller may see them."""
    first = {"after_made_at": None, "after_id": None, "limit": 1}
    found = await read(context, SQL.incidents, {"id": incident_id, "active": False, "rule": None, **first})
    if not found:
        raise not_found("incident", incident_id)
    members = await read(context, SQL.members, {"id": incident_id, "limit": SHOWN})
    [incident] = found
    return {**_shown(incident, spoken), "members": [_member(each, incident) for each in members]}


@separations.post("/separation", response_model=AlertDetail, responses=responses(404, 409, 412, 422))
@needs(Permission.ALERTS_STEP)
async def separate(
    alert_id: UUID,
    body: SeparationBody,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    response: Response,
    lang: Asked,
    seen: Seen = None,
) -> Any:
    """Take an alert out of its incident: it joins none any more, and its level is its rule's again, but of a danger."""
    alert = await get_alert(alert_id, context, caller, spoken, response, lang)
    if alert["incident"] is None:
        raise ProblemError(409, Sentence("refusal.fusion.no_incident").told(spoken))
    details = {"incident": str(alert["incident"])}
    step = step_of(alert_id, "separated", caller, None, body.note, seen=seen, details=details)

    async def also(conn: AsyncConnection) -> None:
        await execute(conn, SQL.separate, {"alert": alert_id})

    await take(context, caller, "alert.separate", step, {**details, "note": body.note}, also)
    return await get_alert(alert_id, context, caller, spoken, response, lang)


def _shown(found: dict[str, Any], lang: Lang) -> dict[str, Any]:
    return {**found, "reason": _reason(found).told(lang)}


def _reason(found: dict[str, Any]) -> Sentence:
    """By what the caller sees: distances and times are those of his alerts, rounded up."""
    minutes = max(1, math.ceil((found["last_at"] - found["began_at"]).total_seconds() / 60))
    told = {"sources": found["sources"], "minutes": minutes}
    if found["sources"] == 1:
        reason = Sentence("fusion.reason.one")
    elif found["link"] == "parent":
        reason = Sentence("fusion.reason.parent", **told)
    elif found["metres"] is None:
        reason = Sentence("fusion.reason.time", **told)
    else:
        reason = Sentence("fusion.reason", metres=max(10, 10 * math.ceil(found["metres"] / 10)), **told)
    if found["raised_to"] is None:
        return reason
    return Sentence("fusion.reason.raised", level=level_word(LEVELS[found["raised_to"]]), reason=reason)


def _member(found: dict[str, Any], incident: dict[str, Any]) -> dict[str, Any]:
    """With how far from the leading alert, and how long after the first, it is."""
    places = (found["lon"], found["lat"], incident["lon"], incident["lat"])
    metres = None
    if None not in places:
        lon, lat, lead_lon, lead_lat = places
        east = (lon - lead_lon) * math.cos(math.radians((lat + lead_lat) / 2))
        metres = round(111_195 * math.hypot(east, lat - lead_lat), 1)
    return {**found, "metres": metres, "after_s": (found["opened_at"] - incident["began_at"]).total_seconds()}
