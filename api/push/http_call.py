"""One HTTP call to a consumer, and what its failures mean.

What it may reach is decided by the guard of outgoing calls (hub/access/outgoing.py), at each connection. Further
bounds: http and https only, no redirects, no proxy from the environment, 10 s, and of an answer no more than its status
and a few bytes.
"""

import asyncio
import os
import socket
import ssl
import time
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx

from api.push.channel import Refused, TryAgain
from api.push.http_connection import HttpConnection, HttpConnections, ProtocolError
from api.push.retry_after import retry_after_s
from api.push.said import printable
from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import OutgoingRefused
from hub.access.shown_url import shown_url
from hub.tls import Trust, trusting_context
from hub.words.sentence import Sentence

HTTP_CALLS = 192
"""At once, of all consumers. In a storm of 10,000 alerts in 10 s 64 were too few while 5 of 100 webhooks hung; with 512
ingest has less of two cores."""
TIMEOUT_S = 10.0
ANSWER_BYTES = 4096
"""Read of an answer at most; a receiver that answers with more loses its connection, nothing else."""
HOLD_MAX_S = 3600.0
"""The longest pause that a receiver is granted: an alert must not wait for the day that a mistaken header names."""
QUOTED = 200
"""Characters of an answer in the sentence of a failure."""
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_CERTIFICATE = {
    10: "expired",
    **dict.fromkeys((18, 19, 20, 21), "untrusted"),
    **dict.fromkeys((62, 64), "name"),
}
"""By OpenSSL's verify codes, as in hub/tls.py."""
_LOGIN = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


@dataclass(slots=True, frozen=True)
class Request:
    """What is to be sent; not shown, for its headers and body may hold secrets."""

    url: httpx.URL = field(repr=False)
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    login: str | None = field(default=None, repr=False)
    """`user:password`, percent-encoded as in a URL."""
    method: str = "POST"


@dataclass(slots=True, frozen=True)
class Reply:
    """The head of an answer and the first ANSWER_BYTES of its body."""

    status: int
    phrase: str
    headers: httpx.Headers
    url: httpx.URL = field(repr=False)
    body: bytes
    whole: bool
    """Whether the body ended within the bytes and the time that it is read."""

    @property
    def success(self) -> bool:
        return 200 <= self.status < 300


class HttpCalls:
    """Calls over connections that are kept for a while, for all consumers together."""

    def __init__(self, connections: HttpConnections, at_once: int, timeout_s: float = TIMEOUT_S) -> None:
        self._connections, self._timeout_s = connections, timeout_s
        self._room = asyncio.Semaphore(at_once)

    async def call(self, request: Request) -> Reply | TryAgain:
        """The answer; once its head is there the answer counts, however its body ends. Raises nothing."""
        started = asyncio.get_running_loop().time()
        async with self._room:
            asked: HttpConnection | None = None
            keep = False
            try:
                async with asyncio.timeout(self._timeout_s):
                    asked = await self._connections.to(request.url)
                    await asked.ask(_written(request))
                keep = asked.over and await asked.ended()
                if not asked.over:
                    with suppress(TimeoutError):
                        async with asyncio.timeout_at(started + self._timeout_s):
                            keep = await asked.ended()
                return _reply(request, asked)
            except OutgoingRefused as error:
                return TryAgain(error.sentence, "address")
            except TimeoutError:
                return TryAgain(Sentence("delivery.timeout", seconds=f"{self._timeout_s:g}"), "timeout")
            except (ProtocolError, OSError) as error:
                return _broken(error, request.url.netloc.decode())
            finally:
                if asked is not None and keep:
                    self._connections.keep(asked)
                elif asked is not None:
                    asked.close()


