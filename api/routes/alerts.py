"""Alerts, with their changes and deliveries."""

import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from fastapi import Depends, Header, Query, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field

from api.context import Context, Here
from api.contract_types import LEVELS, Code, LevelName, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import handling, read, row, rows
from api.language import Spoken, failure_in, note_in
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.scope import Scope
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.desk_steps import CheckResult
from hub.alerts.path import DRILL as ROUNDS
from hub.alerts.titles import title_in
from hub.alerts.transitions import STEP, possible
from hub.signals import Signal
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
SHOWN = 500
"""Changes and deliveries that one answer shows."""
_KEYS = {"raised_at": datetime, "id": UUID}
Handling = Literal["open", "acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "merged"]
State = Literal[Handling, "cleared"]
TitleLang = Annotated[Lang | None, Query(description="of titles; left out, as they are stored")]
Cause = Code
"""Of the table of causes (GET /alert-causes)."""
Receipt = Literal["waiting", "unproven", "reached", "failed"]
Taken = Literal["acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "reopened"]


class Escalation(BaseModel):
    """How far an alert is in its escalation chain."""

    chain: Code
    step: int = Field(description="how many steps were taken")
    state: Literal["waiting", "acknowledged", "stopped", "exhausted"] = Field(
        description="waiting for a person on duty; acknowledged by one, so that it goes on unless it is dispatched or "
        "handled in time; stopped; exhausted: all steps were taken"
    )
    next_at: datetime | None = Field(description="when the next step is taken, unless somebody acts before")
    next_to: list[Code] = Field(description="consumers that are told then; none for who may not see consumers")


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
    origin: Literal["rule", "manual", "hub"] = Field(description="raised by a rule, by a person, by the hub itself")
    drill: bool = Field(description="of an exercise or a test: nothing of it is real, and its title says so")
    target: str = Field(description="what it is about: of a rule and target at most one is active")
    rule: str | None = Field(description="null for what no rule raised")
    rule_name: str | None
    event_kind: str | None
    device: str | None = Field(description="null for what is about a place, or about the hub")
    device_name: str | None
    category: str | None
    assignee: str | None = Field(description="the account that is to see to it")
    cause: Cause | None = Field(description="why it was false, of GET /alert-causes")
    check_result: CheckResult | None = Field(
        description="what a person found it to be (核实); null: nobody has checked"
    )
    shelved_until: datetime | None = Field(description="out of the list of what is to be done until then")
    merged_into: UUID | None = Field(description="the alert in which it goes on")
    incident: UUID | None = Field(description="of GET /incidents, in which it is")
    metric: str | None
    metric_name: str | None
    unit: str | None
    direction: Literal["above", "below"] | None
    signal: Signal | None = Field(description="what of the metric the value, its unit and the threshold are")
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
    escalation: Escalation | None = Field(description="null: it follows no chain")


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
    details: dict[str, Any] | None = Field(
        default=None,
        description="of checked, transferred, arrived and reported_back: what was given with the step; of what a rule "
        "on a signal decided: `why` (the value, what was expected, the score and its parts)",
    )


class AlertDelivery(BaseModel):
    """Delivery of one change to one consumer."""

    consumer: str
    seq: int
    state: Literal["pending", "delivered", "given_up", "silenced", "quiet", "inhibited", "grouped"] = Field(
        description="silenced, quiet: kept back by a silence, or by quiet hours of the consumer; inhibited: by "
        "another alert; grouped: its next summary names it"
    )
    attempts: int
    inhibited_by: UUID | None = Field(description="the alert of its device's parent that keeps it back")
    summary: UUID | None = Field(description="the summary that names it, and whose state this is; null: sent singly")
    why: str | None = Field(description="why it gets it beside its filters: as the fallback, or by a chain; else null")
    failure: str | None = Field(description="in which way it failed last, in one word")
    last_error: str | None
    said: str | None = Field(description="what the consumer answered when it accepted, at most 500 characters")
    took_ms: int | None = Field(description="how long the last attempt took")
    receipt: Receipt | None = Field(
        description="what a gateway has said since it accepted: delivered is not reached. unproven: nothing in its "
        "time. null: no receipt is expected. It is never an acknowledgement"
    )
    receipt_said: str | None = Field(description="the status in the receipt, in the gateway's own word")
    message_id: str | None = Field(description="what the gateway calls the message")
    reached_at: datetime | None
    repeats: int = Field(description="how often it was sent again because its receipt said that it failed")
    created_at: datetime
    settled_at: datetime | None
    next_at: datetime | None


class AlertAttachment(BaseModel):
    """A picture or paper that somebody added."""

    id: UUID
    name: str
    media_type: str
    size: int = Field(description="bytes")
    added_at: datetime


class AlertDetail(Alert):
    """An alert with its changes, attachments and deliveries."""

    changes: list[AlertStep] = Field(description="the newest 500, in their order; /changes has all")
    attachments: list[AlertAttachment]
    inhibited_by: UUID | None = Field(
        description="the alert of its device's gateway or pole that keeps it back from who was told of that"
    )
    deliveries: list[AlertDelivery] = Field(
        description="the newest 500, in their order; /deliveries has all. Empty for who may not see consumers"
    )


def _seq(value: str | None = Header(default=None, alias="if-match", examples=['"3"'])) -> int | None:
    """The state that a caller decided by, from If-Match; None: whatever it is."""
    if value is None or value.strip() == "*":
        return None
    if (found := _ETAG.fullmatch(value.strip())) is None:
        raise ProblemError(422, 'If-Match: send the ETag of the alert as it was read, such as "3" with its quotes')
    return int(found[1])


_ETAG = re.compile(r'(?:W/)?"(\d{1,9})"')
Seen = Annotated[int | None, Depends(_seq)]
Also = Callable[[AsyncConnection], Awaitable[None]]


class StepBody(BaseModel):
    """A handling step."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"to": "acknowledged", "actor": "desk 2"}]}
    )

    to: Taken
    cause: Cause | None = Field(
        default=None, description="of a false alarm, such as cooking (GET /alert-causes); left out, unspecified"
    )
    note: Annotated[str, Field(max_length=2000)] | None = None
    actor: Name | None = Field(default=None, description="who takes it, as a post or a desk; only a note")


@router.get("", response_model=Page[Alert])
@needs(Permission.ALERTS_READ)
async def list_alerts(
    paging: Paged,
    context: Here,
    caller: TheCaller,
    state: Annotated[list[State] | None, Query(description="may be given several times")] = None,
    active: Annotated[bool, Query(description="only where the condition lasts and nobody has ended it")] = False,
    min_level: Annotated[LevelName | None, Query()] = None,
    device: Annotated[Code | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    shelved: Annotated[bool | None, Query(description="only those on the shelf, or none of them")] = None,
    assignee: Annotated[Name | None, Query(description="name of the account that is to see to it")] = None,
    drill: Annotated[
        Literal["true", "false", "any"], Query(description="those of drills, those that are real, or both")
    ] = "false",
    lang: TitleLang = None,
) -> Any:
    """Alerts, newest first; those of drills only where they are asked for."""
    wanted = {
        "id": None,
        "states": state,
        "active": active,
        "min_level": LEVELS[min_level] if min_level else None,
        "device": device,
        "region": region,
        "shelved": shelved,
        "assignee": assignee,
        "drill": None if drill == "any" else drill == "true",
    }
    after = paging.after(_KEYS)
    async with context.pool.connection() as conn:
        keys = await few_keys(conn, context.scope, active, after["limit"])
        page = paging.page(await rows(conn, SQL.alerts, {**wanted, **after, "keys": keys, "rounds": ROUNDS}), _KEYS)
    return {**page, "items": [_shown(found, caller, lang) for found in page["items"]]}


async def few_keys(conn: AsyncConnection, scope: Scope, active: bool, limit: int) -> list[str] | None:
    """The keys of a scope that reaches few alerts: they are looked up by them. None: the newest are looked at."""
    if scope.everywhere:
        return None
    [told] = await rows(conn, SQL.few_alerts, {"limit": limit, "active": active})
    return sorted(scope.all_keys) if told["few"] else None


@router.get("/{alert_id}", response_model=AlertDetail, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_alert(
    alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken, response: Response, lang: TitleLang = None
) -> Any:
    """One alert with its changes, and its deliveries for who may see consumers.

    The header ETag names this state: sent back as If-Match with a step, the step is refused when there is a newer one.
    """
    async with context.pool.connection() as conn:
        found = await detail(conn, alert_id, caller, spoken, lang)
    response.headers["etag"] = f'"{found["seq"]}"'
    return found


@router.post("/{alert_id}/steps", response_model=AlertDetail, responses=responses(404, 409, 412, 422))
@needs(Permission.ALERTS_STEP)
async def take_step(
    alert_id: UUID,
    body: StepBody,
    context: Here,
    caller: TheCaller,
    spoken: Spoken,
    response: Response,
    seen: Seen = None,
    lang: TitleLang = None,
) -> Any:
    """Acknowledge an alert or move it to another handling state; 409 lists the allowed transitions.

    With If-Match: 412 when the alert has changed since, with what happened.
    """
    if body.cause is not None and body.to != "false_alarm":
        raise invalid("cause", "only a false alarm has one")
    noted = {"to": body.to, "note": body.note, "claimed": body.actor}
    cause = (body.cause or "unspecified") if body.to == "false_alarm" else None
    if cause is not None:
        await known_cause(context, cause, ("false_alarm", "test"))
    noted |= {"cause": cause} if cause else {}
    step = step_of(alert_id, body.to, caller, body.actor, body.note, seen=seen, cause=cause)
    await take(context, caller, "alert.step", step, noted)
    return await get_alert(alert_id, context, caller, spoken, response, lang)


def step_of(alert_id: UUID, kind: str, caller: Caller, actor: str | None, note: str | None, **values: Any) -> Step:
    """A step by a caller; `actor` is what it calls its post, only a note."""
    named = actor or ("api" if caller.principal is None else None)
    at = datetime.now(UTC)
    return Step(uuid4(), alert_id, kind, named, note, principal=caller.principal, at=at, **values)


async def known_cause(context: Context, code: str, results: Sequence[str]) -> dict[str, Any]:
    """A cause in use that goes with one of these results; 422 when there is none."""
    found = await read(context, SQL.cause, {"code": code})
    if not found or found[0]["result"] not in results:
        raise invalid("cause", f"there is no cause '{code}' of {' or '.join(results)} in use; see GET /alert-causes")
    return found[0]


async def take(
    context: Context,
    caller: Caller,
    action: str,
    step: Step,
    noted: Mapping[str, Any],
    also: Also | None = None,
    *,
    then: Step | None = None,
    where_allowed: Sequence[Step] = (),
) -> None:
    """Take a step with its audit entry, and `also` after it in the same transaction; ProblemError when refused.

    `then` is taken with it or neither is; of `where_allowed` what the table allows from there, in their order.
    Afterwards, for the lock of all changes comes first: what refers to the alert waits for its row.
    """
    async with handling(context, caller, action, str(step.alert_id), noted) as conn:
        # It holds up all other changes of alerts until the commit, which comes at once.
        [result] = await apply(conn, [step])
        if not result.found:
            raise not_found("alert", step.alert_id)
        if result.stale:
            raise ProblemError(412, await _since(context, step.alert_id, step.seen or 0))
        if result.outcome == "refused":
            raise ProblemError(409, result.reason)
        if result.outcome == "applied":  # what is sent again changes nothing
            for after in await apply(conn, [*([then] if then is not None else []), *where_allowed]):
                if after.change is then and after.outcome == "refused":
                    raise ProblemError(409, after.reason)
        if also is not None:
            await also(conn)


async def _since(context: Context, alert_id: UUID, seen: int) -> str:
    """What happened to an alert since it had so many changes, in a sentence."""
    newest = await read(context, SQL.alert_changes, {"id": alert_id, "after_seq": None, "limit": 5})
    told = [
        f"{each['kind']}{' by ' + each['actor'] if each['actor'] else ''} at {each['at']:%H:%M:%S} UTC"
        for each in reversed(newest)
        if each["seq"] > seen
    ]
    return f"the alert has changed since: {', '.join(told) or 'it had fewer changes'}; read it again and decide anew"


async def detail(
    conn: AsyncConnection, alert_id: UUID, caller: Caller, spoken: Lang, lang: Lang | None
) -> dict[str, Any]:
    """One alert with all that belongs to it; 404 when there is none that the caller may see."""
    named = ("states", "min_level", "device", "region", "shelved", "assignee", "drill", "keys")
    everything = dict.fromkeys(named)
    first = {"after_raised_at": None, "after_id": None, "limit": 1, "active": False}
    found = await row(conn, SQL.alerts, {"id": alert_id, **everything, **first, "rounds": ROUNDS})
    if found is None:
        raise not_found("alert", alert_id)
    may = Permission.CONSUMERS_READ in caller.permissions
    newest = {"id": alert_id, "after_seq": None, "after_consumer": None, "limit": SHOWN}
    deliveries = await rows(conn, SQL.alert_deliveries, newest) if may else []
    return {
        **_shown(found, caller, lang),
        "changes": [
            shown_change(each, caller, spoken) for each in reversed(await rows(conn, SQL.alert_changes, newest))
        ],
        "inhibited_by": inhibitor["id"]
        if (inhibitor := await row(conn, SQL.alert_inhibitor, {"id": alert_id}))
        else None,
        "attachments": await rows(conn, SQL.alert_attachments, {"id": alert_id}),
        "deliveries": [shown_delivery(each, spoken) for each in reversed(deliveries)],
    }


def shown_change(found: dict[str, Any], caller: Caller, spoken: Lang) -> dict[str, Any]:
    """A change with its note in a language; what a chain did names consumers, for who may see these."""
    if found["kind"] == "escalated" and Permission.CONSUMERS_READ not in caller.permissions:
        return {**note_in(spoken, found), "note": text("escalation.taken", spoken)}
    return note_in(spoken, found)


def _shown(found: dict[str, Any], caller: Caller, lang: Lang | None) -> dict[str, Any]:
    """A row with the steps that a desk may take, its title in a language if one was asked for."""
    if found["escalation"] is not None and Permission.CONSUMERS_READ not in caller.permissions:
        found["escalation"] = {**found["escalation"], "next_to": []}
    names = found.pop("names")
    title = found["title"] if lang is None else title_in(lang, found, found, names)
    steps = possible(found["handling"], found["cleared_at"] is not None, STEP)
    return {**found, "title": title, "steps": steps}


def shown_delivery(found: dict[str, Any], lang: Lang) -> dict[str, Any]:
    """A delivery with its reasons in a language."""
    why = found["why"]
    return failure_in(lang, {**found, "why": None if why is None else text(f"delivery.why.{why}", lang)})
