"""Cases (案件): the list, one with its timeline, and reporting one."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID, uuid4, uuid5

from fastapi import Query, Response
from psycopg import AsyncConnection
from psycopg.rows import dict_row
from pydantic import BaseModel, ConfigDict, Field, JsonValue, StringConstraints, model_validator

from api.context import Context, Here
from api.contract_types import LEVELS, Code, LevelName, Moment, Name, Region, RegionPrefix
from api.cursors import Page, Paged
from api.database import Row, handling, row, rows
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.cases.apply import apply
from hub.cases.step import Report
from hub.cases.transitions import APPROVE, HANDLE, Situation, possible
from hub.store.statements import statements
from hub.words import Lang, text
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/cases", tags=["cases"])
_KEYS = {"reported_at": datetime, "id": UUID}
SHOWN = 500
"""Steps that one answer shows."""

Stage = Literal[
    "reported", "accepted", "filed", "dispatched", "coordinating", "handling", "verifying", "verified", "closed",
    "rejected", "merged",
]  # fmt: skip
Lines = Annotated[str, StringConstraints(pattern=r"^[^\x00]*$", min_length=1, max_length=2000, strip_whitespace=True)]
CategoryKind = Literal["part", "event"]
CategoryCode = Annotated[str, StringConstraints(pattern=r"^[0-9]{2,8}$")]
Component = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
_REPORT: dict[str, JsonValue] = {
    "title": "Rubbish beside the market hall", "category_kind": "event", "category": "0101", "level": "yellow",
    "region": "330106001002", "note": "seen at 7:40",
}  # fmt: skip


class CaseReport(BaseModel):
    """What somebody has to see to; of an alert, or entered."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_REPORT]})

    id: UUID | None = Field(default=None, description="of the case: sent again with the same, a report is one case")
    alert: UUID | None = Field(default=None, description="the alert that it is of: title and place are its own then")
    title: Name | None = Field(default=None, description="of an alert its title, if it is left out")
    category_kind: CategoryKind | None = Field(default=None, description="part (部件) or event (事件)")
    category: CategoryCode | None = Field(default=None, description="大类 or 小类, of the newest table of categories")
    component: Component | None = Field(default=None, description="code of the component (部件), 16 digits")
    level: LevelName | None = None
    region: Region | None = None
    organisation: Code | None = Field(default=None, description="whose matter it is")
    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    note: Lines | None = None

    @model_validator(mode="after")
    def _whole(self) -> "CaseReport":
        if (self.lon is None) != (self.lat is None):
            raise ValueError(Sentence("refusal.case.place"))
        if (self.category is None) != (self.category_kind is None):
            raise ValueError(Sentence("refusal.case.category_half"))
        if self.alert is None and (self.title is None or self.region is None):
            raise ValueError(Sentence("refusal.case.what"))
        if self.alert is not None and (self.region or self.organisation or self.lon is not None):
            raise ValueError(Sentence("refusal.case.of_alert"))
        return self


class Case(BaseModel):
    """The current state of a case."""

    id: UUID
    number: str = Field(description="what people call it (案卷号)")
    seq: int = Field(description="how many steps it had")
    title: str
    source: Literal["entered", "alert", "rule", "outside"]
    category_kind: CategoryKind | None
    category: str | None
    category_name: str | None
    category_version: int | None
    component: str | None
    level: LevelName | None
    region: str | None
    region_name: str | None
    organisation: str | None
    lon: float | None
    lat: float | None
    alert: UUID | None
    reported_at: datetime
    reported_by: str
    reporters: int = Field(description="reports of it, with those of the cases that were merged into it")
    stage: Stage
    stage_at: datetime
    stage_by: str = Field(description="who brought it into its stage")
    stage_due_at: datetime | None = Field(
        description="null: none, it stands still, or a calendar is missing (`clocks`)"
    )
    overdue: bool = Field(description="whether a deadline of its stage or of the whole case has passed")
    steps: list[str] = Field(description="the steps that the caller may take now (docs/CASES.md)")
    responsible: str | None = Field(description="the organisation that handles it (主办)")
    responsible_name: str | None
    assisting: list[str] = Field(description="those that help (协办)")
    accepted_at: datetime | None
    filed_at: datetime | None
    dispatched_at: datetime | None
    handled_at: datetime | None
    closed_at: datetime | None
    closed_how: Literal["handled", "self_handled"] | None
    ended_at: datetime | None
    due_at: datetime | None = Field(description="of the whole case")
    returned: int
    reworked: int
    extended: int
    suspended: int = Field(description="how often; `suspended_at` says whether it is now")
    suspended_at: datetime | None
    review_at: datetime | None
    supervised: int
    supervision: LevelName | None = Field(description="level of a supervision that waits for its answer")
    supervision_due_at: datetime | None
    asked: Literal["extension", "suspension"] | None = Field(description="what waits for another person's decision")
    asked_by: str | None
    asked_at: datetime | None
    asked_hours: float | None
    asked_until: datetime | None
    merged_into: UUID | None
    updated_at: datetime


