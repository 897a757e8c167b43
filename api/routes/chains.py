"""Escalation chains (升级链): who is told of an alert that nobody takes up, step by step."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue

from api.context import Here
from api.contract_types import LEVELS, Code, LevelName, Name, RegionPrefix
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, execute, read, row, rows, writing
from api.language import Spoken
from api.problems import ProblemError, invalid, not_found, responses
from devices.catalogue.search import subtree
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.alerts.apply import SQL as ALERTS
from hub.alerts.chains import LONGEST_WAIT_S, MOST_REPEATS, MOST_STEPS, VERIFY_WITHIN_S
from hub.models import LEVEL_NAMES
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/chains", tags=["consumers"])
_KEYS = {"code": str}
_FILTER = ("min_level", "region", "area", "organisation", "category", "event_kind")
_EXAMPLE: dict[str, JsonValue] = {
    "region": "330106",
    "category": "water",
    "min_level": "orange",
    "steps": [
        {"wait_s": 120, "consumers": ["village"], "rota": "village-duty"},
        {"wait_s": 300, "consumers": ["town"]},
        {"wait_s": 300, "consumers": ["county", "city"]},
    ],
    "repeats": 2,
    "verify_within_s": {"red": 300},
}


def _wait(seconds: int) -> int:
    if not 1 <= seconds <= LONGEST_WAIT_S:
        raise ValueError(Sentence("refusal.chain.wait", longest=LONGEST_WAIT_S, given=seconds))
    return seconds


def _once(codes: list[str]) -> list[str]:
    if not codes:
        raise ValueError(Sentence("refusal.chain.nobody"))
    if twice := next((code for code in codes if codes.count(code) > 1), None):
        raise ValueError(Sentence("refusal.chain.twice", code=twice))
    return codes


Wait = Annotated[
    int, AfterValidator(_wait), Field(strict=True, json_schema_extra={"minimum": 1, "maximum": LONGEST_WAIT_S})
]


class ChainStep(BaseModel):
    """A step of a chain."""

    model_config = ConfigDict(extra="forbid")

    wait_s: Wait = Field(description="seconds since the step before it, or since the alert; up to seven days")
    consumers: Annotated[list[Code], Field(max_length=50), AfterValidator(_once)] = Field(description="who is told")
    rota: Code | None = Field(
        default=None, description="whose people on duty must acknowledge; null: any person with an account may"
    )


def _some(steps: list[ChainStep]) -> list[ChainStep]:
    if not 1 <= len(steps) <= MOST_STEPS:
        raise ValueError(Sentence("refusal.chain.steps", most=MOST_STEPS, given=len(steps)))
    return steps


class ChainBody(BaseModel):
    """For which alerts: all that is named must match; of several chains the most specific one is followed."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [_EXAMPLE]})

    min_level: LevelName = "blue"
    region: Annotated[RegionPrefix, AfterValidator(subtree)] | None = Field(
        default=None, description="only alerts from below this division code"
    )
    area: Code | None = Field(default=None, description="only of devices in this named area, while it is valid")
    organisation: Code | None = Field(default=None, description="only of devices of this organisation")
    category: Name | None = Field(default=None, description="only of devices whose profile has this category")
    event_kind: Name | None = Field(default=None, description="only alerts of this kind of event, such as fire")
    steps: Annotated[list[ChainStep], AfterValidator(_some)] = Field(
        description=f"in order, 1 to {MOST_STEPS}", json_schema_extra={"minItems": 1, "maxItems": MOST_STEPS}
    )
    repeats: int = Field(default=0, ge=0, le=MOST_REPEATS, description="how often the last step is repeated")
    verify_within_s: dict[LevelName, Wait] = Field(
        default={},
        description="by level: what was acknowledged goes on in the chain unless it is dispatched or handled within so "
        f"many seconds; left out, {', '.join(f'{level} {seconds}' for level, seconds in VERIFY_WITHIN_S.items())}",
    )


class Chain(BaseModel):
    """A stored chain."""

    code: Code
    min_level: LevelName
    region: str | None
    area: str | None
    organisation: str | None
    category: str | None
    event_kind: str | None
    steps: list[ChainStep]
    repeats: int
    verify_within_s: dict[LevelName, int]
    running: int = Field(description="alerts that wait for their next step")


