"""The ports of a source that devices connect to: both or none, tried again while one is taken."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from hub.backoff import Backoff
from hub.errors import HubError

BACKLOG = 4096
"""Connections that may wait to be accepted: after an outage all devices come at once."""


class Ports:
    """`open` them, wait `until_stopped`, and `close` them once everything is answered."""

    def __init__(self, who: str, log: logging.Logger, tcp: str | None, udp: str | None) -> None:
        """HOST:PORT of each, None for none; `who` connects, for the log."""
        self._who, self._log, self._tcp, self._udp = who, log, tcp, udp
        self._server: asyncio.Server | None = None
        self._datagrams: asyncio.DatagramTransport | None = None
        self._stopped = asyncio.Event()
        self.bound = False
        """Whether devices can connect."""

    @property
    def stopping(self) -> bool:
        """Whether it was stopped."""
        return self._stopped.is_set()

    def stop(self) -> None:
        """Let nobody in any more, and end all waiting."""
        self._stopped.set()

    def close(self) -> None:
        """End what is bound; of datagrams nothing is answered any more."""
        for each in (self._server, self._datagrams):
            if each is not None:
                each.close()
        self._server = self._datagrams = None

    async def open(
        self,
        connection: Callable[[], asyncio.BaseProtocol],
        datagrams: Callable[[], asyncio.DatagramProtocol] = asyncio.DatagramProtocol,
        ready: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """Bind once it is ready, trying again on OSError and HubError, until it is stopped."""
        backoff = Backoff(self._log, "%s can connect", self._who)
        while not self.stopping:
            try:
                if ready is not None:
                    await ready()
                await self._bind(connection, datagrams)
            except (OSError, HubError) as error:
                self.close()
                backoff.failed("%s cannot connect: %s", self._who, error)
                await self.pause(backoff)
            else:
                backoff.succeeded()
                self.bound = True
                return

    async def pause(self, backoff: Backoff) -> None:
        """Wait before the next attempt, or until it is stopped."""
        await backoff.wait(self._stopped)

    async def until_stopped(self) -> None:
        """Return once it is stopped: nobody new is let in then, and datagrams are answered until `close`."""
        try:
            await self._stopped.wait()
        finally:
            self.bound = False
            if self._server is not None:
                self._server.close()

    async def _bind(
        self, connection: Callable[[], asyncio.BaseProtocol], datagrams: Callable[[], asyncio.DatagramProtocol]
    ) -> None:
        loop = asyncio.get_running_loop()
        if self._tcp is not None:
            self._server = await loop.create_server(connection, *place_of(self._tcp), backlog=BACKLOG)
        if self._udp is not None:
            self._datagrams, _ = await loop.create_datagram_endpoint(datagrams, local_addr=place_of(self._udp))


def place_of(text: str) -> tuple[str, int]:
    """Host and port."""
    host, _, port = text.rpartition(":")
    return host.removeprefix("[").removesuffix("]"), int(port)
