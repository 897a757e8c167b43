"""`hub check` for certificates: how long those in the settings are good, and what is wrong with the database's."""

import asyncio
import struct
from pathlib import Path

from psycopg.conninfo import conninfo_to_dict

from app.check.finding import Finding
from hub.errors import ConfigError
from hub.settings import Database, Settings
from hub.tls import ServerTls, Tls, client_context, fault, server_context, validity

WARN_DAYS = 30
ANSWER_S = 5.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client asks a PostgreSQL server for TLS with."""


def check_certificates(settings: Settings) -> list[Finding]:
    """Findings about each file that the settings name."""
    findings: list[Finding] = []
    mqtt = settings.mqtt
    sections: list[tuple[str, Tls | ServerTls | None]] = [
        ("api.tls", settings.api.tls),
        ("database.tls", settings.database.tls),
        ("mqtt.tls", mqtt.security),
        ("kafka.tls", settings.kafka.tls),
        ("audit.tls", settings.audit.tls if settings.audit.syslog else None),
    ]
    for section, tls in sections:
        if tls is None:
            continue
        try:
            if isinstance(tls, ServerTls):
                server_context(tls, section)
            else:
                client_context(tls, section, "mqtt.tls_ca" if section == "mqtt.tls" and mqtt.tls_ca else None)
        except ConfigError as error:
            findings.append(Finding("fail", f"certificate: {error.detail}"))
            continue
        files = (("certificate", tls.certificate), ("ca", None if isinstance(tls, ServerTls) else tls.ca))
        findings += [_judge(f"{section}.{name}", path) for name, path in files if path is not None]
    return findings


def _judge(setting: str, path: Path) -> Finding:
    """Of several certificates in a file the one that ends first."""
    try:
        first = min(validity(path), key=lambda each: each.ends)
    except ValueError as error:  # some old authorities' certificates are, to the letter, none
        return Finding("warn", f"certificate: {setting} {path}: how long it is good cannot be read: {error}")
    told = f"certificate: {setting} {path} ({first.subject})"
    day = f"{first.ends:%Y-%m-%d %H:%M} UTC"
    if first.days < 0:
        return Finding("fail", f"{told} has expired on {day}", "renew it: nobody who checks it connects any more")
    if first.days < WARN_DAYS:
        return Finding("warn", f"{told} expires in {first.days:.0f} days, on {day}", "renew it before")
    return Finding("ok", f"{told} is good until {day}")


async def database_fault(database: Database) -> str | None:
    """What is wrong with the server's certificate, of which libpq tells only that it is refused; None: nothing is."""
    if database.tls is None:
        return None
    parts = {name: str(value) for name, value in conninfo_to_dict(database.url).items()}
    host, port = parts.get("host", "").split(",")[0], int(parts.get("port", "5432").split(",")[0])
    try:
        context = client_context(database.tls, "database.tls")
        async with asyncio.timeout(ANSWER_S):
            reader, writer = await asyncio.open_connection(host, port)
            try:
                writer.write(_SSL_REQUEST)
                if await reader.readexactly(1) != b"S":
                    return "the server has no TLS: set ssl = on there with a certificate, or leave out [database.tls]"
                await writer.start_tls(context, server_hostname=host)
            finally:
                writer.close()
    except (OSError, EOFError) as error:
        return fault(error, host, port, database.tls, "database.tls")
    except ConfigError as error:
        return error.detail
    return None