class CaseStep(BaseModel):
    """One step of a case."""

    seq: int
    kind: str
    at: datetime
    actor: str
    organisation: str | None
    stage_from: str | None
    stage_to: str
    note: str | None
    detail: dict[str, Any]


class CaseClock(BaseModel):
    """The time of one visit to a stage; `case`: of the whole; `supervision`, `review`: until an answer, a review."""

    stage: str
    entered_at: datetime
    left_at: datetime | None
    deadline: Literal["due", "stopped", "no_calendar", "none", "over"] = Field(
        description="no_calendar: unknown until the calendar of a year is imported"
    )
    due_at: datetime | None
    limit_s: float | None
    extended_s: float
    working: bool = Field(description="whether its seconds are of working time")
    working_s: float | None = Field(description="what it took, without stops")
    stopped_s: float
    overdue_at: datetime | None = Field(description="when the hub warned that it had run out")


class CaseOutcome(BaseModel):
    """What came of the case in which a merged one went on."""

    stage: Stage
    closed_how: Literal["handled", "self_handled"] | None
    ended_at: datetime | None


class CaseAttachment(BaseModel):
    """A picture or paper; its bytes are at /cases/{case_id}/attachments/{id}."""

    id: UUID
    seq: int = Field(description="the step that it came with")
    name: str
    media_type: str
    size: int
    of_alert: UUID | None = Field(description="that of the alert from which it was taken over")
    added_at: datetime
    of_case: str | None = Field(description="the number of the case that it came with and that went on in this one")


class CaseDetail(Case):
    """A case with its timeline."""

    timeline: list[CaseStep] = Field(description="the newest 500 steps, in their order; /timeline has all")
    clocks: list[CaseClock]
    attachments: list[CaseAttachment]
    warning: str | None = Field(description="what is to be known of its deadlines")
    outcome: CaseOutcome | None = Field(description="of a merged case: what came of the one in which it went on")


_EVERY: dict[str, Any] = {
    **dict.fromkeys(("id", "number", "stages", "category_kind", "category", "level", "region", "organisation")),
    **dict.fromkeys(("responsible", "source", "alert", "merged_into", "asked", "reported_from", "reported_to")),
    **dict.fromkeys(("open", "overdue", "suspended", "supervised"), False),
    **dict.fromkeys(("after_reported_at", "after_id")),
    "limit": 1,
}


