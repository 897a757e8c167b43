"""`hub check` for brokers of networks: whether each is connected and heard."""

from datetime import datetime

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def check_networks(settings: Settings) -> list[Finding]:
    """A line for each that a hub reads, or that the settings name."""
    try:
        with sorted_errors():
            async with await connect(settings.database.url) as conn:
                found = await (await conn.execute(SQL.networks)).fetchall()
    except HubError:
        return []  # the database's own findings say so
    known = {row[0] for row in found}
    never = [each for each in settings.networks.brokers if each.name not in known]
    return [
        *(_judged(*row) for row in found),
        *(Finding("warn", f"network {each.name}: no hub reads it yet", "start the hub") for each in never),
    ]


def _judged(name: str, protocol: str, state: str, heard: datetime | None, away: datetime | None) -> Finding:
    what = f"network {name} ({protocol})"
    last = "nothing has ever come" if heard is None else f"heard last at {heard:%Y-%m-%d %H:%M} UTC"
    if state == "unknown":
        return Finding("warn", f"{what}: no hub reads it now; {last}", "start the hub")
    if state == "away":
        since = "" if away is None else f" since {away:%Y-%m-%d %H:%M} UTC"
        return Finding("warn", f"{what}: not connected to its broker{since}; {last}", "the hub's log says why")
    if state == "silent":
        return Finding("warn", f"{what}: silent; {last}", "see the network's own log")
    if heard is None:
        page = "cameras/onvif" if protocol == "onvif" else f"carriers/{protocol}"
        return Finding("warn", f"{what}: connected, and {last}", f"see docs/{page}.md")
    return Finding("ok", f"{what}: {last}")
