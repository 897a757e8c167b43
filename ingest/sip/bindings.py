"""Registrations: where each device is, until when. They are stored before they are answered, so that who is registered
still is after a restart, and an alarm that was not answered is taken when it is repeated.
"""

import asyncio
import logging
from collections.abc import Container, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from hub.errors import HubError, StoreRefused
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.sip.limits import REGISTERED
from ingest.sip.peer import Peer
from ingest.sip.remarks import Remarks

SQL = statements(__name__)
log = logging.getLogger(__name__)

AT_ONCE = 500
"""Registrations of one statement."""


@dataclass(slots=True)
class Binding:
    """A registered device."""

    id: str
    transport: str
    host: str
    port: int
    expires_at: float
    """Seconds since 1970."""
    version: str = ""
    """X-GB-Ver: 2.0 of 2016, 3.0 of 2022; empty where it tells none."""
    agent: str = ""
    peer: Peer | None = None
    """None after a restart, until it is heard again."""
    call_id: str = ""
    """Of its last REGISTER."""
    number: int = 0
    """CSeq of that."""


class Bindings:
    """Those of this hub, in memory and, with a pool, in the table sip_registration."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool
        self.remarks = Remarks(pool)
        """What they say of themselves."""
        self._of: dict[str, Binding] = {}
        self._writes: list[tuple[Binding, asyncio.Future[bool]]] = []
        self._wanted = asyncio.Event()
        self._ended = False

    def __len__(self) -> int:
        return len(self._of)

    def all(self) -> list[Binding]:
        """Those of now."""
        return list(self._of.values())

    def of(self, id_: str, now: float) -> Binding | None:
        """The registration of a device; None where it has none, or it is over."""
        found = self._of.get(id_)
        return found if found is not None and found.expires_at > now else None

    @property
    def full(self) -> bool:
        """Whether no further device may register."""
        return len(self._of) >= REGISTERED

    async def load(self) -> None:
        """As they were before a restart. StoreUnavailable."""
        if self._pool is None:
            return
        with sorted_errors():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SQL.registrations)).fetchall()
        for id_, transport, host, port, expires_at, version, agent in rows:
            if id_ not in self._of:
                self._of[id_] = Binding(id_, transport, host, port, expires_at.timestamp(), version, agent)

    async def put(self, binding: Binding) -> bool:
        """Register a device, or a change of it; False where it cannot be stored now."""
        if self._pool is not None and not await self._stored(binding):
            return False
        self._of[binding.id] = binding
        return True

    async def drop(self, id_: str) -> bool:
        """A device has logged out; False where that cannot be stored now."""
        found = self._of.get(id_)
        if found is None:
            return True
        ended = Binding(id_, found.transport, found.host, found.port, 0.0, found.version, found.agent)
        if self._pool is not None and not await self._stored(ended):
            return False
        self._of.pop(id_, None)
        return True

    def expired(self, now: float) -> list[Binding]:
        """Those that are over by now; they are forgotten."""
        over = [binding for binding in self._of.values() if binding.expires_at <= now]
        for binding in over:
            del self._of[binding.id]
        return over

    async def _stored(self, binding: Binding) -> bool:
        if self._ended:
            return False
        written: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._writes.append((binding, written))
        self._wanted.set()
        return await written

    async def run(self) -> None:
        """Write what is wanted, many together: after a power failure all cameras come at once.

        Once it ends nothing is stored any more, and who waits is told so.
        """
        some: list[tuple[Binding, asyncio.Future[bool]]] = []
        try:
            while True:
                await self._wanted.wait()
                self._wanted.clear()
                while self._writes:
                    some, self._writes = self._writes[:AT_ONCE], self._writes[AT_ONCE:]
                    stored = await self._write(list({binding.id: binding for binding, _ in some}.values()))
                    _answer(some, stored)
        finally:
            self._ended = True
            _answer([*some, *self._writes], set())

    async def _write(self, bindings: list[Binding]) -> set[str]:
        """The ids of those that are stored; what the store refuses is found by halves, and stops nobody else."""
        columns = {
            "id": [each.id for each in bindings],
            "transport": [each.transport for each in bindings],
            "host": [each.host for each in bindings],
            "port": [each.port for each in bindings],
            "expires_at": [datetime.fromtimestamp(each.expires_at, UTC) for each in bindings],
            "version": [each.version for each in bindings],
            "agent": [each.agent for each in bindings],
        }
        try:
            await self._insert(columns)
        except StoreRefused as error:
            if len(bindings) == 1:
                log.warning("the store refuses the registration of %s: %s", bindings[0].id, error)
                return set()
            half = len(bindings) // 2
            return await self._write(bindings[:half]) | await self._write(bindings[half:])
        except HubError as error:
            log.debug("registrations wait for the store: %s", error)
            return set()
        return {each.id for each in bindings}

    async def _insert(self, columns: dict[str, Any]) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:  # type: ignore[union-attr]
                await conn.execute(SQL.registered, columns)


def _answer(writes: Iterable[tuple[Binding, asyncio.Future[bool]]], stored: Container[str]) -> None:
    for binding, written in writes:
        if not written.done():
            written.set_result(binding.id in stored)
