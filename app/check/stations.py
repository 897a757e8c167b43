"""`hub check` for stations that dial in: two of one number, wrong passwords, and who may be controlled (反控)."""

from datetime import datetime

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

SHOWN = 20


async def check_stations(settings: Settings) -> list[Finding]:
    """What is connected, and what of it somebody should look at; nothing where no station ever dialled in."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                connected = await (await conn.execute(SQL.connected)).fetchall()
                twins = await (await conn.execute(SQL.twins, {"limit": SHOWN})).fetchall()
                refused = await (await conn.execute(SQL.wrong_passwords, {"limit": SHOWN})).fetchall()
                controls = await (await conn.execute(SQL.controls, {"limit": SHOWN})).fetchall()
    except HubError:  # told by the findings about the database
        return []
    findings = []
    if connected:
        counts = ", ".join(f"{count:,} of {protocol}" for protocol, count in connected)
        findings.append(Finding("ok", f"stations connected: {counts}"))
    for code, (newer, older), at in twins:
        what = f"two connections send with the number of {code}, from {newer} and from {older} ({_told(at)})"
        findings.append(Finding("warn", what, "give one of the two stations another number, and a device of its own"))
    for code, count, at in refused:
        what = f"{code} was refused {count:,} times in the last day for its password, last {_told(at)}"
        findings.append(Finding("warn", what, f"hub devices diagnose {code} says what to type"))
    for code, state, until, reason in controls:
        what = f"control from outside (反控) of {code} is {state} until {_told(until)}: {reason}"
        advice = f"hub devices control {'off' if state == 'on' else 'approve'} {code}"
        findings.append(Finding("warn", what, advice))
    return findings


def _told(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M} UTC"
