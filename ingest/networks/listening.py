"""How the broker of each network is heard: noted every few seconds by its reader, and judged by one leader.

An outage, and a silence against its rhythm, is one alert of the hub about itself. The silence of devices that were
heard through it counts only until then (devices/health/presence_rows.sql).
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import psycopg

from devices.schemes import schemes_of
from hub.alerts.own import over, tell
from hub.backoff import Backoff
from hub.errors import HubError
from hub.models import Micros, from_micros
from hub.network_settings import Network
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 2.0
ORANGE = 3
MAX_SENDERS = 200_000
"""Devices of a network that are remembered: what names addresses at random fills neither memory nor store."""
AGAIN: Micros = 300_000_000
"""A device that is still heard is noted again after that: network_of takes the network that heard it last."""


class Heard:
    """What came of one network since the last note; counted in memory."""

    def __init__(self) -> None:
        self._last: int | None = None
        self._known: dict[str, tuple[str | None, Micros]] = {}
        """By device its `via`, and when that was noted."""
        self._new: dict[str, str | None] = {}
        self._first: int | None = None
        self._messages, self._longest = 0, 0.0

    def note(self, device: str, via: str | None = None) -> None:
        """A message about a device has come; `via` is how the network is told of it (network_sender.via)."""
        now = time.time_ns() // 1000
        if self._last is not None:
            self._longest = max(self._longest, (now - self._last) / 1e6)
        self._first, self._last = self._first or now, now
        self._messages += 1
        known = self._known.get(device)
        if known is None and len(self._known) >= MAX_SENDERS:
            return
        if known is None or known[0] != via or not 0 <= now - known[1] < AGAIN:
            self._known[device] = via, now
            self._new[device] = via

    def cut(self) -> None:
        """The connection has ended: a pause until the next message is none of the network."""
        self._last = None

    def take(self) -> tuple[dict[str, Any], dict[str, str | None]]:
        """What is to be noted, and who was heard for the first time, elsewhere or after a while; counted anew."""
        first, last = self._first, self._last
        values = {
            "first": None if first is None else from_micros(first),
            "last": None if first is None or last is None else from_micros(last),
            "messages": self._messages,
            "longest": self._longest,
        }
        new, self._new = self._new, {}
        self._first, self._messages, self._longest = None, 0, 0.0
        return values, new

    def give_back(self, new: Mapping[str, str | None]) -> None:
        """Who was not stored is noted the next time; counts of an outage of the store are let go."""
        self._new = {**new, **self._new}


class Listening:
    """Notes how the networks of a process are heard."""

    def __init__(
        self, pool: Pool, reader: str, networks: Mapping[str, Network], connected: Callable[[str], bool]
    ) -> None:
        """`connected` tells it of the network of a name."""
        self._pool, self._reader, self._networks, self._connected = pool, reader, networks, connected
        self.heard = {name: Heard() for name in networks}
        self._forgot = False
        self._backoff = Backoff(log, "how networks are heard is noted again", longest_s=10)

    async def run(self, permitted: Callable[[], bool]) -> None:
        """Note again and again, while this process reads them."""
        while True:
            if permitted():
                try:
                    await self._note()
                    self._backoff.succeeded()
                except HubError as error:
                    self._backoff.failed("how networks are heard cannot be noted: %s", error)
            await asyncio.sleep(EVERY_S)

    async def _note(self) -> None:
        if not self._forgot:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.named, {"reader": self._reader, "names": list(self._networks)})
            self._forgot = True
        for name, network in self._networks.items():
            await self._write(name, network)

    async def _write(self, name: str, network: Network) -> None:
        heard, connected = self.heard[name], self._connected(name)
        counted, new = heard.take()
        if not connected:
            heard.cut()
        values = counted | {
            "name": name, "protocol": network.protocol, "scheme": schemes_of(network.protocol)[0],
            "reader": self._reader, "rhythm_s": network.rhythm_s, "connected": connected,
        }  # fmt: skip
        try:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.transaction():
                    await conn.execute(SQL.noted, values)
                    if new:
                        addresses = sorted(new)
                        told = {"addresses": addresses, "via": [new[address] for address in addresses]}
                        await conn.execute(SQL.senders, {"name": name, **told})
        except HubError:
            heard.give_back(new)
            raise


def watch() -> Callable[[psycopg.AsyncConnection], Awaitable[float]]:
    """Work of a leader. What nobody could hear is no silence: time counts from when it leads."""
    began: datetime | None = None

    async def work(conn: psycopg.AsyncConnection) -> float:
        nonlocal began
        began = began or datetime.now(UTC)
        for kind, name, is_wrong in await (await conn.execute(SQL.judge, {"began": began})).fetchall():
            if is_wrong:
                await tell(conn, kind, name, ORANGE)
            else:
                await over(conn, kind, name)
        return EVERY_S

    return work
