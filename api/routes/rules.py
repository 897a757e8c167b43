"""Alert rules: thresholds and event kinds, with levels."""

from itertools import pairwise
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Metric, Name, known
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, read, row, rows, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from api.rule_ranges import range_fault
from devices.registry.device import detects
from devices.vocabulary import KINDS
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.own_kinds import reserved
from hub.signals import LEARNED, Signal
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/rules", tags=["rules"])
_KEYS = {"code": str}
_EXAMPLES: list[JsonValue] = [
    {
        "name": "PM2.5 high",
        "profile": "air",
        "metric": "pm25",
        "direction": "above",
        "thresholds": {"blue": 75, "yellow": 115, "orange": 150, "red": 250},
        "hysteresis": 5,
        "hold_s": 10,
    },
    {
        "name": "Level unusual",
        "profile": "river-level",
        "metric": "level",
        "signal": "score",
        "direction": "above",
        "thresholds": {"yellow": 0.99},
        "clear_s": 1800,
    },
    {"name": "Smoke seen", "event_kind": "smoke", "level": "red"},
]
Threshold = Annotated[float, Field(allow_inf_nan=False)]


class RuleBody(BaseModel):
    """Either thresholds on a metric of a profile, or a level for a kind of event."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": _EXAMPLES})

    name: Name
    profile: Code | None = Field(default=None, description="needed with a metric; an event rule may leave it out")
    metric: Metric | None = None
    signal: Signal = Field(
        default="value",
        description="what the thresholds are of: the value, or of each reading its `score` (how unusual, 0 to 1), "
        "`rate` (change an hour since the reading before), `residual` (distance from what is usual at its hour) or "
        "`gap` (seconds since the reading before)",
    )
    direction: Literal["above", "below"] | None = None
    thresholds: dict[LevelName, Threshold] | None = Field(default=None, min_length=1)
    hysteresis: float = Field(default=0, ge=0, allow_inf_nan=False, description="how far back before it ends")
    hold_s: float = Field(default=0, ge=0, le=86400, description="seconds a value must last before it counts")
    clear_s: float = Field(default=0, ge=0, le=86400, description="seconds a value must be back before a level ends")
    event_kind: str | None = Field(default=None, pattern=r"^[a-z][a-z0-9_]{0,63}$", examples=["smoke"])
    level: LevelName | None = Field(default=None, description="of the alert of an event")
    enabled: bool = True

    @model_validator(mode="after")
    def _one_kind(self) -> "RuleBody":
        of_metric = (self.metric, self.direction, self.thresholds)
        of_event = (self.event_kind, self.level)
        if any(part is not None for part in of_metric) == any(part is not None for part in of_event):
            raise ValueError("give either profile, metric, direction and thresholds, or event_kind and level, not both")
        if self.event_kind is None and self.level is None:
            if self.profile is None or any(part is None for part in of_metric):
                raise ValueError("a threshold rule needs profile, metric, direction and thresholds")
            self._ordered(self.thresholds or {})
        elif any(part is None for part in of_event):
            raise ValueError("an event rule needs event_kind and level")
        elif (refused := reserved(str(self.event_kind))) is not None:
            raise ValueError(refused)
        elif self.event_kind not in KINDS:
            raise ValueError(known("kind of event", str(self.event_kind), sorted(KINDS)))
        elif self.hysteresis or self.hold_s or self.clear_s or self.signal != "value":
            raise ValueError("signal, hysteresis, hold_s and clear_s belong to threshold rules")
        return self

    def _ordered(self, thresholds: dict[LevelName, float]) -> None:
        levels = sorted(thresholds, key=LEVELS.__getitem__)
        for milder, worse in pairwise(levels):
            step = thresholds[worse] - thresholds[milder]
            if (step <= 0) if self.direction == "above" else (step >= 0):
                right = "above" if self.direction == "above" else "below"
                raise ValueError(f"the threshold of {worse} must lie {right} that of {milder}")


class Rule(BaseModel):
    """A stored rule."""

    code: Code
    name: str
    profile: str | None
    metric: str | None
    signal: Signal
    direction: str | None
    thresholds: dict[LevelName, float] | None
    hysteresis: float
    hold_s: float
    clear_s: float
    event_kind: str | None
    level: LevelName | None
    enabled: bool

    @field_validator("thresholds")
    @classmethod
    def _mildest_first(cls, thresholds: dict[LevelName, float] | None) -> dict[LevelName, float] | None:
        return thresholds and dict(sorted(thresholds.items(), key=lambda item: LEVELS[item[0]]))


@router.put("/{code}", response_model=Rule, responses={201: {"model": Rule}, **responses(422)})
@needs(Permission.RULES_WRITE)
async def put_rule(
    code: Code, body: RuleBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a rule; effective from the next batch."""
    stored = body.model_dump(exclude_none=True)
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        written = await row(
            conn,
            SQL.rule_put,
            {
                **body.model_dump(),
                "code": code,
                "profile_id": await profile_of(conn, body, spoken),
                "thresholds": Jsonb(body.thresholds) if body.thresholds else None,
                "event_level": LEVELS[body.level] if body.level else None,
            },
        )
        if written:
            await audit(conn, caller, "rule.put", code, stored)
        response.status_code = 201 if written and written["created"] else 200
        return await _rule(conn, code)


async def profile_of(conn: AsyncConnection, body: RuleBody, lang: Lang) -> int | None:
    """The profile of a rule that it can work with: its metric is there, its thresholds are within its range."""
    if body.profile is None:
        return None
    profile = await row(conn, SQL.profile_metrics, {"code": body.profile})
    if profile is None:
        codes = [found["code"] for found in await rows(conn, DATABASE.profile_codes)]
        raise invalid("/profile", known("profile", body.profile, codes))
    if body.metric is not None:
        if body.metric not in profile["metrics"]:
            metrics = list(profile["metrics"])
            raise invalid("/metric", known(f"metric of profile {body.profile}", body.metric, metrics))
        if body.signal in LEARNED and not detects(profile["metrics"][body.metric]):
            problem = Sentence("refusal.signal.not_learned", metric=body.metric)
            raise invalid("/signal", problem.told(lang))
        if fault := range_fault(body.model_dump(), profile["metrics"][body.metric]):
            raise invalid(fault.pointer, fault.problem.told(lang))
    return int(profile["id"])


@router.get("", response_model=Page[Rule])
@needs(Permission.RULES_READ)
async def list_rules(paging: Paged, context: Here, profile: Annotated[Code | None, Query()] = None) -> Any:
    """Rules by code."""
    found = await read(context, SQL.rules, {"code": None, "profile": profile, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=Rule, responses=responses(404))
@needs(Permission.RULES_READ)
async def get_rule(code: Code, context: Here) -> Any:
    """One rule."""
    async with context.pool.connection() as conn:
        return await _rule(conn, code)


@router.delete("/{code}", response_model=Rule, responses=responses(404))
@needs(Permission.RULES_WRITE)
async def disable_rule(code: Code, context: Here, caller: TheCaller) -> Any:
    """Disable a rule. It is kept because alerts refer to it; PUT it again to enable it."""
    async with writing(context) as conn:
        if await row(conn, SQL.rule_disable, {"code": code}):
            await audit(conn, caller, "rule.disable", code, {})
        return await _rule(conn, code)


async def _rule(conn: AsyncConnection, code: str) -> Any:
    found = await row(conn, SQL.rules, {"code": code, "profile": None, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("rule", code)
    return found
