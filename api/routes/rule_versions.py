"""Versions of rules: who changed what and when, what differs, and back to an earlier one."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import Path, Query
from psycopg import AsyncConnection
from pydantic import BaseModel, Field, JsonValue, ValidationError

from api.context import Here
from api.contract_types import Code
from api.cursors import Page, Paged
from api.database import row, rows, writing
from api.language import Spoken
from api.problems import invalid, not_found, responses
from api.routes.rules import rule_of, store_rule
from api.rule_body import Rule, RuleBody
from hub.access.caller import Caller
from hub.access.door import GuardedRouter, TheCaller, needs
from hub.access.permissions import Permission
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

router = GuardedRouter(prefix="/rules/{code}/versions", tags=["rules"])
_KEYS = {"version": int}
Number = Annotated[int, Path(ge=1, le=2**31 - 1)]
Against = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="with which it is compared; the one before it")]


class RuleChange(BaseModel):
    """A field that differs."""

    field: str
    before: JsonValue
    after: JsonValue


class RuleVersion(BaseModel):
    """A version of a rule."""

    version: int
    at: datetime
    by: str | None = Field(
        description="who made it, for who may change rules; null: it was changed in the database, or before versions "
        "were kept"
    )
    changes: list[RuleChange] = Field(description="what differs from the version before; of the first: nothing")
    rule: dict[str, JsonValue] = Field(description="as PUT /rules/{code} takes it")


@router.get("", response_model=Page[RuleVersion], responses=responses(404))
@needs(Permission.RULES_READ)
async def list_rule_versions(code: Code, paging: Paged, context: Here, caller: TheCaller) -> Any:
    """Every version of a rule, the newest first."""
    async with context.pool.connection() as conn:
        wanted = {"version": None, "against": None, **paging.after(_KEYS)}
        found = await rows(conn, SQL.versions, {"code": code, "named": _named(caller), **wanted})
        if not found and paging.cursor is None:
            raise not_found("rule", code)
    return paging.page([_told(each) for each in found], _KEYS)


@router.get("/{version}", response_model=RuleVersion, responses=responses(404))
@needs(Permission.RULES_READ)
async def get_rule_version(
    code: Code, version: Number, context: Here, caller: TheCaller, against: Against = None
) -> Any:
    """One version of a rule, and what differs from another one."""
    async with context.pool.connection() as conn:
        if against is not None:
            await _version(conn, caller, code, against)
        return _told(await _version(conn, caller, code, version, against))


@router.post("/{version}:restore", response_model=Rule, responses=responses(404, 422))
@needs(Permission.RULES_WRITE)
async def restore_rule_version(code: Code, version: Number, context: Here, caller: TheCaller, spoken: Spoken) -> Any:
    """Make a rule what it was in an earlier version, which is a version of its own; effective from the next batch.

    422 when it would not work any more: a metric may be gone since.
    """
    async with writing(context) as conn:
        old = _told(await _version(conn, caller, code, version))["rule"]
        try:
            body = RuleBody.model_validate({name: value for name, value in old.items() if value is not None})
        except ValidationError as error:
            said = error.errors()[0]["msg"]
            reason = Sentence("refusal.rule_version.invalid", version=str(version), problem=said)
            raise invalid("/version", reason.told(spoken)) from error
        await store_rule(conn, caller, code, body, spoken, "rule.restore")
        return await rule_of(conn, code)


async def _version(
    conn: AsyncConnection, caller: Caller, code: str, version: int, against: int | None = None
) -> dict[str, Any]:
    wanted = {"code": code, "version": version, "against": against, "named": _named(caller)}
    found = await row(conn, SQL.versions, {**wanted, "after_version": None, "limit": 1})
    if found is None:
        raise not_found("version", f"{code} {version}")
    return found


def _named(caller: Caller) -> bool:
    """Whether a caller is told who changed a rule."""
    return Permission.RULES_WRITE in caller.permissions


def _told(found: Mapping[str, Any]) -> dict[str, Any]:
    """A row of `versions` as RuleVersion."""
    return {
        **{name: found[name] for name in ("version", "at", "by")},
        "changes": differences(found["other"], found["body"]),
        "rule": {name: value for name, value in found["body"].items() if name in RuleBody.model_fields},
    }


def differences(before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The fields in which two bodies differ, by name; none without a body to compare with."""
    if before is None:
        return []
    was, now = ({name: body.get(name, _default(name)) for name in {*before, *after}} for body in (before, after))
    return [{"field": name, "before": was[name], "after": now[name]} for name in sorted(was) if was[name] != now[name]]


def _default(name: str) -> object:
    """What a rule says that was stored before there was such a field."""
    field = RuleBody.model_fields.get(name)
    return None if field is None or field.is_required() else field.get_default(call_default_factory=True)
