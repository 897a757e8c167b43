"""Keeps a WebSocket open to a source that says what is new by itself, such as one of earthquake early warnings.

It goes through the guard of outgoing calls, follows no redirect, and takes frames of a bounded size, a few at a time.
"""

import asyncio
import logging
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from urllib.parse import urlsplit

import psycopg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidStatus, WebSocketException

from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.alert_settings import WarningSource
from hub.backoff import Backoff
from hub.errors import StoreRefused
from hub.store.pool import sorted_errors
from hub.words.sentence import Sentence
from ingest.warnings.documents import TIMEOUT_S, SourceFailed, failed, heard, stored

log = logging.getLogger(__name__)

MAX_FRAME = 1 << 20
MAX_QUEUE = 16
"""Frames that were read and are not stored yet; further ones stay with their sender."""
PING_S = 20.0
"""How often the other side is pinged, and within which it answers."""
SILENT = 3
"""So many of its intervals without a frame, heartbeats included, and it is taken for dead."""
PORTS = {"ws": 80, "wss": 443}


class Stream:
    """The work of whoever leads for a source: connected as long as it lasts."""

    def __init__(self, source: WarningSource, outgoing: Outgoing, tls: ssl.SSLContext) -> None:
        self._source, self._outgoing, self._tls = source, outgoing, tls
        self._backoff = Backoff(log, "warnings from %s come again", source.name, first_s=1.0, longest_s=30.0)
        self._unstored: tuple[bytes, datetime] | None = None
        """What came while the database was away, and when: the other side does not say it again."""

    async def follow(self, conn: psycopg.AsyncConnection) -> float:
        """Store what comes until the connection ends; returns seconds until the next one is opened."""
        name = self._source.name
        if self._unstored is not None:
            await self._take(conn, *self._unstored)
        try:
            async with self._opened() as opened:
                while True:
                    await self._take(conn, await self._frame(opened), datetime.now(UTC))
        except SourceFailed as error:
            self._backoff.failed("no warnings come from %s: %s", name, error.sentence)
            await failed(conn, name, error.sentence)
        return self._backoff.next_s()

    async def _take(self, conn: psycopg.AsyncConnection, frame: bytes, received: datetime) -> None:
        """What cannot be used is noted, and ends nothing: the next frame is another message."""
        self._unstored = frame, received
        try:
            with sorted_errors():
                wrong = await stored(conn, self._source, frame, received)
        except SourceFailed as error:
            wrong = error.sentence
        except StoreRefused:
            self._unstored = None
            raise
        self._unstored = None
        await heard(conn, self._source.name, wrong)
        self._backoff.succeeded()

    async def _frame(self, opened: ClientConnection) -> bytes:
        silent_s, host = SILENT * self._source.every_s, urlsplit(self._source.url).hostname or ""
        try:
            async with asyncio.timeout(silent_s):
                return await opened.recv(decode=False)
        except TimeoutError as error:
            raise SourceFailed(Sentence("warning.source.silent", host=host, seconds=f"{silent_s:g}")) from error
        except (WebSocketException, OSError) as error:
            raise SourceFailed(Sentence("warning.source.away", host=host, error=_told(error))) from error

    @asynccontextmanager
    async def _opened(self) -> AsyncIterator[ClientConnection]:
        source, url = self._source, urlsplit(self._source.url)
        host, port = url.hostname or "", url.port or PORTS[url.scheme]
        secure = url.scheme == "wss"
        headers = {} if source.secret is None else {source.header: source.secret.get_secret_value()}
        try:
            async with asyncio.timeout(TIMEOUT_S):
                made = await connect(
                    source.url, sock=await self._socket(host, port), ssl=self._tls if secure else None,
                    server_hostname=host if secure else None, additional_headers=headers, user_agent_header="ganzhi",
                    proxy=None, compression=None, max_size=MAX_FRAME, max_queue=MAX_QUEUE, ping_interval=PING_S,
                    ping_timeout=PING_S, close_timeout=1.0,
                )  # fmt: skip
        except OutgoingRefused as error:
            raise SourceFailed(error.sentence) from error
        except TimeoutError as error:
            raise SourceFailed(Sentence("warning.source.slow", host=host, seconds=f"{TIMEOUT_S:g}")) from error
        except InvalidStatus as error:
            status = f"{error.response.status_code} {error.response.reason_phrase[:40]}".strip()
            raise SourceFailed(Sentence("warning.source.answered", status=status)) from error
        except (WebSocketException, OSError, ValueError) as error:
            raise SourceFailed(Sentence("warning.source.away", host=host, error=_told(error))) from error
        try:
            yield made
        finally:
            await made.close()

    async def _socket(self, host: str, port: int) -> socket.socket:
        """Connected to an address that the guard allows."""
        tried: OSError | None = None
        for address in await self._outgoing.addresses("warnings", host, port):
            opened = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
            opened.setblocking(False)
            try:
                await asyncio.get_running_loop().sock_connect(opened, (address, port))
            except OSError as error:
                opened.close()
                tried = error
            except BaseException:
                opened.close()
                raise
            else:
                return opened
        raise tried or OSError("the name has no address")


def _told(error: Exception) -> str:
    return str(error)[:200] or type(error).__name__
