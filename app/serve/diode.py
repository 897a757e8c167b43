"""The hub's end of a data diode, where edges hand files over."""

from collections.abc import Callable, Collection

from app.serve.sources import Engine, Sources
from devices.registry.registry import Registry
from hub.errors import ConfigError
from hub.models import Origin
from hub.settings import Settings
from hub.store.pool import Pool
from ingest.diode.book import Book
from ingest.diode.folders import Folders
from ingest.diode.inbox import Inbox
from ingest.diode.keys import keys_of


class Diode(Sources):
    """A folder that cannot be read keeps the hub from nothing else: it stands in the log, and is an alert."""

    def reasons(self) -> list[str]:
        """The hub is ready whether or not files come."""
        return []


def diode(
    settings: Settings, engine: Engine, pool: Pool, registry: Registry, permitted: Callable[[], bool]
) -> list[Diode]:
    """Takes files, where the settings name edges; while it is not `permitted` another hub takes them. ConfigError."""
    if settings.diode.inbox is None or not settings.diode.edges:
        return []
    folders = Folders(settings.diode)
    try:
        folders.open()
    except OSError as error:
        raise ConfigError(f"diode.inbox: {error}") from error

    def devices_of(origins: Collection[Origin]) -> set[int]:
        found = {registry.devices.get(name) for each in origins for name in (each.device, each.gateway) if name}
        found |= {
            registry.called(each.protocol, name) for each in origins for name in (each.device, each.gateway) if name
        }
        return {device.id for device in found if device is not None}

    inbox = Inbox(
        settings.diode, folders, keys_of(settings.diode.edges), Book(pool, settings.diode.keep_days), engine.gated,
        devices_of, permitted,
    )  # fmt: skip
    return [Diode({"the inbox of the data diode": inbox})]
