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
from api.language import Asked, Spoken, failure_in, note_in
from api.problems import ProblemError, invalid, not_found, responses
from api.routes.alert_body import Alert, AlertDetail, Cause, State
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.access.scope import Scope
from hub.alerts.alert import Step
from hub.alerts.apply import apply
from hub.alerts.guidance import guidance_in
from hub.alerts.path import DRILL as ROUNDS
from hub.alerts.titles import title_in
from hub.alerts.transitions import STEP, possible
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

router = GuardedRouter(prefix="/alerts", tags=["alerts"])
SHOWN = 500
"""Changes and deliveries that one answer shows."""
_KEYS = {"raised_at": datetime, "id": UUID}
Taken = Literal["acknowledged", "dispatched", "handled", "verified", "closed", "false_alarm", "reopened"]


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
    spoken: Spoken,
    lang: Asked,
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
    return {**page, "items": [_shown(found, caller, spoken, lang) for found in page["items"]]}


async def few_keys(conn: AsyncConnection, scope: Scope, active: bool, limit: int) -> list[str] | None:
    """The keys of a scope that reaches few alerts: they are looked up by them. None: the newest are looked at."""
    if scope.everywhere:
        return None
    [told] = await rows(conn, SQL.few_alerts, {"limit": limit, "active": active})
    return sorted(scope.all_keys) if told["few"] else None


@router.get("/{alert_id}", response_model=AlertDetail, responses=responses(404))
@needs(Permission.ALERTS_READ)
async def get_alert(
    alert_id: UUID, context: Here, caller: TheCaller, spoken: Spoken, response: Response, lang: Asked
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
    lang: Asked,
    seen: Seen = None,
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
    before: Also | None = None,
) -> None:
    """Take a step with its audit entry, and `also` after it in the same transaction; ProblemError when refused.

    `then` is taken with it or neither is; of `where_allowed` what the table allows from there, in their order.
    Afterwards, for the lock of all changes comes first: what refers to the alert waits for its row. `before` is for the
    lock of cases, which comes before that of alerts everywhere.
    """
    async with handling(context, caller, action, str(step.alert_id), noted) as conn:
        if before is not None:
            await before(conn)
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
        **_shown(found, caller, spoken, lang),
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


def _shown(found: dict[str, Any], caller: Caller, spoken: Lang, lang: Lang | None) -> dict[str, Any]:
    """A row with the steps that a desk may take, its title in a language if one was asked for."""
    if found["escalation"] is not None and Permission.CONSUMERS_READ not in caller.permissions:
        found["escalation"] = {**found["escalation"], "next_to": []}
    names, guidance = found.pop("names"), guidance_in(spoken, found)
    title = found["title"] if lang is None else title_in(lang, found, found, names)
    steps = possible(found["handling"], found["cleared_at"] is not None, STEP)
    return {**found, "guidance": guidance, "title": title, "steps": steps}


def shown_delivery(found: dict[str, Any], lang: Lang) -> dict[str, Any]:
    """A delivery with its reasons in a language."""
    why = found["why"]
    return failure_in(lang, {**found, "why": None if why is None else text(f"delivery.why.{why}", lang)})
