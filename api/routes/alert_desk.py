"""What a desk does with alerts beside their steps: report one, comment, attach, assign, shelve, merge."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID, uuid4, uuid5

from fastapi import Request, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.attached import BODY, FileName, brought
from api.attached import shown as shown_file
from api.attachments import KINDS, MAX_PER_ALERT
from api.context import Context, Here
from api.contract_types import LEVELS, Code, EventKind, LevelName, Name, Region, Time
from api.database import audit, handling, read, row, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.alert_body import AlertDetail
from api.routes.alerts import Seen, detail, step_of, take
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.roles import PERMISSIONS
from hub.alerts.alert import Raise
from hub.alerts.apply import apply
from hub.alerts.shelf import LONGEST
from hub.alerts.transitions import MERGE
from hub.cases.files import hold_cases, take_over
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
_REFUSED = responses(404, 409, 412, 422)
Lines = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=2000, strip_whitespace=True)]
_REPORT: dict[str, JsonValue] = {
    "title": "Caller reports smoke from the third floor of the market hall",
    "level": "orange", "event_kind": "smoke", "category": "fire", "region": "330106001002", "note": "heard at 03:12",
}  # fmt: skip


_READERS = [role.value for role, held in PERMISSIONS.items() if Permission.ALERTS_READ in held]


class Report(BaseModel):
    """What somebody told the desk, about a device or about a place."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REPORT]})

    id: UUID | None = Field(default=None, description="of the alert: sent again with the same, a report is one alert")
    title: Name
    level: LevelName
    device: Code | None = None
    region: Region | None = Field(default=None, description="where it is, when no device is named")
    organisation: Code | None = Field(default=None, description="whose matter it is, when no device is named")
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    event_kind: EventKind | None = None
    category: Code | None = Field(default=None, description="as of a profile, such as fire; when no device is named")
    at: Time | None = Field(default=None, description="when it began; left out, now")
    note: Lines | None = None

    @model_validator(mode="after")
    def _placed(self) -> "Report":
        if (self.lon is None) != (self.lat is None):
            raise ValueError("give lon and lat together, or neither")
        if self.device is None and self.region is None:
            raise ValueError("name a device, or the region where it is")
        if self.device is not None and (self.region or self.organisation or self.category):
            raise ValueError("a device has its region, organisation and category: leave these out, or the device")
        return self


class CommentBody(BaseModel):
    """A remark."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "fire brigade is on its way"}]})

    note: Lines


class AssigneeBody(BaseModel):
    """Who is to see to it; null: nobody any more."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"name": "wang.fang"}]})

    name: Name | None
    note: Lines | None = None


class ShelfBody(BaseModel):
    """For how long, and why."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"minutes": 60, "reason": "welding until noon"}]}
    )

    minutes: int = Field(ge=1, le=1440, description="a red alert at most 60, others at most 480")
    reason: Lines


class MergeBody(BaseModel):
    """The alert in which it goes on."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"into": "6b1d1f6e-8d5c-4c77-9a37-7a0f3c2f6a01"}]}
    )

    into: UUID
    note: Lines | None = None


@router.post("", response_model=AlertDetail, status_code=201, responses=responses(404, 409, 422))
@needs(Permission.ALERTS_RAISE, Permission.ALERTS_READ)
async def report_alert(body: Report, context: Here, caller: TheCaller, spoken: Spoken, response: Response) -> Any:
    """Report what no sensor has seen, such as a phone call at the desk; it is told to whom it concerns as any alert."""
    now = datetime.now(UTC)
    if body.at is not None and not now - timedelta(days=7) <= body.at <= now + timedelta(minutes=5):
        raise invalid("at", "give a time within the last 7 days")
    alert_id = body.id or uuid4()
    change_id = uuid5(alert_id, "raised")
    noted = {"title": body.title, "level": body.level, "device": body.device, "region": body.region}
    async with handling(context, caller, "alert.raise", str(alert_id), noted) as conn:
        found = await row(conn, SQL.device, {"code": body.device}) if body.device is not None else {"id": None}
        if found is None:
            raise not_found("device", body.device)
        if body.organisation is not None and await row(conn, SQL.organisation, {"code": body.organisation}) is None:
            raise invalid("organisation", f"there is no organisation '{body.organisation}'")
        if body.region is not None and await row(conn, SQL.unknown_region, {"code": body.region}) is not None:
            raise invalid("region", f"there is no division {body.region}; see GET /regions")
        raised = Raise(
            change_id, alert_id, "manual", f"manual:{alert_id}", body.title, LEVELS[body.level], body.at or now,
            None if caller.principal else caller.name, body.note, caller.principal, body.event_kind, body.category,
            found["id"], body.region, body.organisation, body.lon, body.lat,
        )  # fmt: skip
        [result] = await apply(conn, [raised])
        if result.outcome == "refused":
            raise ProblemError(409, result.reason)
    response.headers["location"] = f"{router.prefix}/{alert_id}"
    return await _shown(alert_id, context, caller, spoken)


