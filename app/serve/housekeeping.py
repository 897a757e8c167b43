"""Housekeeping of the store: retention and timeouts. Safe to run in any number of processes."""

from app.serve.retention import keep_forgetting
from devices.catalogue.counts import count_all
from devices.commands.timeouts import keep_settling
from hub.lifecycle import Named
from hub.settings import Settings
from hub.store.expiry import keep_expiring
from hub.store.leader import lead
from hub.store.pool import Pool
from hub.store.rebuild import Rebuild


def housekeeping(settings: Settings, pool: Pool) -> list[Named]:
    """Background tasks by name."""
    return [
        ("retention", keep_forgetting(pool, settings)),
        ("expiry", keep_expiring(pool, settings.dead_letters)),
        ("commands", keep_settling(pool, settings.commands)),
        ("catalogue", lead(settings.database.url, "catalogue", count_all)),
        ("rollups", lead(settings.database.url, "rollups", Rebuild())),
    ]
