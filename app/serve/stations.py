"""Servers of stations that dial in, one for each protocol that listens, and what takes commands to them."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

from psycopg.conninfo import conninfo_to_dict
from psycopg.errors import InsufficientPrivilege
from psycopg.sql import Identifier

from app.serve.origins import origins_of
from app.serve.sources import Engine, Source
from devices.commands.delivery import CommandDelivery
from devices.commands.sessions import Sessions
from devices.health.heartbeat import process_name
from devices.registry.registry import Registry
from devices.station_passwords import PROTOCOLS
from hub.backoff import Backoff
from hub.errors import HubError
from hub.lifecycle import Part, Phase
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.listen import REGISTRY, listen
from hub.store.pool import Pool
from ingest.session.downlink import StationDownlink
from ingest.session.gb26875 import Gb26875
from ingest.session.hj212 import Hj212
from ingest.session.passwords import Gate, OnePassword, StationPasswords
from ingest.session.server import Follower, SessionServer
from ingest.session.sl651 import Sl651
from ingest.session.szy206 import Szy206

DIALECTS = (Hj212(), Gb26875(), Sl651(), Szy206())
DOWNLINK = "ganzhi_downlink"
ANEW_S = 0.5
"""How often passwords are read anew at most, while devices change."""
_READ = "passwords of stations are read from the database again"
log = logging.getLogger(__name__)


class Kept(Part):
    """What the database knows of stations; passwords are kept as it has them, and an outage leaves them as they are."""

    phase = Phase.STORE

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self.sessions = Sessions(pool, f"{process_name()}/{token_hex(4)}")
        """Of this process, by a name that no other has."""
        self.passwords = StationPasswords(pool, Secrets(settings.secrets))
        self._url = settings.database.url
        dialled = any(settings.session.listens(each) for each in PROTOCOLS if each not in ("gb28181", "gat1400"))
        self._wanted = dialled or settings.sip.listens or settings.viid.listen is not None
        self._changed = asyncio.Event()

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Read passwords now, and whenever one or an address changes; never where no station with one can dial in."""
        if not self._wanted:
            yield
            return
        self._changed.set()
        heard = listen(self._url, [REGISTRY], lambda *_: self._changed.set())
        group.create_task(heard, name="station passwords changed")
        group.create_task(self._keep_fresh(), name="station passwords")
        yield

    async def _keep_fresh(self) -> None:
        backoff, lacking = Backoff(log, _READ), False
        while True:
            await self._changed.wait()
            self._changed.clear()
            try:
                await self.passwords.refresh()
                backoff.succeeded()
            except HubError as error:
                if is_lacking(error) and not lacking:  # told of, though it follows an outage that was
                    backoff, lacking = Backoff(log, _READ), True
                backoff.failed("passwords of stations stay as they are, %s: %s", self._remedy(error), error)
                self._changed.set()
                await backoff.wait()
            else:
                lacking = False
                await asyncio.sleep(ANEW_S)

    def _remedy(self, error: HubError) -> str:
        """Until when they do."""
        if not is_lacking(error):
            return "until the database is back"
        role = Identifier(str(conninfo_to_dict(self._url).get("user", "ROLE"))).as_string(None)
        return f"until the owner of the tables types `grant select on station_password to {role}`"


def is_lacking(error: HubError) -> bool:
    """Whether a right is missing in the database, as after an upgrade to a role that was made before it."""
    return isinstance(error.__cause__, InsufficientPrivilege)


def stations(settings: Settings, engine: Engine, registry: Registry, kept: Kept | None) -> dict[str, Source]:
    """The servers that are to listen, by what they are called when they do not.

    Without `kept`, of a process that has no database, stations are told nothing, and none has a password of its own.
    """
    session, origin, found = settings.session, origins_of(settings).of_station, dict[str, Source]()
    for dialect in DIALECTS:
        if not session.listens(dialect.name):
            continue
        name, shared = dialect.name, session.of(dialect.name).password
        gate: Gate = OnePassword(name, shared) if kept is None else kept.passwords.gate(name, shared)
        follower: Follower | None = None
        if kept is not None:
            follower = StationDownlink(name, registry, kept.sessions, engine.sink, gate)
        server = SessionServer(dialect, session, engine.sink, origin, gate, follower)
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
