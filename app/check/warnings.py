"""`hub check` for the sources of official warnings: whether each was heard, and may be called."""

from datetime import datetime, timedelta
from urllib.parse import urlsplit

from app.check.finding import Finding
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.alert_settings import WarningSource
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements
from ingest.warnings.stale import LEAST

SQL = statements(__name__)


async def check_warnings(settings: Settings) -> list[Finding]:
    """A line for each source; nothing is called, but names are resolved."""
    sources = settings.warnings.sources
    if not sources:
        return []
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = {row[0]: row[1:] for row in await (await conn.execute(SQL.sources)).fetchall()}
    except HubError:
        return []  # the database's own findings say so
    outgoing = Outgoing(settings)
    return [
        await _refused(outgoing, source) or _judged(source, *found.get(source.name, (None, None, None, None)))
        for source in sources
    ]


async def _refused(outgoing: Outgoing, source: WarningSource) -> Finding | None:
    parts = urlsplit(source.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    try:
        await outgoing.addresses("warnings", parts.hostname or "", port)
    except OutgoingRefused as error:
        return Finding("fail", f"warnings from {source.name}: {error.sentence}", "see docs/WARNINGS.md")
    except OSError as error:
        return Finding("warn", f"warnings from {source.name}: its name is not known: {error}")
    return None


def _judged(
    source: WarningSource, heard_at: datetime | None, failing: datetime | None, error: str | None, now: datetime | None
) -> Finding:
    what = f"warnings from {source.name}"
    if now is None:
        return Finding("warn", f"{what}: it has not been asked yet", "start the hub")
    if failing is not None:
        return Finding("warn", f"{what}: it has failed since {failing:%Y-%m-%d %H:%M} UTC: {error}", "check its url")
    if heard_at is None or now - heard_at > max(LEAST, timedelta(seconds=5 * source.every_s)):
        return Finding("warn", f"{what}: nobody has asked it for a while", "start the hub")
    if error is not None:
        return Finding("warn", f"{what}: a part of what it says cannot be used: {error}")
    return Finding("ok", f"{what}: heard at {heard_at:%H:%M:%S} UTC")
