"""`hub check` for SIM cards that end soon."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

AHEAD_DAYS = 30
SHOWN = 5


async def check_sims(settings: Settings) -> list[Finding]:
    """A warning for cards that have ended or end within 30 days, and one for tags that nobody reads; else nothing."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.ending, {"days": AHEAD_DAYS})).fetchall()
    except HubError:
        return []  # the database's own findings say so
    ending = [f"{code} ({day})" for code, day, is_day in found if is_day]
    unreadable = [f"{code} ({day[:20]})" for code, day, is_day in found if not is_day]
    findings = []
    if ending:
        what = f"SIM cards end within {AHEAD_DAYS} days or have ended: {_some(ending)}"
        findings.append(
            Finding("warn", what, "have them extended, then: hub devices put CODE --sim-expires DAY (all: hub sims)")
        )
    if unreadable:
        what = f"the tag sim_expires is not read any more, for the day is a field of the device: {_some(unreadable)}"
        findings.append(Finding("warn", what, "hub devices put CODE --sim-expires 2027-01-31, and leave the tag out"))
    return findings


def _some(names: list[str]) -> str:
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")
