"""`hub check` for clocks: this machine's beside the database's, and whether anything keeps it right."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.clock import offset, synchronised
from hub.store.pool import connect, sorted_errors

NTP = "run chrony, systemd-timesyncd or another NTP client on this machine"


async def check_clock(settings: Settings) -> list[Finding]:
    """Findings about clocks; the database's is not compared while it is away, which others tell."""
    kept = synchronised()
    findings = [] if kept is not False else [Finding("warn", "clock: nothing keeps this machine's clock right", NTP)]
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await offset(conn)
    except HubError:
        return findings
    if found.warning is not None:
        return [*findings, Finding("fail", f"clock: {found.warning}", NTP)]
    what = f"clock: within {max(abs(found.seconds), found.within_s):.3f} s of the database's"
    return [*findings, Finding("ok", what)]
