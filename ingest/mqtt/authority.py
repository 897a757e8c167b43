"""TLS of the connection to the broker."""

import ssl

from hub.settings import Mqtt
from hub.tls import client_context, fault

SECTION = "mqtt.tls"


def broker_context(settings: Mqtt) -> ssl.SSLContext | None:
    """Read the files of the section mqtt.tls, or of mqtt.tls_ca; None without TLS. ConfigError names the bad file."""
    if settings.security is None:
        return None
    return client_context(settings.security, SECTION, None if settings.tls_ca is None else "mqtt.tls_ca")


def broker_fault(error: BaseException, settings: Mqtt) -> str | None:
    """What is wrong with a certificate; None for an error that is of nothing such."""
    security = settings.security
    return None if security is None else fault(error, settings.host, settings.port, security, SECTION)