def _written(request: Request) -> bytes:
    """A request as it goes out. ProtocolError for a header that would end its line."""
    headers = {
        "host": request.url.netloc.decode(),
        "user-agent": "ganzhi",
        "accept": "*/*",
        "accept-encoding": "identity",
        **{name.lower(): value for name, value in request.headers.items()},
    }
    if request.body or request.method != "GET":
        headers["content-length"] = str(len(request.body))
    if request.login is not None:
        username, _, password = request.login.partition(":")
        both = f"{unquote(username)}:{unquote(password)}"
        headers["authorization"] = f"Basic {b64encode(both.encode()).decode()}"
    if any(not each.isprintable() for each in headers.values()):
        raise ProtocolError("a header has control characters")
    target = request.url.raw_path.decode("ascii")
    lines = [f"{request.method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + request.body


def _reply(request: Request, answered: HttpConnection) -> Reply:
    headers = httpx.Headers(answered.headers)
    return Reply(answered.status, answered.phrase, headers, request.url, answered.body, answered.whole)


def unsuccessful(reply: Reply, text: str, clock: Callable[[], float] = time.time) -> TryAgain | Refused:
    """What a status other than 2xx means; `text` is what the body said."""
    code, text = reply.status, text[:QUOTED]
    status = f"{code} {printable(reply.phrase)}".rstrip()
    said = f": {text}" if text else ""
    if 300 <= code < 400:
        return TryAgain(_moved(reply, status), "moved")
    if code in _BUSY:
        asked_s = retry_after_s(reply.headers.get("retry-after"), reply.headers.get("date"), clock())
        return _busy(asked_s, status, said)
    if code in _LOGIN:
        return TryAgain(Sentence("delivery.login", status=status, said=said), "login")
    answered = Sentence("delivery.answered", status=status, said=said)
    if code == httpx.codes.GONE:
        return Refused(answered, "gone", gone=True)
    return TryAgain(answered, "failing" if code >= 500 else "rejected")


def _busy(asked_s: float, status: str, said: str) -> TryAgain:
    hold_s = min(asked_s, HOLD_MAX_S)
    if not asked_s:
        reason = Sentence("delivery.answered", status=status, said=said)
    elif hold_s < asked_s:
        values = {"asked": f"{asked_s:.0f}", "seconds": f"{hold_s:.0f}"}
        reason = Sentence("delivery.busy.longer", status=status, said=said, **values)
    else:
        reason = Sentence("delivery.busy", status=status, said=said, seconds=f"{hold_s:.0f}")
    return TryAgain(reason, "busy", hold_s)


def _moved(reply: Reply, status: str) -> Sentence:
    try:
        address = shown_url(str(reply.url.join(reply.headers["location"]))).partition("?")[0]
    except KeyError:
        return Sentence("delivery.moved.nowhere", status=status)
    except httpx.InvalidURL:  # its text may show a password
        return Sentence("delivery.moved.unreadable")
    return Sentence("delivery.moved", status=status, address=printable(address)[:QUOTED])


def _broken(error: Exception, host: str) -> TryAgain:
    """The kind of a failure below HTTP."""
    causes: list[BaseException] = [error]
    while (inner := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(inner)
    told = {"host": host, "error": printable(cause_of(causes[-1]))[:QUOTED]}
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return TryAgain(Sentence("delivery.name", **told), "name")
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            if kind := _CERTIFICATE.get(getattr(cause, "verify_code", 0)):
                return TryAgain(Sentence(f"delivery.tls.{kind}", host=host), "tls")
            return TryAgain(Sentence("delivery.tls", **told), "tls")
    if isinstance(error, ProtocolError):
        return TryAgain(Sentence("delivery.protocol", **told), "protocol")
    return TryAgain(Sentence("delivery.connection", **told), "connection")


def cause_of(error: BaseException) -> str:
    """What went wrong below, in the system's words."""
    if isinstance(error, OSError) and error.errno and error.errno > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)  # asyncio's own text leaves it out
    return str(error) or type(error).__name__


@asynccontextmanager
async def open_calls(
    outgoing: Outgoing, tls: Trust | None = None, connections: int = HTTP_CALLS, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[HttpCalls]:
    """Open calls with a limit on those at once. ConfigError for files of `tls`."""
    context = trusting_context(tls or Trust(), "outgoing.tls", httpx.create_ssl_context(trust_env=False))
    kept = HttpConnections(outgoing, "webhook", context, connections, ANSWER_BYTES)
    try:
        yield HttpCalls(kept, connections, timeout_s)
    finally:
        kept.close()
