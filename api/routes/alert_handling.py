"""What a desk does with an alarm (处警), each in one action: check, transfer, arrive, feedback, close out."""

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.context import Context, Here
from api.contract_types import Name, Time
from api.database import audit, read, row, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, responses
from api.routes.alert_body import AlertDetail, Cause
from api.routes.alert_desk import Lines
from api.routes.alerts import Seen, detail, known_cause, step_of, take
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.alert import Step
from hub.alerts.desk_steps import CheckResult, Means, Service
from hub.alerts.transitions import CLOSE_OUT
from hub.store.statements import statements
from hub.words import Lang

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts/{alert_id}", tags=["alerts"])
causes = GuardedRouter(prefix="/alert-causes", tags=["alerts"])
_REFUSED = responses(404, 409, 412, 422)
_CAUSE_CODE = re.compile("[a-z][a-z0-9_]{0,62}")
_LATEST, _EARLIEST = timedelta(minutes=5), timedelta(days=30)
_CHECK: dict[str, JsonValue] = {
    "by": "call",
    "result": "false_alarm",
    "cause": "cooking",
    "note": "a barbecue below it",
}
_TRANSFER: dict[str, JsonValue] = {"to": "119", "who": "officer Li, badge 4711", "number": "F-2026-1107"}


class DeskStep(BaseModel):
    """What all steps of a desk have."""

    model_config = ConfigDict(extra="forbid")

    id: UUID | None = Field(default=None, description="of the step: sent again with the same, it is one step")
    at: Time | None = Field(default=None, description="when it was; left out, now")
    note: Lines | None = None


class CheckBody(DeskStep):
    """Whether it is real (核实)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_CHECK]})

    by: Means
    result: CheckResult
    cause: Cause | None = Field(
        default=None, description="of GET /alert-causes, of this result; left out, unspecified for a false alarm"
    )


class TransferBody(DeskStep):
    """To whom it was handed over (转警)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_TRANSFER]})

    to: Service
    who: Name | None = Field(default=None, description="who took it there")
    number: Name | None = Field(default=None, description="under which number they have it")


class ArriveBody(DeskStep):
    """Who is on site (到场)."""

    who: Name | None = None


class FeedbackBody(DeskStep):
    """What was told from the site, or by those it was handed to (反馈)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "put out, nobody hurt"}]})

    who: Name | None = None
    note: Lines


class CloseOutBody(BaseModel):
    """How it ended (销警)."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"note": "put out; the crew has left"}]})

    id: UUID | None = Field(default=None, description="of the step: sent again with the same, it is one step")
    note: Lines


class AlertCause(BaseModel):
    """Why an alert was real, false or a test."""

    code: Cause
    result: CheckResult
    name_en: str
    name_zh: str
    in_use: bool = Field(description="whether it is offered; one that was given stays")


class AlertCauses(BaseModel):
    """The whole table."""

    items: list[AlertCause]


class CauseBody(BaseModel):
    """A cause of this city."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"result": "real", "name_en": "tree fall", "name_zh": "树木倒伏"}]},
    )

    result: CheckResult
    name_en: Name
    name_zh: Name
    in_use: bool = True


@router.post("/check", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def check(
    alert_id: UUID, body: CheckBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Record whether it is real (核实). A real one that is open is acknowledged by that; others end as false alarms.

    A test is ended so, too, with a cause of its own kind, and is not counted as a false alarm.
    """
    code = body.cause or {"real": None, "false_alarm": "unspecified", "test": "test"}[body.result]
    cause = None if code is None else await known_cause(context, code, [body.result])
    details: dict[str, Any] = {"by": body.by, "result": body.result, "cause": code}
    details |= {} if cause is None else {"cause_name": {"en": cause["name_en"], "zh": cause["name_zh"]}}
    step = _step(alert_id, "checked", caller, body, details, seen)
    if body.result == "real":
        acknowledged = _with(step, "acknowledged", caller)
        await take(context, caller, "alert.check", step, _noted(step), where_allowed=[acknowledged])
    else:
        await take(
            context, caller, "alert.check", step, _noted(step), then=_with(step, "false_alarm", caller, cause=code)
        )
    return await _shown(alert_id, context, caller, spoken)


