"""Device profiles (thing models) and their version history."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Response
from psycopg import AsyncConnection
from psycopg.types.json import Jsonb
from pydantic import BaseModel, Field

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import SQL as DATABASE
from api.database import audit, read, row, rows, writing
from api.expressions import metrics_in
from api.language import Spoken
from api.problems import invalid, not_found, responses
from api.rule_ranges import range_fault
from api.thing_model import ProfileBody
from devices.registry.device import detects
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.signals import LEARNED
from hub.store.statements import statements
from hub.words import Lang
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/profiles", tags=["profiles"])
_KEYS = {"code": str}
_VERSION_KEYS = {"version": int}
_JSON = ("metrics", "events", "codes", "guards", "commands", "mapping", "polling")


class Profile(ProfileBody):
    """A stored profile."""

    code: Code
    version: int = Field(description="rises with each change")
    installed: int | None = Field(description="the version that came from the library; null: it did not")
    devices: int = Field(description="how many devices have it")


class Version(BaseModel):
    """A version of a profile."""

    version: int
    at: datetime
    body: dict[str, Any]


@router.put("/{code}", response_model=Profile, responses={201: {"model": Profile}, **responses(422)})
@needs(Permission.PROFILES_WRITE)
async def put_profile(
    code: Code, body: ProfileBody, response: Response, context: Here, caller: TheCaller, spoken: Spoken
) -> Any:
    """Create or replace a profile. Its devices get a series per metric; series are never removed."""
    async with writing(context) as conn:
        await row(conn, DATABASE.registry_lock)
        written = await store(conn, caller, code, body, "profile.put", spoken)
        response.status_code = 201 if written and written["created"] else 200
        return await _profile(conn, code)


async def store(
    conn: AsyncConnection, caller: Caller, code: str, body: ProfileBody, action: str, lang: Lang
) -> dict[str, Any] | None:
    """Store a profile with an audit entry; returns {"created", "version"}, or None when unchanged.

    Refused while an enabled rule rests on what it takes away: a metric, what is usual of it, or the part of a range
    with its thresholds.
    """
    columns = body.columns()
    await _check_rules(conn, code, columns["metrics"], lang)
    given = columns | {name: None if columns[name] is None else Jsonb(columns[name]) for name in _JSON}
    written = await row(conn, SQL.profile_put, {**given, "code": code})
    if written:
        await audit(conn, caller, action, code, columns)
    return written


async def _check_rules(conn: AsyncConnection, code: str, metrics: dict[str, Any], lang: Lang) -> None:
    for rule in await rows(conn, SQL.profile_rules, {"code": code}):
        metric, pointer = rule["metric"], f"/metrics/{rule['metric']}"
        gone = next((each for each in (metric, *metrics_in(rule["expression"])) if each not in metrics), None)
        if gone is not None:
            problem = Sentence("refusal.profile.rule_metric", rule=rule["code"], metric=gone)
            raise invalid(f"/metrics/{gone}", problem.told(lang))
        if rule["expression"] is not None:
            continue
        if rule["signal"] in LEARNED and detects(rule["spec"]) and not detects(metrics[metric]):
            problem = Sentence("refusal.profile.rule_signal", rule=rule["code"], metric=metric)
            raise invalid(pointer, problem.told(lang))
        if _bounds(metrics[metric]) == _bounds(rule["spec"]):
            continue
        if fault := range_fault(rule, metrics[metric]):
            part = fault.pointer.strip("/").replace("/", ".")
            problem = Sentence("refusal.profile.rule", rule=rule["code"], part=part, problem=fault.problem)
            raise invalid(pointer, problem.told(lang))


def _bounds(spec: dict[str, Any]) -> tuple[Any, Any]:
    return spec.get("min"), spec.get("max")


@router.get("", response_model=Page[Profile])
@needs(Permission.PROFILES_READ)
async def list_profiles(paging: Paged, context: Here) -> Any:
    """All profiles by code."""
    found = await read(context, SQL.profiles, {"code": None, **paging.after(_KEYS)})
    return paging.page(found, _KEYS)


@router.get("/{code}", response_model=Profile, responses=responses(404))
@needs(Permission.PROFILES_READ)
async def get_profile(code: Code, context: Here) -> Any:
    """One profile."""
    async with context.pool.connection() as conn:
        return await _profile(conn, code)


@router.get("/{code}/versions", response_model=Page[Version], responses=responses(404))
@needs(Permission.PROFILES_READ)
async def list_versions(code: Code, paging: Paged, context: Here) -> Any:
    """Every version of a profile, the newest first."""
    given = {"code": code, "version": None, **paging.after(_VERSION_KEYS)}
    found = await read(context, SQL.profile_versions, given)
    if not found and paging.cursor is None:
        raise not_found("profile", code)
    return paging.page(found, _VERSION_KEYS)


@router.get("/{code}/versions/{version}", response_model=Version, responses=responses(404))
@needs(Permission.PROFILES_READ)
async def get_version(code: Code, version: Annotated[int, Path(ge=1, le=2**31 - 1)], context: Here) -> Any:
    """One version of a profile."""
    given = {"code": code, "version": version, "after_version": None, "limit": 1}
    found = await read(context, SQL.profile_versions, given)
    if not found:
        raise not_found("version", f"{code} {version}")
    return found[0]


async def _profile(conn: AsyncConnection, code: str) -> Any:
    found = await row(conn, SQL.profiles, {"code": code, "after_code": None, "limit": 1})
    if found is None:
        raise not_found("profile", code)
    return found
