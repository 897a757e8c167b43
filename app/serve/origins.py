"""Builds the parser of topics, paths and records from the settings."""

from functools import cache

from devices.addressing import Origins
from hub.settings import Settings
from ingest.kafka.topics import forms_of


@cache
def origins_of(settings: Settings) -> Origins:
    """One per process, so that each topic is parsed once."""
    return Origins(settings.mqtt.prefix, forms_of(settings.kafka))