@router.get("", response_model=Page[Case])
@needs(Permission.CASES_READ)
async def list_cases(
    paging: Paged,
    context: Here,
    caller: TheCaller,
    stage: Annotated[list[Stage] | None, Query(description="may be given several times")] = None,
    open_: Annotated[bool, Query(alias="open", description="only those that have not ended")] = False,
    overdue: Annotated[bool, Query(description="only open ones past a deadline")] = False,
    suspended: Annotated[bool, Query(description="only those that stand still")] = False,
    supervised: Annotated[bool, Query(description="only those whose supervision waits for its answer")] = False,
    asked: Annotated[Literal["extension", "suspension"] | None, Query(description="what waits for a decision")] = None,
    category_kind: Annotated[CategoryKind | None, Query()] = None,
    category: Annotated[CategoryCode | None, Query(description="with those below it: 01 finds 0101")] = None,
    level: Annotated[LevelName | None, Query()] = None,
    region: Annotated[RegionPrefix | None, Query(description="the first digits of a division code")] = None,
    organisation: Annotated[Code | None, Query()] = None,
    responsible: Annotated[Code | None, Query(description="the organisation that handles it")] = None,
    source: Annotated[Literal["entered", "alert", "rule", "outside"] | None, Query()] = None,
    number: Annotated[str | None, Query(max_length=40)] = None,
    alert: Annotated[UUID | None, Query()] = None,
    merged_into: Annotated[UUID | None, Query()] = None,
    reported_from: Annotated[Moment | None, Query()] = None,
    reported_to: Annotated[Moment | None, Query(description="before this time")] = None,
) -> Any:
    """Cases, the newest first."""
    wanted = {
        **_EVERY, "stages": stage, "open": open_, "overdue": overdue, "suspended": suspended, "supervised": supervised,
        "asked": asked, "category_kind": category_kind, "category": category, "region": region,
        "level": LEVELS[level] if level else None, "organisation": organisation, "responsible": responsible,
        "source": source, "number": number, "alert": alert, "merged_into": merged_into,
        "reported_from": reported_from, "reported_to": reported_to, **paging.after(_KEYS),
    }  # fmt: skip
    async with context.pool.connection() as conn:
        page = paging.page(await _cases(conn, wanted), _KEYS)
        return {**page, "items": await _shown(conn, page["items"], caller)}


@router.post("", response_model=CaseDetail, status_code=201, responses=responses(404, 409, 422))
@needs(Permission.CASES_HANDLE, Permission.CASES_READ)
async def report_case(body: CaseReport, context: Here, caller: TheCaller, spoken: Spoken, response: Response) -> Any:
    """Report a case (上报), of an alert or as somebody told it."""
    case_id, now = body.id or uuid4(), datetime.now(UTC)
    noted = body.model_dump(mode="json", exclude_none=True, exclude={"note", "id"})
    async with handling(context, caller, "case.report", str(case_id), noted) as conn:
        place = await _place(conn, body, spoken)
        category = await category_of(conn, body.category_kind, body.category, spoken)
        report = Report(
            uuid5(case_id, "reported"), case_id, now, caller.actor, place.pop("title"),
            "entered" if body.alert is None else "alert", principal=caller.principal, alert_id=body.alert,
            by_organisation=caller.organisation, note=body.note, component=body.component, **place, **category,
        )  # fmt: skip
        [result] = await apply(conn, [report])
        if result.outcome == "refused" and result.reason is not None:
            raise ProblemError(409, result.reason.told(spoken))
    response.headers["location"] = f"{router.prefix}/{case_id}"
    return await shown(context, case_id, caller, spoken)


@router.get("/{case_id}", response_model=CaseDetail, responses=responses(404))
@needs(Permission.CASES_READ)
async def get_case(case_id: UUID, context: Here, caller: TheCaller, spoken: Spoken, response: Response) -> Any:
    """One case with its timeline and clocks.

    The header ETag names this state: sent back as If-Match with a step, the step is refused when there is a newer one.
    """
    found = await shown(context, case_id, caller, spoken)
    response.headers["etag"] = f'"{found["seq"]}"'
    return found


@router.get("/{case_id}/timeline", response_model=Page[CaseStep], responses=responses(404))
@needs(Permission.CASES_READ)
async def list_steps(case_id: UUID, paging: Paged, context: Here) -> Any:
    """The steps of a case, the newest first."""
    keys = {"seq": int}
    async with context.pool.connection() as conn:
        if not await _cases(conn, {**_EVERY, "id": case_id}):
            raise not_found("case", case_id)
        found = await rows(conn, SQL.steps, {"id": case_id, **paging.after(keys)})
        page = paging.page(found, keys)
        return {**page, "items": await named(conn, page["items"], ("actor",))}


