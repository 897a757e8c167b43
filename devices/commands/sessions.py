"""Device sessions of this process: TCP, SIP or polling.

Who holds a device's session is a row with an epoch, which rises with each new session of a device. A command goes to
the holder of the newest one only, in whichever process it is.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import psycopg

from devices.commands.downlink import Addressee, Command, Taken
from hub.errors import DeviceAway, StoreUnavailable
from hub.models import Micros, from_micros
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

Send = Callable[[Addressee, Command], Awaitable[None]]
"""Writes a command to a device's connection; returns once the device's side has it. TransientError: it did not."""


@dataclass(slots=True, frozen=True)
class Session:
    """A device connection, valid while it is open and the device's newest."""

    device_id: int
    epoch: int
    transport: str
    send: Send
    peer: str | None = None
    """Address of the peer."""


class Sessions:
    """Downlink over this process's sessions, which transports open and close."""

    queues = False

    def __init__(self, pool: Pool, holder: str) -> None:
        self._pool, self.holder = pool, holder
        self._open: dict[int, Session] = {}

    @property
    def ready(self) -> bool:
        """See Downlink."""
        return bool(self._open)

    async def open(self, device_id: int, transport: str, send: Send, peer: str | None = None) -> Session:
        """Register a session, of a peer at an address; commands go to it from now on. StoreUnavailable: retry."""
        values = {"device_id": device_id, "holder": self.holder, "transport": transport, "peer": peer}
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.open, values)).fetchone()
        if row is None:
            raise StoreUnavailable("the session has no epoch")
        session = Session(device_id, row[0], transport, send, peer)
        newest = self._open.get(device_id)
        if newest is None or newest.epoch < session.epoch:  # two connections of a device may come at once
            self._open[device_id] = session
        return session

    async def close(self, session: Session) -> None:
        """Close a session; a newer one of the device is kept. StoreUnavailable: the row is updated later."""
        if self._open.get(session.device_id) is session:
            del self._open[session.device_id]
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.close, {"device_id": session.device_id, "epoch": session.epoch})

    async def heard(self, at: Mapping[int, Micros]) -> list[tuple[int, str, str]]:
        """Note when frames of devices (by id) came last. StoreUnavailable: note them later.

        Returns those that send through another process, too, as (id, address there, address here): two stations of one
        number, which is noted as well.
        """
        mine = [self._open.get(device) for device in at]
        values = {
            "device_id": list(at),
            "at": [from_micros(each) for each in at.values()],
            "epoch": [None if session is None else session.epoch for session in mine],
            "peer": [None if session is None else session.peer for session in mine],
        }
        with sorted_errors():
            async with self._pool.connection() as conn:
                return await (await conn.execute(SQL.heard, values)).fetchall()

    async def twins(self, device_id: int, newer: str, older: str) -> None:
        """Note that two connections, at these addresses, send as one device. StoreUnavailable: note it later."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(SQL.twins, {"device_id": device_id, "peers": [newer, older]})

    async def controlled(self, device: Addressee) -> bool:
        """Whether two people have switched on control from outside (反控) of whose session it is. StoreUnavailable."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                found = await (await conn.execute(SQL.controlled, {"device_id": device.session_of})).fetchone()
        return found is not None

    async def restore(self, conn: psycopg.AsyncConnection) -> None:
        """Rewrite the rows after this process was presumed dead; devices that moved elsewhere stay there.

        A session that a newer one has replaced meanwhile takes no more commands.
        """
        held = list(self._open.values())
        values = {
            "holder": self.holder,
            "device_id": [session.device_id for session in held],
            "epoch": [session.epoch for session in held],
            "transport": [session.transport for session in held],
            "peer": [session.peer for session in held],
        }
        await conn.execute(SQL.restore, values)

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Claim commands of devices whose newest session is in this process."""
        rows = await (await conn.execute(SQL.take_for_sessions, {"holder": holder, "limit": limit})).fetchall()
        return [(Addressee(*row[:4]), Command(*row[4:])) for row in rows]

    async def send(self, device: Addressee, command: Command) -> None:
        """Send to the session with the claimed epoch; DeviceAway when it has ended."""
        session = self._open.get(device.session_of) if device.session_of is not None else None
        if session is None or session.epoch != device.epoch:
            raise DeviceAway(f"the session of {device.gateway or device.code} has ended")
        await session.send(device, command)
