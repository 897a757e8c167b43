"""Servers of stations that dial in, one for each protocol that listens, and what takes commands to them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from devices.commands.delivery import CommandDelivery
from devices.commands.sessions import Sessions
from devices.health.heartbeat import process_name
from devices.registry.registry import Registry
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.listen import listen
from hub.store.pool import Pool
from ingest.session.downlink import StationDownlink
from ingest.session.gb26875 import Gb26875
from ingest.session.hj212 import Hj212
from ingest.session.server import Follower, SessionServer
from ingest.session.sl651 import Sl651
from ingest.session.szy206 import Szy206

DIALECTS = (Hj212(), Gb26875(), Sl651(), Szy206())
DOWNLINK = "ganzhi_downlink"


def sessions_of(pool: Pool) -> Sessions:
    """The sessions of this process, by a name that no other has."""
    return Sessions(pool, f"{process_name()}/{token_hex(4)}")


def stations(settings: Settings, engine: Engine, registry: Registry, sessions: Sessions | None) -> dict[str, Source]:
    """The servers that are to listen, by what they are called when they do not.

    Without `sessions`, of a process that has no database, stations are told nothing.
    """
    session, origin, found = settings.session, origins_of(settings).of_station, dict[str, Source]()
    for dialect in DIALECTS:
        if not session.listens(dialect.name):
            continue
        follower: Follower | None = None
        if sessions is not None:
            secret = session.of(dialect.name).password
            password = None if secret is None else secret.get_secret_value()
            follower = StationDownlink(dialect.name, registry, sessions, engine.sink, password)
        server = SessionServer(dialect, session, engine.sink, origin, follower)
        found[f"the stations of {dialect.name}"] = server
    return found


class StationCommands(Part):
    """Takes commands to the stations of a process without an API."""

    phase = Phase.API

    def __init__(self, url: str, pool: Pool, sessions: Sessions) -> None:
        self._url = url
        self._delivery = CommandDelivery(pool, sessions.holder, [sessions])

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Deliver until the process ends."""
        heard = listen(self._url, [DOWNLINK], lambda _, to: self._delivery.heard(to))
        group.create_task(heard, name="downlink")
        group.create_task(self._delivery.run(), name="command delivery")
        yield
        await self._delivery.end()
