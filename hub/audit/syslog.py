"""Sends the chain of the audit to a syslog server over TLS (RFC 5425), link by link from the last one that arrived.

Syslog has no acknowledgement: what counts as arrived is what the server's machine has taken off the connection. A link
may come twice after a break, with the same seq, and none is left out.
"""

import asyncio
import fcntl
import logging
import os
import socket
import struct
import termios
from collections.abc import Sequence
from contextlib import suppress

import psycopg
from psycopg.rows import class_row

from hub.audit.syslog_message import Sealed, frame, message
from hub.backoff import Backoff
from hub.store.leader import lead
from hub.store.statements import statements
from hub.tls import Tls, client_context, fault

SQL = statements(__name__)

log = logging.getLogger(__name__)

SECTION = "audit.tls"
EVERY_S = 1.0
BATCH = 500
"""Links that are under way, at most 4 MB; the rest waits in the store."""
TAKEN_S = 10.0
"""How long the server may take to take them."""


class Syslog:
    """The leader's work: send what is sealed and not sent yet. ConfigError for certificates that cannot be used."""

    def __init__(self, server: str, tls: Tls) -> None:
        (self._host, self._port), self._tls = _place(server), tls
        self._context = client_context(tls, SECTION)
        self._backoff = Backoff(log, "the syslog server %s takes the audit again", server, longest_s=60.0)
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def __call__(self, conn: psycopg.AsyncConnection) -> float:
        """Send the next links; returns the seconds until the next call."""
        async with conn.cursor(row_factory=class_row(Sealed)) as cursor:
            links = await (await cursor.execute(SQL.unsent, [BATCH])).fetchall()
        if not links:
            return EVERY_S
        try:
            async with asyncio.timeout(TAKEN_S):
                await self._send(links)
        except (OSError, TimeoutError) as error:
            self.close()
            why = fault(error, self._host, self._port, self._tls, SECTION) or error or "it takes nothing"
            self._backoff.failed("the audit waits for the syslog server %s:%d: %s", self._host, self._port, why)
            return self._backoff.next_s()
        self._backoff.succeeded()
        await conn.execute(SQL.sent, {"seq": links[-1].seq})
        return 0.0 if len(links) == BATCH else EVERY_S

    async def _send(self, links: Sequence[Sealed]) -> None:
        if self._reader is not None and self._reader.at_eof():
            self.close()
        if self._writer is None:
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port, ssl=self._context)
        host, process = socket.gethostname(), os.getpid()
        self._writer.write(b"".join(frame(message(each, host, process)) for each in links))
        await self._writer.drain()
        while self._writer.transport.get_write_buffer_size() or _untaken(self._writer):  # noqa: ASYNC110 nothing tells
            await asyncio.sleep(0.01)
        if self._reader is not None and self._reader.at_eof():
            raise ConnectionResetError("it ended the connection")

    def close(self) -> None:
        """End the connection."""
        if self._writer is not None:
            with suppress(OSError):
                self._writer.transport.abort()
        self._reader = self._writer = None


def _place(server: str) -> tuple[str, int]:
    host, _, port = server.rpartition(":")
    return host.strip("[]"), int(port)


async def refusal(server: str, tls: Tls) -> str | None:
    """Why a server takes no connection; None when it does. ConfigError as above."""
    host, port = _place(server)
    try:
        _, writer = await asyncio.open_connection(host, port, ssl=client_context(tls, SECTION))
    except OSError as error:
        return fault(error, host, port, tls, SECTION) or str(error)
    writer.transport.abort()
    return None


async def keep_sending(url: str, server: str, tls: Tls) -> None:
    """Send from whichever process leads, forever. ConfigError as above."""
    work = Syslog(server, tls)
    try:
        await lead(url, "audit syslog", work)
    finally:
        work.close()


def _untaken(writer: asyncio.StreamWriter) -> int:
    """Bytes that the other machine has not taken yet. OSError once the connection is gone."""
    connection = writer.get_extra_info("socket")
    if connection is None or connection.fileno() < 0:
        raise ConnectionResetError("the connection is gone")
    (count,) = struct.unpack("i", fcntl.ioctl(connection.fileno(), termios.TIOCOUTQ, bytes(4)))
    return int(count)
