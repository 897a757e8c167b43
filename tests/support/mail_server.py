"""A mail server for tests (aiosmtpd) with TLS and a login, which accepts, greylists, hangs, ... as the test wants."""

import asyncio
import email
import email.policy
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.support.certificates import Pair

PASSWORD = "s3cret-of-mail"


@dataclass(frozen=True)
class Got:
    sender: str
    recipients: list[str]
    message: EmailMessage

    @property
    def plain(self) -> str:
        body = self.message.get_body(("plain",))
        assert body is not None
        return str(body.get_content())


class MailServer:
    """Listens on 127.0.0.1; `implicit`: TLS from the first byte, else STARTTLS."""

    def __init__(self, pair: Pair, implicit: bool = False) -> None:
        self._context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self._context.load_cert_chain(pair.certificate, pair.key)
        self.implicit, self.mode = implicit, "accept"
        self.answers: dict[str, str] = {}
        """Of RCPT, by recipient."""
        self.got: list[Got] = []
        self.sent = 0
        self._port = 0
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.BaseTransport] = set()

    @property
    def url(self) -> str:
        return f"{'smtps' if self.implicit else 'smtp'}://127.0.0.1:{self._port}"

    async def start(self) -> None:
        self._server = await asyncio.get_running_loop().create_server(
            self._protocol, "127.0.0.1", self._port, ssl=self._context if self.implicit else None
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.stop()

    def _protocol(self) -> asyncio.BaseProtocol:
        if self.mode == "endless":
            return _Endless(self)
        options: dict[str, Any] = {} if self.implicit else {"tls_context": self._context, "require_starttls": True}
        return SMTP(self, authenticator=self._login, auth_require_tls=not self.implicit, timeout=5, **options)

    def _login(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        right = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hub", PASSWORD.encode())
        return AuthResult(success=right, handled=right)

    async def handle_RCPT(  # noqa: N802 as aiosmtpd asks
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.mode in ("refuse", "redirect"):
            return "450 4.2.0 greylisted: try again"
        if (answer := self.answers.get(address, "250 OK")).startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(  # noqa: N802 as aiosmtpd asks
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        content = envelope.content
        assert isinstance(content, bytes)
        message = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(message, EmailMessage)
        if self.mode == "failing":
            return "451 4.3.0 no room"
        self.got.append(Got(str(envelope.mail_from), list(envelope.rcpt_tos), message))
        if self.mode == "silent":
            await asyncio.sleep(60)
        if self.mode == "cut":
            transport = server.transport
            assert isinstance(transport, asyncio.WriteTransport)
            transport.abort()
        return f"250 2.0.0 queued {PASSWORD if self.mode == 'echo' else 'as 12'}"


class _Endless(asyncio.Protocol):
    """Greets without an end."""

    def __init__(self, server: MailServer) -> None:
        self._server, self._transport = server, asyncio.Transport()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.resume_writing()

    def pause_writing(self) -> None:
        self._paused = True

    def resume_writing(self) -> None:
        self._paused = False
        while not self._paused and not self._transport.is_closing() and self._server.sent < 1_000_000_000:
            self._transport.write(b"220-hello\r\n" * 5000)
            self._server.sent += 55_000
