"""`hub check` for secrets of others in the database: whether they are encrypted, and can be read."""

from app.check.finding import Finding
from hub.errors import ConfigError, HubError
from hub.secrets.sealed import Secrets
from hub.secrets.stored import summary
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors

_NAMED = 5
_PLAIN = (
    "they are not used. Look who has written to the database; set the consumer's secret, password or URL again, and "
    "reset the account (hub accounts reset NAME)"
)


async def check_secrets(settings: Settings) -> list[Finding]:
    """Findings; nothing is changed."""
    try:
        vault = Secrets(settings.secrets)
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await summary(conn, vault)
    except ConfigError as error:
        return [Finding("fail", error.detail)]
    except HubError:
        return []  # the database's own findings say so
    findings: list[Finding] = []
    if vault.current is None and found.marked:
        what = "secrets: all have been encrypted in this database, and this hub has no key"
        advice = "set secrets.key_file: what it stores now has to be set again, for it is not encrypted"
        findings.append(Finding("fail", what, advice))
    elif vault.current is not None and found.marked and found.plain:
        rows = ", ".join(f"{column} of {row}" for column, row in found.plain_rows[:_NAMED])
        more = f", and {found.plain - _NAMED} more" if found.plain > _NAMED else ""
        what = "secrets: not encrypted, though all were before: a hub without its key, or somebody else, has written"
        findings.append(Finding("fail", f"{what} {rows}{more}", _PLAIN))
    elif vault.current is None and found.plain:
        advice = "make a key with `hub secrets key`, and set secrets.key_file: docs/CRYPTO.md"
        findings.append(Finding("warn", f"secrets: {found.plain} are not encrypted in the database", advice))
    elif found.pending:
        findings.append(
            Finding("warn", f"secrets: {found.pending} are not encrypted with the key in use", "hub secrets rotate")
        )
    unreadable = found.unreadable - (found.plain if found.marked and vault.current is not None else 0)
    if unreadable:
        advice = "put the former key back behind the first one in secrets.key; or set the consumers' secrets again"
        findings.append(Finding("fail", f"secrets: {unreadable} cannot be read: hub secrets status", advice))
    if not findings and vault.current is not None:
        findings.append(Finding("ok", f"secrets: all are encrypted with the key {vault.current}"))
    return findings
