"""Alert rules: thresholds and event kinds, with levels."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Query, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb

from api.context import Here
from api.contract_types import LEVELS, Code, known
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, read, row, rows, writing
from api.expressions import expression_of, metric_of
from api.language import Spoken
from api.problems import invalid, not_found, responses
from api.rule_body import Rule, RuleBody
from api.rule_ranges import range_fault
from api.rule_scope import resolved
from devices.registry.device import detects
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.guidance import is_grave, lacking
from hub.danger import finds_danger
from hub.signals import LEARNED
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/rules", tags=["rules"])
_KEYS = {"code": str}


@router.put("/{code}", response_model=Rule, responses={201: {"model": Rule}, **responses(422)})
@needs(Permission.RULES_WRITE)
async def put_rule(
    code: Code, body: RuleBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a rule; effective from the next batch."""
    async with writing(context) as conn:
        response.status_code = 201 if await store_rule(conn, caller, code, body, spoken) else 200
        return await rule_of(conn, code)


async def store_rule(
    conn: AsyncConnection, caller: Caller, code: Code, body: RuleBody, lang: Lang, action: str = "rule.put"
) -> bool:
    """Write a rule as its next version, with an audit entry; what is the same already stays. Returns whether it is new.

    ProblemError 422 when it cannot work.
    """
    await row(conn, DATABASE.registry_lock)
    profile_id = await profile_of(conn, body, lang)
    await _require_guidance(conn, code, body, lang)
    guidance = body.guidance and body.guidance.model_dump(exclude_none=True)
    values = {
        **body.model_dump(),
        **await resolved(conn, body.scope, lang),
        "guidance": Jsonb(guidance) if guidance else None,
        "schedule": Jsonb(body.schedule.model_dump()) if body.schedule else None,
        "code": code,
        "profile_id": profile_id,
        "thresholds": Jsonb(body.thresholds) if body.thresholds else None,
        "event_level": LEVELS[body.level] if body.level else None,
        "changed_by": caller.actor,
    }
    written = await row(conn, SQL.rule_put, values)
    if written:
        await audit(conn, caller, action, code, body.model_dump(exclude_none=True))
    return bool(written and written["created"])


async def _require_guidance(conn: AsyncConnection, code: str, body: RuleBody, lang: Lang) -> None:
    """422 for a grave rule that would be switched on without guidance; one that was on before that stays on."""
    if not body.enabled or not is_grave(body.thresholds, body.level):
        return
    profile = None if body.profile is None else await row(conn, SQL.profile_metrics, {"code": body.profile})
    given = None if body.guidance is None else body.guidance.model_dump()
    plain = body.signal == "value" and body.expression is None
    metric = body.metric if plain else None  # what is unusual of a metric, or of several, may have any cause
    missing = lacking(given, body.event_kind, metric, profile["category"] if profile else None)
    if not missing:
        return
    before = await row(conn, SQL.rules, {"code": code, "profile": None, "after_code": None, "limit": 1})
    if before is None or not before["enabled"] or not _unguided(before):
        about = body.event_kind or body.expression or body.metric or ""
        needed = ", ".join(f"guidance.{name}" for name in missing)
        raise invalid("/guidance", Sentence("refusal.rule.guidance", needed=needed, about=about).told(lang))


def _unguided(rule: Mapping[str, Any]) -> bool:
    """Whether a stored rule can be orange or red and does not say what is to be done."""
    metric = rule["metric"] if rule["signal"] == "value" and rule["expression"] is None else None
    lacks = lacking(rule["guidance"], rule["event_kind"], metric, rule["category"])
    return bool(lacks) and is_grave(rule["thresholds"], rule["level"])


async def profile_of(conn: AsyncConnection, body: RuleBody, lang: Lang) -> int | None:
    """The profile of a rule that it can work with: its metrics are there, its thresholds are within their range.

    The metric that an expression is about is filled in.
    """
    if body.profile is None:
        return None
    profile = await row(conn, SQL.profile_metrics, {"code": body.profile})
    if profile is None:
        codes = [found["code"] for found in await rows(conn, DATABASE.profile_codes)]
        raise invalid("/profile", known("profile", body.profile, codes))
    _refuse_schedule(body, profile["category"], lang)
    if body.expression is not None:
        anywhere = [found["metric"] for found in await rows(conn, SQL.all_metrics)]
        program = expression_of(body.expression, body.profile, profile["metrics"], anywhere, lang)
        if fault := range_fault(body.model_dump() | {"signal": "truth" if program.truth else "expression"}, {}):
            raise invalid(fault.pointer, fault.problem.told(lang))
        body.metric = metric_of(program, body.metric, lang)
    elif body.metric is not None:
        if body.metric not in profile["metrics"]:
            metrics = list(profile["metrics"])
            raise invalid("/metric", known(f"metric of profile {body.profile}", body.metric, metrics))
        if body.signal in LEARNED and not detects(profile["metrics"][body.metric]):
            problem = Sentence("refusal.signal.not_learned", metric=body.metric)
            raise invalid("/signal", problem.told(lang))
        if fault := range_fault(body.model_dump(), profile["metrics"][body.metric]):
            raise invalid(fault.pointer, fault.problem.told(lang))
    return int(profile["id"])


def _refuse_schedule(body: RuleBody, category: str | None, lang: Lang) -> None:
    """422 for one on a rule that finds danger."""
    metric = body.metric or ""
    if body.schedule and body.event_kind is None and finds_danger(metric, body.expression, body.signal, category):
        problem = Sentence("refusal.rule.schedule_danger", what=body.expression or metric)
        raise invalid("/schedule", problem.told(lang))


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
        return await rule_of(conn, code)


@router.delete("/{code}", response_model=Rule, responses=responses(404))
@needs(Permission.RULES_WRITE)
async def disable_rule(code: Code, context: Here, caller: TheCaller) -> Any:
    """Disable a rule. It is kept because alerts refer to it; PUT it again to enable it."""
    async with writing(context) as conn:
        if await row(conn, SQL.rule_disable, {"code": code, "changed_by": caller.actor}):
            await audit(conn, caller, "rule.disable", code, {})
        return await rule_of(conn, code)


async def rule_of(conn: AsyncConnection, code: str) -> Any:
    """A rule as it is told; 404 when there is none."""
    found = await row(conn, SQL.rules, {"code": code, "profile": None, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("rule", code)
    return found
