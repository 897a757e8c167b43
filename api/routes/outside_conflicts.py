"""What outside case systems say that does not fit: shown to people, and decided by them alone."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import BaseModel, ConfigDict, Field

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import Row, handling, read, row
from api.language import Spoken
from api.problems import ProblemError, responses
from api.routes.outside_cases import Lines
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.outside import Decider, resolve
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence, stored

SQL = statements(__name__)

router = GuardedRouter(prefix="/outside-conflicts", tags=["cases"])
_KEYS = {"found_at": datetime, "id": UUID}


class OutsideConflict(BaseModel):
    """What a system says of a case, and why it does not fit."""

    id: UUID
    system: Code
    case: UUID
    number: str
    outside_id: str | None = Field(description="what the system calls the case")
    state: str = Field(description="in its own word")
    target: str = Field(description="the stage, or step, that the word stands for")
    state_at: datetime = Field(description="since when it is so there")
    note: str | None = Field(description="what it says about it")
    stage: str = Field(description="in which the case was here when it was told last")
    stage_now: str
    reason: str
    times: int = Field(description="how often it was told while it was open")
    found_at: datetime
    told_at: datetime = Field(description="when it was told last")
    resolved_at: datetime | None
    resolved_by: str | None
    resolved_as: Literal["theirs", "ours"] | None
    resolution: str | None = Field(description="why, in the words of who decided")


class ConflictDecision(BaseModel):
    """Which of both holds."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"take": "ours", "note": "they were told by telephone"}]}
    )

    take: Literal["theirs", "ours"] = Field(description="theirs: the case is moved to their state by its steps")
    note: Lines


@router.get("", response_model=Page[OutsideConflict])
@needs(Permission.CASES_READ)
async def list_conflicts(
    paging: Paged,
    context: Here,
    spoken: Spoken,
    system: Code | None = None,
    case: UUID | None = None,
    open: Annotated[bool, Query(description="only those that wait for a person")] = True,  # noqa: A002 the parameter
) -> Any:
    """Conflicts, newest first."""
    asked = {"id": None, "system": system, "case": case, "open": open}
    found = await read(context, SQL.conflicts, asked | paging.after(_KEYS))
    return paging.page([_shown(each, spoken) for each in found], _KEYS)


@router.post("/{conflict_id}:resolve", response_model=OutsideConflict, responses=responses(404, 409, 422))
@needs(Permission.CASES_HANDLE, Permission.CASES_READ)
async def resolve_conflict(
    conflict_id: UUID, body: ConflictDecision, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Decide a conflict: `theirs` takes the steps to their state, or none of them; `ours` leaves the case as it is."""
    by = Decider(caller.actor, caller.principal, caller.organisation, body.note)
    async with handling(context, caller, "outside_conflict.resolve", str(conflict_id), {"take": body.take}) as conn:
        try:
            refused = await resolve(conn, conflict_id, body.take, by)
        except LookupError:
            raise ProblemError(404, Sentence("refusal.outside.open", id=str(conflict_id)).told(spoken)) from None
        if refused is not None:
            theirs = body.take == "theirs"
            raise ProblemError(409, Sentence("refusal.outside.theirs", reason=refused) if theirs else refused)
    asked = {"id": conflict_id, "system": None, "case": None, "open": False}
    async with context.pool.connection() as conn:
        found = await row(conn, SQL.conflicts, {**asked, "limit": 1, "after_found_at": None, "after_id": None})
    return _shown(found or {}, spoken)


def _shown(found: Row, lang: Lang) -> Row:
    reason = stored(found["reason"], found["reason_words"])
    return found | {"reason": reason.told(lang) if isinstance(reason, Sentence) else reason}
