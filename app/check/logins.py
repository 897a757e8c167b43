"""`hub check` for who is let in: whether anybody can log in, and by what alone."""

from collections.abc import Iterable

from app.check.finding import Finding
from hub.access.roles import ALONE, Role, conflict
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_logins(settings: Settings) -> list[Finding]:
    """Findings about accounts and keys; none while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.counts.encode())).fetchone()
                grants = await (await conn.execute(SQL.grants.encode())).fetchall()
    except HubError:
        return []
    accounts, keys, bare = found or (0, 0, 0)
    findings = list(_excluded(grants))
    if settings.api.token is not None:
        what = "logins: api.token opens everything, and does not say whose it is"
        findings.append(Finding("warn", what, "replace it by keys: docs/ACCESS.md"))
    elif settings.api.reached_by_others and not accounts and not keys:
        advice = "hub accounts add admin --role security_administrator"
        findings.append(Finding("fail", "logins: nobody is let in, for there is neither an account nor a key", advice))
    if bare:
        what = f"logins: {bare} accounts of administrators and auditors have no second factor"
        advice = 'access.two_factor = ["system_administrator", "security_administrator", "auditor"]'
        findings.append(Finding("warn", what, advice))
    if accounts and not bare:
        findings.append(Finding("ok", f"logins: {accounts} accounts, {keys} keys"))
    return findings


def _excluded(grants: Iterable[tuple[str, str, list[str]]]) -> Iterable[Finding]:
    """Who holds roles that exclude each other (三权分立), by grants of earlier versions or in the database."""
    for name, kind, roles in grants:
        held = {Role(role) for role in roles if role in set(Role)}
        if kind == "machine" and not held.isdisjoint(ALONE):
            role = min(held & ALONE)
            what = f"logins: the machine '{name}' is {role}, a role for people"
            yield Finding("fail", what, f"take it back: hub accounts revoke {name} --role {role}")
        elif excluded := conflict(held):
            what = f"logins: '{name}' is {excluded[0]} and {excluded[1]}, which exclude each other (三权分立)"
            yield Finding("fail", what, f"take one back: hub accounts revoke {name} --role {excluded[0]}")