@router.put("/{code}", response_model=Chain, responses={201: {"model": Chain}, **responses(409, 422)})
@needs(Permission.CONSUMERS_WRITE)
async def put_chain(
    code: Code, body: ChainBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a chain; alerts that are in it go on with the new steps, from where they are.

    Those that have come to its end begin anew, when steps or repeats are others than before.
    """
    wanted = {name: value for name in _FILTER if (value := getattr(body, name)) is not None}
    wanted["min_level"] = LEVELS[body.min_level]
    within = VERIFY_WITHIN_S | body.verify_within_s
    values = {
        "code": code,
        "filter": Jsonb(wanted),
        "steps": Jsonb([step.model_dump(exclude_none=True) for step in body.steps]),
        "repeats": body.repeats,
        "verify_within_s": [within[level] for level in LEVEL_NAMES],
    }
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        await _check(conn, body, spoken)
        if same := await row(conn, SQL.same, values):
            raise ProblemError(409, Sentence("refusal.chain.same", code=same["code"]).told(spoken))
        await audit(conn, caller, "chain.put", code, body.model_dump(exclude_none=True))
        await execute(conn, ALERTS.lock, {})  # no alert moves in it meanwhile
        written = await row(conn, SQL.put, values) or {}
        response.status_code = 201 if written["created"] else 200
        return await _chain(conn, code)


async def _check(conn: AsyncConnection, body: ChainBody, lang: Lang) -> None:
    """Refuse what a chain names and is not there; what is there stays while this transaction lasts."""
    consumers = {code for step in body.steps for code in step.consumers}
    rotas = {step.rota for step in body.steps if step.rota is not None}
    there = {found["code"] for found in await rows(conn, SQL.consumers, {"codes": sorted(consumers)})}
    standing = {found["code"] for found in await rows(conn, SQL.rotas, {"codes": sorted(rotas)})}
    for number, step in enumerate(body.steps):
        if missing := [code for code in step.consumers if code not in there]:
            problem = Sentence("refusal.chain.consumer", code=missing[0])
            raise invalid(f"/steps/{number}/consumers", problem.told(lang))
        if step.rota is not None and step.rota not in standing:
            raise invalid(f"/steps/{number}/rota", Sentence("refusal.chain.rota", code=step.rota).told(lang))
    for name, statement in (("area", SQL.area), ("organisation", SQL.organisation)):
        given = getattr(body, name)
        if given is not None and await row(conn, statement, {"code": given}) is None:
            raise invalid(f"/{name}", Sentence(f"refusal.chain.{name}", code=given).told(lang))


@router.get("", response_model=Page[Chain])
@needs(Permission.CONSUMERS_READ)
async def list_chains(paging: Paged, context: Here) -> Any:
    """Chains by code."""
    found = await read(context, SQL.chains, {"code": None, **paging.after(_KEYS)})
    return paging.page([_shown(each) for each in found], _KEYS)


@router.get("/{code}", response_model=Chain, responses=responses(404))
@needs(Permission.CONSUMERS_READ)
async def get_chain(code: Code, context: Here) -> Any:
    """One chain."""
    async with context.pool.connection() as conn:
        return await _chain(conn, code)


@router.delete("/{code}", response_model=Chain, responses=responses(404))
@needs(Permission.CONSUMERS_WRITE)
async def delete_chain(code: Code, context: Here, caller: TheCaller) -> Any:
    """Delete a chain; returned as it was.

    Alerts that are in it are escalated no further; whom it told hears how they go on.
    """
    async with writing(context) as conn:
        was = await _chain(conn, code)
        await audit(conn, caller, "chain.delete", code, {"running": was["running"]})
        await execute(conn, ALERTS.lock, {})  # no alert begins to follow it meanwhile
        await execute(conn, SQL.delete, {"code": code})
    return was


async def _chain(conn: AsyncConnection, code: str) -> dict[str, Any]:
    found = await row(conn, SQL.chains, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("chain", code)
    return _shown(found)


def _shown(found: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {**dict.fromkeys(_FILTER), **found["filter"]}
    wanted["min_level"] = LEVEL_NAMES[wanted["min_level"] - 1]
    within = dict(zip(LEVEL_NAMES, found["verify_within_s"], strict=True))
    return {**found, **wanted, "verify_within_s": within}
