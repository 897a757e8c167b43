"""Steps of cases: what people who handle them do, and what their superiors decide."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from api.attached import FileBody, within
from api.context import Context, Here
from api.contract_types import LEVELS, Code, LevelName, Moment
from api.database import handling, rows
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from api.routes.alerts import Seen
from api.routes.cases import (
    CaseDetail,
    CategoryCode,
    CategoryKind,
    Component,
    Lines,
    category_of,
    known_organisations,
    named,
    shown,
)
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.apply import apply
from hub.cases.plan import Result
from hub.cases.step import Step
from hub.cases.transitions import APPROVE, HANDLE
from hub.store.statements import statements
from hub.words import Lang, text

SQL = statements(__name__)

MOST_FILES = 4
"""Of a step."""
BODY_LIMIT = 12 << 20
"""Bytes of a step: files are base64."""

router = GuardedRouter(prefix="/cases", tags=["cases"])
_REFUSED = responses(404, 409, 412, 422)
_STEP: dict[str, JsonValue] = {"to": "dispatched", "responsible": "sanitation", "assisting": ["parks"], "note": "today"}
_DECISION: dict[str, JsonValue] = {"to": "extension_granted", "note": "the part has to be ordered"}

Taken = Literal[
    "accepted", "rejected", "self_handled", "filed", "dispatched", "taken", "returned", "handled", "passed", "failed",
    "closed", "merged", "classified", "commented", "extension_asked", "suspension_asked", "resumed", "answered",
]  # fmt: skip
Decided = Literal[
    "dispatched", "extension_granted", "extension_refused", "suspension_granted", "suspension_refused",
    "suspension_reviewed", "supervised",
]  # fmt: skip


class _Step(BaseModel):
    """What each step may say."""

    id: UUID | None = Field(default=None, description="taken again with the same, a step changes nothing")
    note: Lines | None = Field(default=None, description="at most 2,000 characters; why, of a step that needs a reason")
    responsible: Code | None = Field(default=None, description="of dispatched: the organisation that handles it (主办)")
    assisting: Annotated[list[Code], Field(max_length=20)] = Field(
        default=[], description="of dispatched: those that help (协办)"
    )
    until: Moment | None = Field(default=None, description="when a suspension is reviewed, or an answer is due")
    level: LevelName | None = None
    files: Annotated[list[FileBody], Field(max_length=MOST_FILES)] = Field(
        default=[], description="pictures and papers that belong to the step, kept with it or not at all"
    )


class CaseStepBody(_Step):
    """A step."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_STEP]})

    to: Taken
    into: UUID | None = Field(default=None, description="of merged: the case in which it goes on")
    hours: float | None = Field(
        default=None, gt=0, le=10_000, description="of extension_asked, in the time of its stage"
    )
    category_kind: CategoryKind | None = None
    category: CategoryCode | None = None
    component: Component | None = None


class CaseDecisionBody(_Step):
    """What a superior decides."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_DECISION]})

    to: Decided


@router.post("/{case_id}/steps", response_model=CaseDetail, responses=_REFUSED)
@needs(Permission.CASES_HANDLE, Permission.CASES_READ)
async def take_step(
    case_id: UUID, body: CaseStepBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Take a step; 409 says who came first, and which steps are possible. With If-Match: 412 when it has changed."""
    return await _take(case_id, body, HANDLE, context, caller, spoken, seen)


@router.post("/{case_id}/decisions", response_model=CaseDetail, responses=_REFUSED)
@needs(Permission.CASES_APPROVE, Permission.CASES_READ)
async def decide(
    case_id: UUID, body: CaseDecisionBody, context: Here, caller: TheCaller, spoken: Spoken, seen: Seen = None
) -> Any:
    """Grant or refuse what another person asked for, supervise (督办), or dispatch what is in coordination (协调)."""
    return await _take(case_id, body, APPROVE, context, caller, spoken, seen)


class _Refused(Exception):
    """A step was refused."""

    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result = result


async def _take(
    case_id: UUID,
    body: CaseStepBody | CaseDecisionBody,
    permission: str,
    context: Context,
    caller: Caller,
    lang: Lang,
    seen: int | None,
) -> dict[str, Any]:
    given = body.model_dump(exclude={"id", "to", "level", "files", "assisting", "category", "category_kind"})
    noted = body.model_dump(mode="json", exclude_none=True, exclude_defaults=True, exclude={"note", "files"})
    files = [within(each, f"/files/{number}") for number, each in enumerate(body.files)]
    noted |= {"files": [file.name for file in files]} if files else {}
    try:
        async with handling(context, caller, "case.step", str(case_id), noted) as conn:
            organisations = [*([body.responsible] if body.responsible else []), *body.assisting]
            await known_organisations(conn, organisations, lang)
            classified = isinstance(body, CaseStepBody) and body.to == "classified"
            category = await category_of(conn, body.category_kind, body.category, lang) if classified else {}  # type: ignore[union-attr]
            step = Step(
                body.id or uuid4(), case_id, body.to, datetime.now(UTC), caller.actor, permission, caller.principal,
                caller.organisation, seen=seen, level=None if body.level is None else LEVELS[body.level],
                assisting=tuple(body.assisting), **given, **category,
            )  # fmt: skip
            [result] = await apply(conn, [step], {step.id: files})
            if result.case is None:
                raise not_found("case", case_id)
            if result.outcome == "refused":
                raise _Refused(result)
    except _Refused as refused:  # only now: others wait for the lock with connections that the reason needs
        result = refused.result
        raise ProblemError(412 if result.stale else 409, await _why(context, result, lang)) from refused
    return await shown(context, case_id, caller, lang)


async def _why(context: Context, result: Result, lang: Lang) -> str:
    """Why a step was refused; who brought the case where it is, and when."""
    reason, case = result.reason, result.case
    if reason is None or case is None or case.stage_at is None:
        return ""
    async with context.pool.connection() as conn:  # who it was is above some ceilings
        last = await named(conn, await rows(conn, SQL.last, {"id": case.id}), ("actor",))
    if not last or not last[0]["actor"]:
        return reason.told(lang)
    by = text(
        "case.by", lang, stage=text(f"case.stage.{case.stage}", lang), actor=last[0]["actor"],
        at=f"{case.stage_at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC",
    )  # fmt: skip
    return f"{reason.told(lang)}; {by}"
