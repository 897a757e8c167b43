"""How this hub reads topics, paths and records, by its settings."""

from functools import cache

from devices.addressing import Origins
from hub.settings import Settings
from ingest.kafka.topics import forms_of


@cache
def origins_of(settings: Settings) -> Origins:
    """One for a process, so that each topic is read once."""
    return Origins(settings.mqtt.prefix, forms_of(settings.kafka))
