"""Who asks, for people: name, roles, permissions and scope in words."""

from datetime import UTC, datetime
from typing import Any

from psycopg import AsyncConnection

from api.database import Row, row, rows
from api.login.login import SQL
from hub.access.caller import Caller
from hub.access.classification import Level, level_named
from hub.access.logins import Logins
from hub.access.sessions import Session
from hub.words import Lang, optional, text


async def who(conn: AsyncConnection, caller: Caller, lang: Lang) -> dict[str, Any]:
    """What is told of a caller."""
    told: dict[str, Any] = {"kind": caller.kind, "name": caller.name, "display_name": caller.name}
    told |= {"organisation": None, "roles": [], "scope": [text("access.scope.everything", lang)]}
    told["permissions"] = sorted(caller.permissions)
    if caller.principal is None:
        return told
    found = await row(conn, SQL.who, {"id": caller.principal}) or {}
    grants = await rows(conn, SQL.grants, {"id": caller.principal})
    told |= {"display_name": found.get("display_name") or caller.name, "organisation": found.get("organisation")}
    told["roles"] = list(dict.fromkeys(role_in_words(grant["role"], lang) for grant in grants))
    told["scope"] = [reach_in_words(grant, lang) for grant in grants]
    return told


def role_in_words(role: str, lang: Lang) -> str:
    """A role's name; its code for one that has no words."""
    return optional(f"access.role.{role}", lang) or role


def reach_in_words(grant: Row, lang: Lang) -> str:
    """A grant in a line: the role, and what it reaches until when."""
    places = {
        kind: f"{grant[f'{kind}_name'] or grant[kind]} ({grant[kind]})" if grant[f"{kind}_name"] else grant[kind]
        for kind in ("organisation", "region", "area")
        if grant[kind] is not None
    }
    parts = [text(f"access.scope.{kind}", lang, place=place) for kind, place in places.items()]
    if not parts:
        parts = [text("access.scope.everything", lang)]
    if level_named(grant["ceiling"]) < Level.L4:
        parts.append(text("access.scope.ceiling", lang, ceiling=grant["ceiling"]))
    if grant["valid_to"] is not None:
        parts.append(text("access.scope.until", lang, time=f"{grant['valid_to']:%Y-%m-%d %H:%M}Z"))
    return text("access.scope.grant", lang, role=role_in_words(grant["role"], lang), reach=", ".join(parts))


def state_of(session: Session, logins: Logins) -> dict[str, Any]:
    """What is told of a session: until when, whether it is locked, and what has to be done first."""
    now, holder = datetime.now(UTC), logins.principals.get(session.principal)
    return {
        "id": session.id,
        "expires_at": session.expires_at,
        "locked": session.is_locked(logins.rules, now),
        "lock_s": logins.rules.lock_s,
        "second_factor": session.second_factor,
        "provider": session.issuer is not None,
        "first": None if holder is None else session.wanting(holder, logins.rules, now),
    }
