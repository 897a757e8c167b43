"""Builds the parser of topics, paths and records from the settings."""

from functools import cache

from devices.addressing import Origins
from hub.settings import Settings
from ingest.kafka.topics import forms_of


def origins_of(settings: Settings) -> Origins:
    """One per process, so that each topic is parsed once."""
    return _origins(settings.mqtt.prefix, tuple(forms_of(settings.kafka).items()))


@cache
def _origins(prefix: str, records: tuple[tuple[str, str], ...]) -> Origins:
    return Origins(prefix, dict(records))
