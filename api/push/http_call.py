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
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import unquote

import httpx

from api.push.channel import Refused, TryAgain
from api.push.retry_after import retry_after_s
from api.push.said import printable
from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing, OutgoingRefused
from hub.access.shown_url import shown_url
from hub.tls import Trust, trusting_context
from hub.words.sentence import Sentence

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
    """Calls with one keep-alive client for all consumers."""

    def __init__(self, client: httpx.AsyncClient, timeout_s: float = TIMEOUT_S) -> None:
        self._client, self._timeout_s = client, timeout_s

    async def call(self, request: Request) -> Reply | TryAgain:
        """The answer; once its head is there the answer counts, however its body ends. Raises nothing."""
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(self._timeout_s):
                sent = self._client.build_request(
                    request.method, request.url, headers=dict(request.headers), content=request.body
                )
                response = await self._client.send(sent, auth=_auth(request.login), stream=True)
        except OutgoingRefused as error:
            return TryAgain(error.sentence, "address")
        except TimeoutError:
            return TryAgain(Sentence("delivery.timeout", seconds=f"{self._timeout_s:g}"), "timeout")
        except (httpx.HTTPError, OSError) as error:
            return _broken(error, request.url.netloc.decode())
        left_s = started + self._timeout_s - asyncio.get_running_loop().time()
        body, whole = await _beginning(response, left_s)
        return Reply(response.status_code, response.reason_phrase, response.headers, response.url, body, whole)


async def _beginning(response: httpx.Response, left_s: float) -> tuple[bytes, bool]:
    read = bytearray()
    try:
        async with asyncio.timeout(left_s):
            async for chunk in response.aiter_raw():
                read += chunk
                if len(read) > ANSWER_BYTES:
                    return bytes(read[:ANSWER_BYTES]), False
    except (httpx.HTTPError, OSError):  # TimeoutError, too
        return bytes(read), False
    finally:
        await response.aclose()
    return bytes(read), True


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


def _auth(login: str | None) -> httpx.BasicAuth | None:
    if login is None:
        return None
    username, _, password = login.partition(":")
    return httpx.BasicAuth(unquote(username), unquote(password))


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
    except (KeyError, httpx.InvalidURL):
        return Sentence("delivery.moved.nowhere", status=status)
    return Sentence("delivery.moved", status=status, address=printable(address)[:QUOTED])


def _broken(error: Exception, host: str) -> TryAgain:
    """The kind of a failure below HTTP."""
    causes: list[BaseException] = [error]
    while (inner := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(inner)
    if any(isinstance(cause, httpx.InvalidURL) for cause in causes):
        # Of a Location, which httpx reads even where it does not follow; its text may show a password.
        return TryAgain(Sentence("delivery.moved.unreadable"), "moved")
    told = {"host": host, "error": printable(cause_of(causes[-1]))[:QUOTED]}
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return TryAgain(Sentence("delivery.name", **told), "name")
    for cause in causes:
        if isinstance(cause, ssl.SSLError):
            if kind := _CERTIFICATE.get(getattr(cause, "verify_code", 0)):
                return TryAgain(Sentence(f"delivery.tls.{kind}", host=host), "tls")
            return TryAgain(Sentence("delivery.tls", **told), "tls")
    if isinstance(error, httpx.RemoteProtocolError):
        return TryAgain(Sentence("delivery.protocol", **told), "protocol")
    return TryAgain(Sentence("delivery.connection", **told), "connection")


def cause_of(error: BaseException) -> str:
    """What went wrong below, in the system's words."""
    if isinstance(error, OSError) and error.errno and error.errno > 0 and not isinstance(error, ssl.SSLError):
        return os.strerror(error.errno)  # asyncio's own text leaves it out
    return str(error) or type(error).__name__


@asynccontextmanager
async def open_calls(
    outgoing: Outgoing, tls: Trust | None = None, connections: int = 96, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[HttpCalls]:
    """Open a client with a limit on concurrent connections. ConfigError for files of `tls`."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    context = trusting_context(tls or Trust(), "outgoing.tls", httpx.create_ssl_context(trust_env=False))
    async with httpx.AsyncClient(
        transport=GuardedTransport(outgoing, "webhook", limits, context),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "ganzhi", "accept-encoding": "identity"},
    ) as client:
        yield HttpCalls(client, timeout_s)
