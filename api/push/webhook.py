"""Webhook channel: signed POST requests after Standard Webhooks 1.0.

What it may reach is decided by the guard of outgoing calls (hub/access/outgoing.py), at each connection. Further
bounds: http and https only, no redirects, no proxy from the environment, 10 s, and of an answer no more than its status
and a few bytes for the reason.
"""

import asyncio
import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import unquote

import httpx

from api.push.address import BadAddressError, stored_url
from api.push.channel import Accepted, Answer, Consumer, Refused, TryAgain
from api.push.retry_after import retry_after_s
from api.push.signature import BadSecretError, sign
from hub.access.guarded_transport import GuardedTransport
from hub.access.outgoing import Outgoing, OutgoingRefused
from hub.access.shown_url import shown_url
from hub.secrets.login_place import login_place
from hub.secrets.sealed import Place, Secrets, SecretUnreadable
from hub.words.sentence import Sentence

TIMEOUT_S = 10.0
ANSWER_BYTES = 4096
"""Read of an answer at most; a receiver that answers with more loses its connection, nothing else."""
HOLD_MAX_S = 3600.0
"""The longest pause that a receiver is granted: an alert must not wait for the day that a mistaken header names."""
_SHOWN = 200
_BUSY = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
_LOGIN = (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN)


class Webhook:
    """Sends with one keep-alive client for all consumers."""

    def __init__(
        self,
        client: httpx.AsyncClient,
        secrets: Secrets,
        timeout_s: float = TIMEOUT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._secrets, self._timeout_s, self._clock = client, secrets, timeout_s, clock

    async def send(self, consumer: Consumer, id: str, body: bytes) -> Answer:  # noqa: A002 see Channel
        """See Channel: 2xx is accepted, 410 gone, an invalid secret refused, anything else retried.

        A URL that cannot be called, too: it is checked when it is set, and until it is put right nothing may be lost.
        """
        timestamp = int(self._clock())
        try:
            secret, login, query = self._opened(consumer)
        except SecretUnreadable as error:
            return TryAgain(Sentence("delivery.sealed", why=error.sentence), "secret")
        try:
            url = stored_url(consumer.url, query)
        except BadAddressError as error:
            return TryAgain(error.sentence, "address")
        try:
            headers = {
                "content-type": "application/cloudevents+json",
                "webhook-id": id,
                "webhook-timestamp": str(timestamp),
                "webhook-signature": sign(secret, id, timestamp, body),
            }
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, _auth(login), headers, body)
        except BadSecretError:
            return Refused(Sentence("delivery.secret"), "secret")
        except OutgoingRefused as error:
            return TryAgain(error.sentence, "address")
        except TimeoutError:
            return TryAgain(Sentence("delivery.timeout", seconds=f"{self._timeout_s:g}"), "timeout")
        except (httpx.HTTPError, OSError) as error:
            return _broken(error, url.netloc.decode())

    def _opened(self, consumer: Consumer) -> tuple[str, str | None, str | None]:
        """Secret, login and query of a consumer, which are stored sealed."""
        login, query = consumer.login, consumer.query
        return (
            self._secrets.open(Place("consumer", "secret", consumer.code), consumer.secret),
            None if login is None else self._secrets.open(login_place(consumer.code, consumer.url), login),
            None if query is None else self._secrets.open(login_place(consumer.code, consumer.url, "query"), query),
        )

    async def _post(self, url: httpx.URL, auth: httpx.BasicAuth | None, headers: dict[str, str], body: bytes) -> Answer:
        async with self._client.stream("POST", url, headers=headers, content=body, auth=auth) as response:
            said = b""
            async for chunk in response.aiter_raw():
                said += chunk
                if len(said) >= ANSWER_BYTES:
                    break
            return self._answer(response, _printable(said[:_SHOWN].decode("utf-8", "replace")))

    def _answer(self, response: httpx.Response, text: str) -> Answer:
        if response.is_success:
            return Accepted()
        code = response.status_code
        status = f"{code} {_printable(response.reason_phrase)}".rstrip()
        said = f": {text}" if text else ""
        if 300 <= code < 400:
            return TryAgain(_moved(response, status), "moved")
        if code in _BUSY:
            asked_s = retry_after_s(response.headers.get("retry-after"), response.headers.get("date"), self._clock())
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


def _moved(response: httpx.Response, status: str) -> Sentence:
    try:
        address = shown_url(str(response.url.join(response.headers["location"]))).partition("?")[0]
    except (KeyError, httpx.InvalidURL):
        return Sentence("delivery.moved.nowhere", status=status)
    return Sentence("delivery.moved", status=status, address=_printable(address)[:_SHOWN])


def _broken(error: Exception, host: str) -> TryAgain:
    """The kind of a failure below HTTP."""
    causes: list[BaseException] = [error]
    while (inner := causes[-1].__cause__ or causes[-1].__context__) is not None:
        causes.append(inner)
    if any(isinstance(cause, httpx.InvalidURL) for cause in causes):
        # Of a Location, which httpx reads even where it does not follow; its text may show a password.
        return TryAgain(Sentence("delivery.moved.unreadable"), "moved")
    told = {"host": host, "error": _printable(_said(causes[-1]))[:_SHOWN]}
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return TryAgain(Sentence("delivery.name", **told), "name")
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return TryAgain(Sentence("delivery.tls", **told), "tls")
    if isinstance(error, httpx.RemoteProtocolError):
        return TryAgain(Sentence("delivery.protocol", **told), "protocol")
    return TryAgain(Sentence("delivery.connection", **told), "connection")


def _said(cause: BaseException) -> str:
    if isinstance(cause, OSError) and cause.errno and cause.errno > 0 and not isinstance(cause, ssl.SSLError):
        return os.strerror(cause.errno)  # asyncio's own text leaves it out
    return str(cause) or type(cause).__name__


def _printable(text: str) -> str:
    """In one line, without control characters: it is shown on terminals and on the page."""
    return " ".join("".join(each if each.isprintable() else " " for each in text).split())


@asynccontextmanager
async def open_webhook(
    outgoing: Outgoing, secrets: Secrets, connections: int = 64, timeout_s: float = TIMEOUT_S
) -> AsyncIterator[Webhook]:
    """Open a webhook channel with a limit on concurrent connections."""
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    async with httpx.AsyncClient(
        transport=GuardedTransport(outgoing, "webhook", limits),
        timeout=timeout_s,
        follow_redirects=False,
        trust_env=False,
        headers={"user-agent": "ganzhi", "accept-encoding": "identity"},
    ) as client:
        yield Webhook(client, secrets, timeout_s)
