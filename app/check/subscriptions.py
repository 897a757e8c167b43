"""`hub check` for subscriptions of platforms: whether each was heard, is silent, and has devices that wait."""

from datetime import datetime

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_subscriptions(settings: Settings) -> list[Finding]:
    """A line for each that is switched on."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.subscriptions)).fetchall()
    except HubError:
        return []  # the database's own findings say so
    return [_judged(*row) for row in found]


def _judged(
    code: str, platform: str, heard_at: datetime | None, silent: datetime | None, waiting: int, error: str | None,
    gaps: int,
) -> Finding:  # fmt: skip
    what = f"pushes of {platform} ({code})"
    if silent is not None:
        return Finding("warn", f"{what}: nothing since {silent:%Y-%m-%d %H:%M} UTC", "see the platform's own log")
    if heard_at is None:
        return Finding("warn", f"{what}: nothing has ever come", f"see docs/carriers/{platform}.md")
    if waiting:
        return Finding("warn", f"{what}: {waiting} devices wait to be accepted", "hub devices pending")
    if error is not None:
        return Finding("warn", f"{what}: asked for what was missed, {error}", f"hub subscriptions show {code}")
    if gaps:
        what = f"{what}: what {gaps} devices sent while nothing could come is not known"
        return Finding("warn", what, f"hub subscriptions gaps {code}")
    return Finding("ok", f"{what}: heard at {heard_at:%Y-%m-%d %H:%M} UTC")
