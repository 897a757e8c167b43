"""An HTTP client for cameras: digest, bounded answers and endless ones, and connections through the guard.

Streams of asyncio as they are: 500 endless answers cost a third of the memory that httpx takes for them
(docs/adr/0034). Redirects are not followed, and the address that the guard has allowed is the one that is called.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any, NamedTuple, Protocol

from devices.cameras.camera_url import CameraUrl, Login
from devices.cameras.digest import Challenge, challenge_of, offers_basic
from devices.cameras.failure import CameraFailed
from hub.access.outgoing_call import OutgoingRefused, Purpose
from hub.words.sentence import Sentence

CONNECT_S = 10.0
ANSWER_S = 15.0
"""Until the head of an answer is there, and until a whole answer is."""
MAX_HEAD = 16 << 10
MAX_BODY = 2 << 20
BLOCK = 64 << 10
UNAUTHORIZED, FORBIDDEN = 401, 403
_SIZE = re.compile(rb"[0-9A-Fa-f]{1,8}")
TLS = ("https", "rtsps")
"""Schemes of which all goes over TLS."""


class Guard(Protocol):
    """What tells which addresses of a host are called; hub/access/outgoing.py is one."""

    async def addresses(self, purpose: Purpose, host: str, port: int) -> list[str]:
        """At least one. OutgoingRefused, OSError."""


class Head(NamedTuple):
    """The beginning of an answer."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name; the last of each counts."""
    challenges: tuple[str, ...]
    """Each `WWW-Authenticate`."""


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpPeer:
    """A camera that is called."""

    def __init__(self, url: CameraUrl, login: Login | None, outgoing: Guard, tls: ssl.SSLContext) -> None:
        self.url, self._login, self._outgoing, self._tls = url, login, outgoing, tls
        self._challenge: Challenge | None = None

    async def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None,
        wait_s: float = ANSWER_S,
    ) -> Answer:  # fmt: skip
        """A whole answer of any status but 401. CameraFailed."""
        async with _limited(wait_s + CONNECT_S, self.url), self.opened(method, path, body, headers, wait_s) as opened:
            head, blocks = opened
            told = bytearray()
            async for block in blocks:
                told += block
                if len(told) > MAX_BODY:
                    raise CameraFailed("answer", Sentence("camera.failed.long", most=MAX_BODY >> 20))
            return Answer(head.status, head.headers, bytes(told))

    @asynccontextmanager
    async def opened(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None,
        wait_s: float = ANSWER_S,
    ) -> AsyncIterator[tuple[Head, AsyncIterator[bytes]]]:  # fmt: skip
        """The head of an answer, and its body as it comes. CameraFailed, also for a login that is refused."""
        fresh = self._challenge is None
        for _ in range(3):
            tried = self._challenge
            reader, writer = await self.connected()
            try:
                async with _limited(wait_s, self.url):
                    head = await self._head(reader, writer, method, path, body, headers or {})
                if head.status != UNAUTHORIZED:
                    yield head, _body(reader, head, self.url)
                    return
            finally:
                writer.transport.abort()
            self._challenge = challenge = challenge_of(head.challenges)
            if challenge is None or self._login is None:
                raise self._no_login(head)
            if tried is not None and fresh and not challenge.stale:
                raise CameraFailed("login", Sentence("camera.failed.login", user=repr(self._login.username)))
            fresh = True
        raise CameraFailed("login", Sentence("camera.failed.login", user=repr(self._login and self._login.username)))

    async def greeting(self, request: bytes, wait_s: float) -> bytes:
        """The first line that answers a request of another protocol. CameraFailed."""
        reader, writer = await self.connected()
        try:
            async with _limited(wait_s, self.url):
                writer.write(request)
                return (await reader.readline()).strip()
        except (OSError, ValueError) as error:
            where = {"host": self.url.host, "port": self.url.port}
            raise CameraFailed("answer", Sentence("camera.failed.http", error=_told(error), **where)) from error
        finally:
            writer.transport.abort()

    def _no_login(self, head: Head) -> CameraFailed:
        if self._login is None:
            return CameraFailed("login", Sentence("camera.failed.no_login"))
        if offers_basic(head.challenges):
            return CameraFailed("login", Sentence("camera.failed.basic"))
        return CameraFailed("login", Sentence("camera.failed.challenge"))

    async def connected(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to an address that the guard allows. CameraFailed."""
        url = self.url
        where = {"host": url.host, "port": url.port}
        try:
            addresses = await self._outgoing.addresses("camera", url.host, url.port)
        except OutgoingRefused as error:
            raise CameraFailed("guard", error.sentence) from error
        except OSError as error:
            raise CameraFailed("name", Sentence("camera.failed.name", host=url.host)) from error
        secure: dict[str, Any] = {"ssl": self._tls, "server_hostname": url.host} if url.scheme in TLS else {}
        failed: Exception | None = None
        for address in addresses:
            try:
                async with asyncio.timeout(CONNECT_S):
                    return await asyncio.open_connection(address, url.port, limit=BLOCK, **secure)
            except ssl.SSLCertVerificationError as error:
                raise CameraFailed("tls", Sentence("camera.failed.tls", error=_told(error), **where)) from error
            except (ssl.SSLError, ConnectionResetError) as error:
                if url.scheme in TLS:
                    told = Sentence("camera.failed.no_tls", error=_told(error), scheme=url.scheme[:-1], **where)
                    raise CameraFailed("tls", told) from error
                failed = error
            except (OSError, TimeoutError) as error:
                failed = error
        raise CameraFailed("connect", Sentence("camera.failed.connect", error=_told(failed), **where)) from failed

    async def _head(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, method: str, path: str, body: bytes,
        headers: Mapping[str, str],
    ) -> Head:  # fmt: skip
        told = {"Host": self.url.authority, "User-Agent": "ganzhi", "Accept": "*/*", "Connection": "close", **headers}
        if self._challenge is not None and self._login is not None:
            told["Authorization"] = self._challenge.header(self._login, method, path)
        if body or method == "POST":
            told["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in told.items())
        try:
            writer.write(f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body)
            await writer.drain()
            return await _read_head(reader, self.url)
        except (OSError, asyncio.IncompleteReadError, ValueError) as error:
            where = {"host": self.url.host, "port": self.url.port}
            raise CameraFailed("http", Sentence("camera.failed.http", error=_told(error), **where)) from error


async def _read_head(reader: asyncio.StreamReader, url: CameraUrl) -> Head:
    """Status and headers, with CRLF or LF; ValueError for what is none."""
    lines, size = list[str](), 0
    while True:
        line = await reader.readline()
        size += len(line)
        if not line.endswith(b"\n") or size > MAX_HEAD:
            raise ValueError("the answer is no HTTP")
        text = line.decode("latin-1").rstrip("\r\n")
        if not text:
            break
        lines.append(text)
    if not lines or not lines[0].startswith("HTTP/1.") or not lines[0][9:12].isdigit():
        raise ValueError("the answer is no HTTP")
    pairs = [(name.strip().lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines[1:])]
    challenges = tuple(value for name, value in pairs if name == "www-authenticate")
    return Head(int(lines[0][9:12]), dict(pairs), challenges)


async def _body(reader: asyncio.StreamReader, head: Head, url: CameraUrl) -> AsyncIterator[bytes]:
    """The blocks of a body: chunked, of a length, or until the connection ends. CameraFailed."""
    try:
        if head.headers.get("transfer-encoding", "").lower().endswith("chunked"):
            async for block in _chunks(reader):
                yield block
            return
        told = head.headers.get("content-length", "")
        left = int(told) if told.isdigit() else None
        while left is None or left > 0:
            block = await reader.read(BLOCK if left is None else min(BLOCK, left))
            if not block:
                return
            left = None if left is None else left - len(block)
            yield block
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        where = {"host": url.host, "port": url.port}
        raise CameraFailed("http", Sentence("camera.failed.http", error=_told(error), **where)) from error


async def _chunks(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    while True:
        line = await reader.readline()
        told = line.split(b";")[0].strip()
        if not _SIZE.fullmatch(told):
            raise ValueError("a chunk without a size")
        size = int(told, 16)
        if size == 0:
            return
        while size > 0:
            block = await reader.read(min(BLOCK, size))
            if not block:
                raise ValueError("it ends within a chunk")
            size -= len(block)
            yield block
        await reader.readline()


@asynccontextmanager
async def _limited(seconds: float, url: CameraUrl) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(seconds) as limit:
            yield
    except TimeoutError:
        if not limit.expired():
            raise
        where = {"host": url.host, "port": url.port}
        raise CameraFailed("http", Sentence("camera.failed.slow", seconds=f"{seconds:g}", **where)) from None


def _told(error: BaseException | None) -> str:
    text = getattr(error, "strerror", None) or str(error or "")
    return (text or type(error).__name__)[:200]
