"""`hub check` for the hub's own session with the broker: who may take it, and what happened to it."""

from datetime import datetime
from secrets import token_hex

from app.check.finding import Finding
from hub.errors import HubError
from hub.settings import Mqtt, Settings
from hub.store.pool import connect, sorted_errors
from hub.store.statements import statements
from ingest.mqtt.connection import MqttConnection

SQL = statements(__name__)

BACKGROUND = "docs/BROKERS.md, The hub's session"


async def check_session(settings: Settings) -> list[Finding]:
    """Findings about the session. What cannot be read is told by the checks of the database and of the broker."""
    findings = await _let_in(settings.mqtt)
    if settings.hub.roles == ("edge",):
        return findings + _of_an_edge(settings.mqtt)
    try:
        return findings + await _noted(settings)
    except HubError:
        return findings


async def _let_in(mqtt: Mqtt) -> list[Finding]:
    """Whether the broker lets in clients that have no account."""
    stranger = mqtt.model_copy(update={"username": None, "password": None})
    connection = MqttConnection(stranger, [], lambda _: None, f"{mqtt.client_id}-stranger-{token_hex(8)}", clean=True)
    try:
        await connection.open()
    except (HubError, OSError):
        return []
    finally:
        connection.close()
    what = "broker: it lets in clients without an account, to which no client id can be bound"
    return [Finding("warn", what, f"allow_anonymous false, or a listener that only the hub reaches: {BACKGROUND}")]


def _of_an_edge(mqtt: Mqtt) -> list[Finding]:
    if mqtt.session_secret is not None:
        return [Finding("ok", "broker: the client id of this edge cannot be guessed")]
    what = f"broker: the client id of this edge is {mqtt.client_id!r}, which can be guessed"
    advice = f"set mqtt.session_secret, for example to the output of openssl rand -hex 24: {BACKGROUND}"
    return [Finding("warn", what, advice)]


async def _noted(settings: Settings) -> list[Finding]:
    """What hubs have noted in the database."""
    name = settings.mqtt.client_id
    with sorted_errors():
        async with await connect(settings.database.url) as conn:
            row = await (await conn.execute(SQL.session, {"name": name})).fetchone()
    if row is None:
        return [Finding("ok", f"broker: no hub has made the session {name!r} yet")]
    handed_over, lost_at, lost_since, taken_over_at = row
    findings = [Finding("ok", f"broker: the client id of the session {name!r} cannot be guessed")]
    if not handed_over:
        what = f"broker: the session {name!r} of an older version is not handed over yet"
        findings = [Finding("warn", what, "start the hub; its log and /readyz tell how far it is")]
    if lost_at is not None:
        what = f"broker: at {_told(lost_at)} it did not know the hub's session any more"
        advice = f"what it had accepted for the hub since {_told(lost_since)} may be lost: {BACKGROUND}"
        findings.append(Finding("warn", what, advice))
    if taken_over_at is not None:
        what = f"broker: at {_told(taken_over_at)} another client used the hub's client id"
        advice = f"stop it; messages may have gone to it. Bind the accounts of devices: {BACKGROUND}"
        findings.append(Finding("warn", what, advice))
    return findings


def _told(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
