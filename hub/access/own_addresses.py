"""The hub's own servers: what it calls for itself, and therefore for nobody else."""

import os
from typing import NamedTuple

from psycopg.conninfo import conninfo_to_dict

from hub.settings import Settings


class OwnServer(NamedTuple):
    """A server of the hub, and what it is, in the words of `refusal.outgoing.own.*`."""

    what: str
    host: str
    port: int


def own_servers(settings: Settings) -> list[OwnServer]:
    """Database, broker, Kafka, syslog, API and monitor; those behind a Unix socket need no guard."""
    found = [*_database(settings.database.url), OwnServer("broker", settings.mqtt.host, settings.mqtt.port)]
    for what, servers in (("kafka", settings.kafka.servers), ("syslog", settings.audit.syslog)):
        for server in (servers or "").split(","):
            host, _, port = server.rpartition(":")
            if host:
                found.append(OwnServer(what, host.strip("[]"), int(port)))
    found.append(OwnServer("api", settings.api.host, settings.api.port))
    if settings.hub.monitor_port is not None:
        found.append(OwnServer("monitor", settings.hub.monitor_host, settings.hub.monitor_port))
    return found


def _database(url: str) -> list[OwnServer]:
    parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    hosts = (parts.get("hostaddr") or parts.get("host") or os.environ.get("PGHOST", "")).split(",")
    ports = (parts.get("port") or os.environ.get("PGPORT", "") or "5432").split(",")
    ports = ports * len(hosts) if len(ports) == 1 else ports
    return [
        OwnServer("database", host, int(port or 5432))
        for host, port in zip(hosts, ports, strict=False)
        if host and not host.startswith(("/", "@"))
    ]
