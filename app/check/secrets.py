"""`hub check` for secrets of others in the database: whether they are encrypted, and can be read."""

from app.check.finding import Finding
from hub.errors import ConfigError, HubError
from hub.secrets.sealed import Secrets
from hub.secrets.stored import summary
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors


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
    if vault.current is None and found.plain:
        advice = "make a key with `hub secrets key`, and set secrets.key_file: docs/CRYPTO.md"
        findings.append(Finding("warn", f"secrets: {found.plain} are not encrypted in the database", advice))
    elif found.pending:
        findings.append(
            Finding("warn", f"secrets: {found.pending} are not encrypted with the key in use", "hub secrets rotate")
        )
    if found.unreadable:
        advice = "put the former key back behind the first one in secrets.key; or set the consumers' secrets again"
        findings.append(Finding("fail", f"secrets: {found.unreadable} cannot be read: hub secrets status", advice))
    if not findings and vault.current is not None:
        findings.append(Finding("ok", f"secrets: all are encrypted with the key {vault.current}"))
    return findings
