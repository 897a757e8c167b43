"""httpx transport that connects only to addresses that the guard of outgoing calls has allowed.

The connection is made to the checked address, while TLS, SNI and the Host header keep the name: what a name resolves to
later (DNS rebinding) is never asked.
"""

import ssl
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import contextmanager
from typing import cast

import httpcore
import httpx

from hub.access.outgoing import Outgoing
from hub.access.outgoing_call import Purpose


class _Pinned(httpcore.AsyncNetworkBackend):
    """Connects to the addresses of a name that are allowed, one after the other."""

    def __init__(self, outgoing: Outgoing, purpose: Purpose) -> None:
        self._outgoing, self._purpose = outgoing, purpose
        self._network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Raises OutgoingRefused, and ConnectError, whose cause is a gaierror for a name that nobody knows."""
        try:
            addresses = await self._outgoing.addresses(self._purpose, host, port)
        except OSError as error:
            raise httpcore.ConnectError(str(error)) from error
        failed: httpcore.ConnectError | None = None
        for address in addresses:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failed = failed or error
        raise failed or httpcore.ConnectError("the name has no address")

    async def sleep(self, seconds: float) -> None:
        await self._network.sleep(seconds)


class GuardedTransport(httpx.AsyncBaseTransport):
    """For an httpx.AsyncClient; a redirect that it follows is guarded as the first call is."""

    def __init__(
        self, outgoing: Outgoing, purpose: Purpose, limits: httpx.Limits, tls: ssl.SSLContext | None = None
    ) -> None:
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=tls or httpx.create_ssl_context(trust_env=False),
            max_connections=limits.max_connections,
            max_keepalive_connections=limits.max_keepalive_connections,
            keepalive_expiry=limits.keepalive_expiry,
            network_backend=_Pinned(outgoing, purpose),
        )

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Raises OutgoingRefused beside the errors of httpx."""
        url = request.url
        with _as_of_httpx():
            response = await self._pool.handle_async_request(
                httpcore.Request(
                    method=request.method,
                    url=httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path),
                    headers=request.headers.raw,
                    content=cast(httpx.AsyncByteStream, request.stream),
                    extensions=request.extensions,
                )
            )
        return httpx.Response(
            response.status, headers=response.headers, stream=_Body(response), extensions=response.extensions
        )

    async def aclose(self) -> None:
        await self._pool.aclose()


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: httpcore.Response) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _as_of_httpx():
            async for part in self._response.aiter_stream():
                yield part

    async def aclose(self) -> None:
        with _as_of_httpx():
            await self._response.aclose()


@contextmanager
def _as_of_httpx() -> Iterator[None]:
    """The errors of httpcore as those of httpx, which have the same names."""
    try:
        yield
    except (
        httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol,
    ) as error:  # fmt: skip
        known = getattr(httpx, type(error).__name__, httpx.TransportError)
        raise known(str(error)) from error
