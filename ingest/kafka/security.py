"""How the hub connects to Kafka: TLS and login (SASL), for each kind of client."""

import asyncio
from contextlib import suppress
from typing import Any

from hub.errors import BrokerUnavailable, ConfigError
from hub.settings import Kafka
from hub.tls import client_context, fault

SECTION = "kafka.tls"
ANSWER_S = 5.0


def connection_options(kafka: Kafka) -> dict[str, Any]:
    """Options of an aiokafka client. BrokerUnavailable names a file that cannot be used any more."""
    options: dict[str, Any] = {"bootstrap_servers": kafka.servers}
    if kafka.tls is not None:
        try:
            options["ssl_context"] = client_context(kafka.tls, SECTION)
        except ConfigError as error:
            raise BrokerUnavailable(error.detail) from error
    if kafka.username is not None and kafka.password is not None:
        options |= {
            "sasl_mechanism": kafka.mechanism,
            "sasl_plain_username": kafka.username,
            "sasl_plain_password": kafka.password.get_secret_value(),
        }
    names = {
        (False, False): "PLAINTEXT",
        (True, False): "SSL",
        (False, True): "SASL_PLAINTEXT",
        (True, True): "SASL_SSL",
    }
    options["security_protocol"] = names[kafka.tls is not None, kafka.username is not None]
    return options


async def tls_fault(kafka: Kafka) -> str | None:
    """What is wrong with TLS to the servers, as the client tells only that it cannot connect; None: nothing is."""
    if kafka.tls is None or kafka.servers is None:
        return None
    context = client_context(kafka.tls, SECTION)
    for server in kafka.servers.split(","):
        host, _, port = server.rpartition(":")
        host = host.strip("[]")
        try:
            async with asyncio.timeout(ANSWER_S):
                _, writer = await asyncio.open_connection(host, int(port), ssl=context)
        except OSError as error:  # TimeoutError, too
            if told := fault(error, host, int(port), kafka.tls, SECTION):
                return told
            continue
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
    return None