@router.post("/transfer", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def transfer(
    alert_id: UUID, body: TransferBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Record that it was handed over to 119, 110, 120 or others (转警). It is acknowledged and dispatched by that."""
    step = _step(alert_id, "transferred", caller, body, {"to": body.to, "who": body.who, "number": body.number}, seen)
    moves = [_with(step, kind, caller) for kind in ("acknowledged", "dispatched")]
    await take(context, caller, "alert.transfer", step, _noted(step), where_allowed=moves)
    return await _shown(alert_id, context, caller, spoken)


@router.post("/arrive", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def arrive(
    alert_id: UUID, body: ArriveBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Record that somebody is on site (到场)."""
    step = _step(alert_id, "arrived", caller, body, {"who": body.who}, seen)
    await take(context, caller, "alert.arrive", step, _noted(step))
    return await _shown(alert_id, context, caller, spoken)


@router.post("/feedback", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def feedback(
    alert_id: UUID, body: FeedbackBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Record what those on site, or who it was handed to, have told (反馈); also after its end."""
    step = _step(alert_id, "reported_back", caller, body, {"who": body.who}, seen)
    await take(context, caller, "alert.feedback", step, _noted(step))
    return await _shown(alert_id, context, caller, spoken)


@router.post("/close-out", response_model=AlertDetail, responses=_REFUSED)
@needs(Permission.ALERTS_STEP, Permission.ALERTS_READ)
async def close_out(
    alert_id: UUID, body: CloseOutBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Close it in one step (销警), wherever its handling stands; 409 while nobody has checked whether it is real."""
    step = _step(alert_id, "closed", caller, body, None, seen, CLOSE_OUT)
    await take(context, caller, "alert.close_out", step, _noted(step))
    return await _shown(alert_id, context, caller, spoken)


@causes.get("", response_model=AlertCauses)
@needs(Permission.ALERTS_READ)
async def list_causes(context: Here) -> Any:
    """Why alerts are real, false or tests: the table from which a check names its cause."""
    return {"items": await read(context, SQL.causes)}


@causes.put("/{code}", response_model=AlertCause, responses=responses(409, 422))
@needs(Permission.RULES_WRITE)
async def put_cause(code: Cause, body: CauseBody, context: Here, caller: TheCaller) -> Any:
    """Add a cause, rename it, or take it out of use; its result stays."""
    given = {"code": code, **body.model_dump()}
    if not _CAUSE_CODE.fullmatch(code):
        raise invalid("code", "write it in small letters, digits and _, such as tree_fall")
    async with writing(context) as conn:
        if await row(conn, SQL.put_cause, given) is None:
            raise ProblemError(409, f"'{code}' goes with another result, and was perhaps given: choose another code")
        await audit(conn, caller, "alert_cause.put", code, body.model_dump())
    return given


def _step(
    alert_id: UUID,
    kind: str,
    caller: Caller,
    body: DeskStep | CloseOutBody,
    details: Mapping[str, Any] | None,
    seen: int | None,
    permission: str | None = None,
) -> Step:
    now = datetime.now(UTC)
    at = body.at if isinstance(body, DeskStep) else None
    if at is not None and not now - _EARLIEST <= at <= now + _LATEST:
        raise invalid("at", "give a time within the last 30 days")
    told = None if details is None else {**details, "at": None if at is None else at.isoformat()}
    values = {} if permission is None else {"permission": permission}
    step = step_of(alert_id, kind, caller, None, body.note, seen=seen, details=told, **values)
    return step if body.id is None else replace(step, id=uuid5(alert_id, f"{kind}:{body.id}"))


def _with(step: Step, kind: str, caller: Caller, cause: str | None = None) -> Step:
    """A move of the handling that goes with a step."""
    return replace(step_of(step.alert_id, kind, caller, None, None, cause=cause), id=uuid5(step.id, kind))


def _noted(step: Step) -> dict[str, Any]:
    """What the audit says of a step."""
    return {**(step.details or {}), "note": step.note}


async def _shown(alert_id: UUID, context: Context, caller: Caller, spoken: Lang) -> dict[str, Any]:
    async with context.pool.connection() as conn:
        return await detail(conn, alert_id, caller, spoken, None)