@router.post("/{alert_id}/comments", response_model=AlertDetail, status_code=201, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def comment(alert_id: UUID, body: CommentBody, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Write a remark into its history."""
    await take(context, caller, "alert.comment", step_of(alert_id, "commented", caller, None, body.note), {})
    return await _shown(alert_id, context, caller, spoken)


@router.put("/{alert_id}/assignee", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def assign(
    alert_id: UUID, body: AssigneeBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Say who is to see to it."""
    assignee = None
    if body.name is not None:
        async with context.pool.connection() as conn:
            place = await row(conn, SQL.scope, {"id": alert_id})
        if place is None:
            raise not_found("alert", alert_id)
        asked = {"name": body.name, "keys": place["keys"], "roles": _READERS}
        async with context.hub_pool.connection() as conn:
            found = await row(conn, SQL.person, asked)
        if found is None:
            raise invalid("name", f"there is no person '{body.name}' who may see this alert")
        assignee = found["id"]
    step = step_of(alert_id, "assigned", caller, None, body.note, seen=seen, assignee=assignee)
    await take(context, caller, "alert.assign", step, {"to": body.name})
    return await _shown(alert_id, context, caller, spoken)


@router.put("/{alert_id}/shelf", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def shelve(
    alert_id: UUID, body: ShelfBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Put it on the shelf (搁置): out of the list of what is to be done, until then, or until it gets worse."""
    async with context.pool.connection() as conn:
        found = await detail(conn, alert_id, caller, spoken, None)
    longest = LONGEST[LEVELS[found["level"]]]
    if timedelta(minutes=body.minutes) > longest:
        most = f"{longest.total_seconds() / 60:g} minutes at most"
        raise invalid("minutes", f"a {found['level']} alert is shelved for {most}")
    until = datetime.now(UTC) + timedelta(minutes=body.minutes)
    # Decided by the level that was read: whatever changed since has perhaps made it worse.
    step = step_of(
        alert_id, "shelved", caller, None, body.reason, seen=found["seq"] if seen is None else seen, shelved_until=until
    )
    await take(context, caller, "alert.shelve", step, {"minutes": body.minutes, "reason": body.reason})
    return await _shown(alert_id, context, caller, spoken)


@router.delete("/{alert_id}/shelf", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def unshelve(alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Take it back from the shelf."""
    await take(context, caller, "alert.unshelve", step_of(alert_id, "unshelved", caller, None, None), {})
    return await _shown(alert_id, context, caller, spoken)


@router.post("/{alert_id}/merge", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def merge(
    alert_id: UUID, body: MergeBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Let it go on in another alert that is about the same: its handling ends here."""
    step = step_of(
        alert_id, "merged", caller, None, body.note, seen=seen, permission=MERGE, merged_into=body.into
    )  # fmt: skip
    await take(context, caller, "alert.merge", step, {"into": str(body.into)})
    return await _shown(alert_id, context, caller, spoken)


@router.post(
    "/{alert_id}/attachments",
    response_model=AlertDetail,
    status_code=201,
    responses=responses(404, 409, 413, 415, 422),
    openapi_extra=BODY,
)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def attach(
    alert_id: UUID,
    request: Request,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    name: FileName = "attachment",
) -> Any:
    """Add a picture or paper: JPEG, PNG, PDF or text, the body of the request.

    What a camera wrote beside the picture (where, when, whose) is left out.
    """
    async with context.pool.connection() as conn:
        await _held(conn, alert_id)
    found = await brought(request, name)
    step = step_of(alert_id, "attached", caller, None, name)
    file = {"id": uuid4(), "alert_id": alert_id, "change_id": step.id, **found._asdict()}

    async def also(conn: AsyncConnection) -> None:
        if await _held(conn, alert_id) >= MAX_PER_ALERT:
            raise ProblemError(409, f"the alert has {MAX_PER_ALERT} attachments, which is the most")
        await conn.execute(SQL.attach.encode(), file)
        await take_over(conn, [alert_id])

    noted = {"name": name, "media_type": found.media_type, "bytes": len(found.content)}
    await take(context, caller, "alert.attach", step, noted, also, before=hold_cases)
    return await _shown(alert_id, context, caller, spoken)


@router.get(
    "/{alert_id}/attachments/{attachment_id}",
    response_class=Response,
    responses={**responses(404), 200: {"content": {kind: {} for kind in KINDS}}},
)
@needs(Permission.ALERTS_READ)
async def get_attachment(alert_id: UUID, attachment_id: UUID, context: Here, caller: TheCaller) -> Response:
    """A picture or paper; the audit notes who has seen it."""
    found = await read(context, SQL.attachment, {"id": attachment_id, "alert_id": alert_id})
    if not found:
        raise not_found("attachment", attachment_id)
    [file] = found
    async with writing(context) as conn:
        await audit(conn, caller, "attachment.read", str(alert_id), {"id": str(attachment_id), "name": file["name"]})
    return shown_file(file["name"], file["media_type"], file["content"])


async def _held(conn: AsyncConnection, alert_id: UUID) -> int:
    """How many attachments an alert has; 404 when there is none that the caller may see."""
    found = await row(conn, SQL.held, {"id": alert_id})
    if found is None:
        raise not_found("alert", alert_id)
    return int(found["attachments"])


async def _shown(alert_id: UUID, context: Context, caller: Caller, spoken: Lang) -> dict[str, Any]:
    async with context.pool.connection() as conn:
        return await detail(conn, alert_id, caller, spoken, None)