async def shown(context: Context, case_id: UUID, caller: Caller, lang: Lang) -> dict[str, Any]:
    """One case with all that belongs to it; 404 when there is none that the caller may see."""
    async with context.pool.connection() as conn:
        found = await _cases(conn, {**_EVERY, "id": case_id})
        if not found:
            raise not_found("case", case_id)
        [case] = await _shown(conn, found, caller)
        steps = await rows(conn, SQL.steps, {"id": case_id, "after_seq": None, "limit": SHOWN})
        clocks = await rows(conn, SQL.clocks, {"id": case_id})
        files = await rows(conn, SQL.attachments, {"id": case_id})
        timeline = await named(conn, steps, ("actor",))
    outcome = None
    if case["merged_into"] is not None:
        async with context.hub_pool.connection() as conn:  # also where the caller does not see that one
            outcome = await row(conn, SQL.outcome, {"into": case["merged_into"]})
    missing = any(clock["deadline"] == "no_calendar" for clock in clocks)
    warning = text("case.warning.no_calendar", lang) if missing else None
    return {
        **case,
        "timeline": timeline[::-1],
        "clocks": clocks,
        "attachments": files,
        "warning": warning,
        "outcome": outcome,
    }


async def category_of(conn: AsyncConnection, kind: str | None, code: str | None, lang: Lang) -> dict[str, Any]:
    """The category of a case, with the version of its table; ProblemError 422 when the newest table has it not."""
    if kind is None or code is None:
        return {"category_kind": None, "category": None, "category_version": None}
    found = await row(conn, SQL.category, {"kind": kind, "code": code})
    if found is None:
        raise invalid("category", text("refusal.case.category", lang, kind=kind, code=code))
    return {"category_kind": kind, "category": code, "category_version": found["version"]}


async def known_organisations(conn: AsyncConnection, codes: Sequence[str], lang: Lang) -> None:
    """ProblemError 422 for the first of some codes that is no organisation's."""
    known = {found["code"] for found in await rows(conn, SQL.organisations, {"codes": list(codes)})}
    for code in codes:
        if code not in known:
            raise invalid("organisation", text("refusal.case.organisation", lang, code=code))


async def named(conn: AsyncConnection, found: Sequence[Row], members: Sequence[str]) -> list[Row]:
    """Rows with the names of people instead of their ids."""
    people = {each[name] for each in found for name in members if (each[name] or "").startswith("principal:")}
    if not people:
        return list(found)
    ids = [person.removeprefix("principal:") for person in people]
    names = {each["actor"]: each["name"] for each in await rows(conn, SQL.people, {"ids": ids})}
    return [{**each, **{name: names.get(each[name], each[name]) for name in members}} for each in found]


async def _place(conn: AsyncConnection, body: CaseReport, lang: Lang) -> dict[str, Any]:
    """Title, level and place of a report: of its alert, or as they are told."""
    level = None if body.level is None else LEVELS[body.level]
    if body.alert is not None:
        found = await row(conn, SQL.alert, {"id": body.alert})
        if found is None:
            raise not_found("alert", body.alert)
        if found["drill_id"] is not None:
            raise ProblemError(409, text("refusal.case.drill", lang))
        place = {name: found[name] for name in ("region", "organisation", "lon", "lat")}
        return {**place, "title": body.title or found["title"], "level": level or found["level"]}
    if body.organisation is not None:
        await known_organisations(conn, [body.organisation], lang)
    if await row(conn, SQL.unknown_region, {"code": body.region}) is not None:
        raise invalid("region", text("refusal.case.region", lang, code=body.region))
    place = {name: getattr(body, name) for name in ("title", "region", "organisation", "lon", "lat")}
    return {**place, "level": level}


async def _cases(conn: AsyncConnection, wanted: dict[str, Any]) -> list[Row]:
    async with conn.cursor(row_factory=dict_row) as cursor:
        # A plan made once for all filters would use the index of none.
        await cursor.execute(SQL.cases.encode(), wanted, prepare=False)
        return await cursor.fetchall()


async def _shown(conn: AsyncConnection, found: Sequence[Row], caller: Caller) -> list[Row]:
    """Cases with names, and the steps that the caller may take."""
    may = [permission for permission in (HANDLE, APPROVE) if Permission(permission) in caller.permissions]
    cases = await named(conn, found, ("reported_by", "stage_by", "asked_by"))
    return [{**case, "steps": [step for each in may for step in possible(_situation(case), each)]} for case in cases]


def _situation(case: Row) -> Situation:
    held = case["suspended_at"] is not None
    return Situation(case["stage"], held, case["asked"], case["returned"], case["supervision"] is not None)
