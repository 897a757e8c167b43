"""`hub check` for devices that flood the hub with messages that cannot be used."""

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_floods(settings: Settings) -> list[Finding]:
    """A warning for each device that floods or is kept out for it; none while the database is away or not migrated."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                floods = await (await conn.execute(SQL.floods)).fetchall()
    except HubError:  # told by the findings about the database
        return []
    tells = settings.mqtt.access != "none"
    findings = []
    for device, refused, since, until in floods:
        what = f"device {device} floods: {refused:,} of its messages were refused since {since:%Y-%m-%d %H:%M:%S} UTC"
        if tells and until is not None:
            advice = f"its accounts at the broker are disabled until {until:%H:%M:%S} UTC; mend what it sends"
        elif tells:
            advice = "mend what it sends, or switch it off; floods.disable_s = 0: its accounts stay enabled"
        else:
            advice = "mend what it sends, or switch it off; with mqtt.access the hub could disable its account"
        findings.append(Finding("warn", what, advice))
    return findings
