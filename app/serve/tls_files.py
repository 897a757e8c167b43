"""Certificates and keys that the settings name: read once at the start, so that a wrong one is told at once."""

from hub.settings import Settings
from hub.tls import client_context
from ingest.mqtt.authority import broker_context
from ingest.networks.source import broker_of


def check_tls_files(settings: Settings) -> None:
    """Raise ConfigError for a file that no connection can be made with."""
    broker_context(settings.mqtt)
    for network in settings.networks.brokers:
        broker_context(broker_of(network))
    for section, tls in (("kafka.tls", settings.kafka.tls), ("database.tls", settings.database.tls)):
        if tls is not None:
            client_context(tls, section)
