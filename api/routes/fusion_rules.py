"""Rules of fusion (融合规则): which alerts close to each other are one incident, and what follows from that."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query, Response
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Metric, Name, Once
from api.cursors import Page, Paged
from api.database import audit, execute, read, row, writing
from api.language import Spoken
from api.problems import ProblemError, not_found, responses
from api.routes.inhibitions import Kind
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.fusion_trial import WouldFuse
from hub.alerts.trial import TrialsBusyError
from hub.danger import DANGER
from hub.models import LEVEL_NAMES
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/fusion-rules", tags=["alerts"])
trials = GuardedRouter(tags=["alerts"])
_KEYS = {"code": str}
EXAMPLES = 100
"""Incidents that an answer shows one by one: the newest."""
_EXAMPLE: dict[str, JsonValue] = {
    "name_en": "Fire seen by several", "name_zh": "多源火情", "kinds": ["fire", "smoke", "power_loss"],
    "anchors": ["fire", "smoke"], "radius_m": 200, "within_s": 300, "sources": 2, "raise_to": "red", "raise_sources": 3,
    "consequences": ["offline", "fault"],
}  # fmt: skip


class FusionRuleBody(BaseModel):
    """Alerts of these kinds or metrics that are close in place and time are one incident."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    name_en: Name
    name_zh: Name
    kinds: Annotated[list[Kind], Once] = Field(default=[], max_length=25, description="kinds of events that take part")
    metrics: Annotated[list[Metric], Once] = Field(
        default=[], max_length=25, description="metrics whose alerts take part"
    )
    anchors: Annotated[list[Kind | Metric], Once] = Field(
        default=[], max_length=25, description="of these one at least must be there; empty: any will do"
    )
    link: Literal["near", "parent"] = Field(
        default="near", description="near: by distance; parent: by the gateway or pole that devices hang on"
    )
    radius_m: float = Field(default=200, ge=1, le=20_000, description="metres between two that belong together")
    within_s: float = Field(default=300, ge=1, le=21_600, description="seconds between their beginnings")
    sources: int = Field(default=2, ge=2, le=1000, description="how many different things must have found something")
    share: float = Field(
        default=0,
        ge=0,
        le=1,
        description="of link parent: of the devices at the gateway, how many; 0: whatever there are",
    )
    raise_to: LevelName | None = Field(default=None, description="the level that the leading alert is raised to")
    raise_sources: int | None = Field(
        default=None, ge=2, le=1000, description="from so many sources on; null: `sources`"
    )
    lower_to: Literal["blue", "yellow", "orange"] | None = Field(
        default=None,
        description="makes no incidents, but lowers to this what stays alone though others of its profile are near. "
        "Never of dangers",
    )
    consequences: Annotated[list[Literal["offline", "fault", "video_loss"]], Once] = Field(
        default=[], max_length=3, description="kinds that follow from such an incident, and are not told singly"
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _whole(self) -> "FusionRuleBody":
        if not self.kinds and not self.metrics:
            raise ValueError("name kinds or metrics: what takes part")
        if wrong := [each for each in self.anchors if each not in (*self.kinds, *self.metrics)]:
            raise ValueError(f"anchors: {', '.join(wrong)} takes no part; name it among kinds or metrics as well")
        if self.lower_to is not None:
            if self.metrics or self.raise_to is not None or self.link != "near":
                raise ValueError("a rule with lower_to is of kinds alone, by distance, and raises nothing")
            if danger := sorted(DANGER.intersection(self.kinds)):
                raise ValueError(f"{', '.join(danger)}: a danger is never lowered")
        return self


class FusionRule(FusionRuleBody):
    """A rule of fusion."""

    code: Code
    changed_at: datetime


class TriedIncident(BaseModel):
    """An incident that would have been made."""

    lead: UUID = Field(description="the alert that would lead it")
    alerts: list[UUID] = Field(description="the first 100")
    count: int
    sources: int
    began_at: datetime
    last_at: datetime
    metres: float | None = Field(description="from the leading alert to the farthest; null: it has no place")
    raised_to: LevelName | None


class FusionTriedRule(BaseModel):
    """What a rule would have made of a period, by the alerts that the caller may see."""

    since: datetime
    until: datetime
    looked_at: int = Field(description="alerts that take part in it")
    incidents: int
    fused: int = Field(description="alerts that would have been in one")
    alone: int = Field(description="alerts that would have been in none")
    raised: int = Field(description="incidents whose leading alert would have been raised")
    complete: bool = Field(description="false: only the first 50,000 alerts were looked at")
    examples: list[TriedIncident] = Field(description="the newest 100")


@router.get("", response_model=Page[FusionRule])
@needs(Permission.RULES_READ)
async def list_fusion_rules(paging: Paged, context: Here) -> Any:
    """Rules of fusion by code, in which order they are applied: an alert is in one incident at most."""
    return paging.page(await read(context, SQL.rules, {"code": None, **paging.after(_KEYS)}), _KEYS)


@router.put("/{code}", response_model=FusionRule, responses={201: {"model": FusionRule}, **responses(422)})
@needs(Permission.RULES_WRITE)
async def put_fusion_rule(
    code: Code, body: FusionRuleBody, response: Response, context: Here, caller: TheCaller
) -> Any:
    """Make or change a rule; incidents that there are stay as they are."""
    async with writing(context) as conn:
        written = await row(conn, SQL.put, {**_columns(body), "code": code})
        await audit(conn, caller, "fusion_rule.put", code, body.model_dump(exclude_none=True))
        response.status_code = 201 if written and written["created"] else 200
        return await _rule(conn, code)


@router.delete("/{code}", response_model=FusionRule, responses=responses(404))
@needs(Permission.RULES_WRITE)
async def delete_fusion_rule(code: Code, context: Here, caller: TheCaller) -> Any:
    """Delete a rule; its incidents stay."""
    async with writing(context) as conn:
        was = await _rule(conn, code)
        await execute(conn, SQL.delete, {"code": code})
        await audit(conn, caller, "fusion_rule.delete", code, {})
        return was


@trials.post("/fusion-rules:try", response_model=FusionTriedRule, responses=responses(422, 503))
@needs(Permission.RULES_READ)
async def try_fusion_rule(
    body: FusionRuleBody, context: Here, spoken: Spoken, days: Annotated[int, Query(ge=1, le=366)] = 30
) -> Any:
    """What a rule would have fused of the past alerts that the caller may see. Nothing is stored or sent."""
    until = datetime.now(UTC)
    since = until - timedelta(days=days)
    assert context.try_fusion is not None  # noqa: S101 for the type checker; every API has one
    try:
        tried = await context.try_fusion(context.pool.connection, {**_columns(body), "code": "try"}, since, until)
    except TrialsBusyError as error:
        reason = Sentence("refusal.rule_try.busy").told(spoken)
        raise ProblemError(503, reason, headers={"Retry-After": "30"}) from error
    return {
        "since": since,
        "until": until,
        "looked_at": tried.looked_at,
        "incidents": len(tried.incidents),
        "fused": sum(len(each.alerts) for each in tried.incidents),
        "alone": tried.alone,
        "raised": sum(each.raised_to is not None for each in tried.incidents),
        "complete": tried.complete,
        "examples": [_example(each) for each in tried.incidents[: -EXAMPLES - 1 : -1]],
    }


def _example(found: WouldFuse) -> dict[str, Any]:
    return {
        "lead": found.lead,
        "alerts": found.alerts[:EXAMPLES],
        "count": len(found.alerts),
        "sources": found.sources,
        "began_at": found.began_at,
        "last_at": found.last_at,
        "metres": found.metres,
        "raised_to": None if found.raised_to is None else LEVEL_NAMES[found.raised_to - 1],
    }


def _columns(body: FusionRuleBody) -> dict[str, Any]:
    levels = {name: LEVELS[level] for name in ("raise_to", "lower_to") if (level := getattr(body, name)) is not None}
    return {**body.model_dump(), **levels}


async def _rule(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.rules, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("fusion rule", code)
    return found
