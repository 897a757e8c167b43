"""`hub check` for the certificates that servers show: how long they are good, and why one is refused."""

import asyncio
import struct
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from app.check.certificates import judged
from app.check.finding import Finding
from hub.errors import ConfigError
from hub.settings import Database, Settings
from hub.tls import Tls, Validity, client_context, fault, peer_validity

ANSWER_S = 5.0
_SSL_REQUEST = struct.pack("!ii", 8, 80877103)
"""What a client asks a PostgreSQL server for TLS with."""


class _NoTlsError(Exception):
    """The server has no TLS: set ssl = on there with a certificate, or leave out [database.tls]"""


class Peer(NamedTuple):
    """A server that is reached by TLS."""

    what: str
    host: str
    port: int
    tls: Tls
    section: str


async def check_server_certificates(settings: Settings) -> list[Finding]:
    """Findings about servers that answer; why others do not, the rest of `hub check` says."""
    findings = []
    for peer in _peers(settings):
        try:
            shown = await _shown(peer)
        except (OSError, EOFError, ConfigError, _NoTlsError):
            continue
        told = f"certificate: of the {peer.what} {peer.host}:{peer.port} ({shown.subject})"
        findings.append(judged(told, shown))
    return findings


async def database_fault(database: Database) -> str | None:
    """What is wrong with the server's certificate, of which libpq tells only that it is refused; None: nothing is."""
    for peer in _database(database):
        try:
            await _shown(peer)
        except (OSError, EOFError) as error:
            return fault(error, peer.host, peer.port, peer.tls, peer.section)
        except ConfigError as error:
            return error.detail
        except _NoTlsError as error:
            return error.__doc__
    return None


def _peers(settings: Settings) -> list[Peer]:
    mqtt, kafka, audit = settings.mqtt, settings.kafka, settings.audit
    found = _database(settings.database)
    if mqtt.security is not None:
        found.append(Peer("broker", mqtt.host, mqtt.port, mqtt.security, "mqtt.tls"))
    lists = [
        ("Kafka server", kafka.servers, kafka.tls, "kafka.tls"),
        ("syslog server", audit.syslog, audit.tls, "audit.tls"),
    ]
    for what, servers, tls, section in lists:
        if servers and tls is not None:
            for server in servers.split(","):
                host, _, port = server.rpartition(":")
                found.append(Peer(what, host.strip("[]"), int(port), tls, section))
    return found


def _database(database: Database) -> list[Peer]:
    if database.tls is None:
        return []
    parts = {name: str(value) for name, value in conninfo_to_dict(database.url).items()}
    hosts, port = parts.get("host", "").split(","), int(parts.get("port", "5432").split(",")[0])
    return [Peer("database", host, port, database.tls, "database.tls") for host in hosts if host]


async def _shown(peer: Peer) -> Validity:
    """Of the certificate that a server shows; OSError when it is refused or nobody answers."""
    context = client_context(peer.tls, peer.section)
    async with asyncio.timeout(ANSWER_S):
        if peer.what != "database":
            _, writer = await asyncio.open_connection(peer.host, peer.port, ssl=context)
        else:
            reader, writer = await asyncio.open_connection(peer.host, peer.port)
            writer.write(_SSL_REQUEST)
        try:
            if peer.what == "database":
                if await reader.readexactly(1) != b"S":
                    raise _NoTlsError
                await writer.start_tls(context, server_hostname=peer.host)
            return peer_validity(writer.get_extra_info("ssl_object").getpeercert(binary_form=True))
        finally:
            writer.close()
