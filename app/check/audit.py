"""`hub check` for the audit: whether the hub's role can change it, and whether it is being sealed."""

import asyncio
import os
from pathlib import Path

from app.check.finding import Finding
from hub.audit.head import load_key
from hub.audit.syslog import refusal
from hub.errors import ConfigError, HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements
from hub.tls import Tls

SQL = statements(__name__)

ANSWER_S = 5.0
APART = (
    "create a role for the hub (create role ganzhi_hub login), put it into database.url and the owner into "
    "database.owner_url, and run `hub migrate`"
)


async def check_audit(settings: Settings) -> list[Finding]:
    """Findings about the audit; none while the database is away or not migrated, which others tell."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                rights = await (await conn.execute(SQL.rights)).fetchone()
                waiting = await (await conn.execute(SQL.waiting)).fetchone()
    except HubError:
        return []
    findings = []
    if rights is not None:
        findings.append(_rights(*rights))
    if not _may_write(settings.audit_journal):
        what = f"audit: its journal {settings.audit_journal} cannot be written"
        advice = "set audit.journal to a file that the hub may write: steps of alerts go there when the audit fails"
        findings.append(Finding("warn", what, advice))
    if (key := settings.audit.signing_key_file) is not None:
        try:
            load_key(key)
        except ConfigError as error:
            findings.append(Finding("fail", f"audit: {error.detail}"))
    if settings.audit.syslog is not None:
        findings.append(await _syslog(settings.audit.syslog, settings.audit.tls, waiting[1] if waiting else 0))
    if waiting is not None and waiting[0]:
        what = f"audit: {waiting[0]:,} entries have waited for their seal for more than a minute"
        findings.append(Finding("warn", what, "start the hub, which seals them; then: hub audit verify"))
    return findings


async def _syslog(server: str, tls: Tls, unsent: int) -> Finding:
    """Whether the server takes a connection, and how many entries it lacks."""
    where = f"audit: the syslog server {server}"
    try:
        async with asyncio.timeout(ANSWER_S):
            why = await refusal(server, tls)
    except (ConfigError, TimeoutError) as error:
        why = str(error) or f"no answer within {ANSWER_S:.0f} s"
    if why is not None:
        return Finding(
            "fail", f"{where} cannot be sent to: {why}; {unsent:,} entries wait for it", "check audit.syslog"
        )
    return Finding("ok", f"{where}: reachable over TLS; {unsent:,} entries wait for it")


def _may_write(file: Path) -> bool:
    """Whether a file could be made, or added to."""
    there = next(path for path in (file, *file.parents) if path.exists())
    return os.access(there, os.W_OK) and (there == file or there.is_dir())


def _rights(role: str, over_all: bool, may_write: bool, may_change: list[str] | None) -> Finding:
    if not may_write:
        what = f"audit: the database's role {role!r} may not append to it, so that nothing can be changed"
        return Finding("fail", what, "run `hub migrate` with database.owner_url, which grants it")
    if over_all:
        return Finding("warn", f"audit: the database's role {role!r} owns its tables and could change it", APART)
    if may_change:
        what = f"audit: the database's role {role!r} may change {', '.join(may_change)}"
        return Finding("fail", what, "run `hub migrate` with database.owner_url, which takes that right away")
    return Finding("ok", f"audit: the database's role {role!r} may read and append, and change nothing")
