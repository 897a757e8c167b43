"""A camera or recorder of GB/T 28181 over UDP or TCP: registers, is alive, tells alarms, answers what the hub asks.

What is not answered is sent again over UDP with the timers of SIP. What is not answered then its caller tells again, as
a new message: that is how a camera keeps an alarm until the hub has it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any, cast

from devices.codecs.gb28181 import sip, writing
from devices.codecs.gb28181.digest import Credentials, authorization, parameters, response
from devices.codecs.gb28181.manscdp import Body, read
from devices.codecs.gb28181.sip import Header, Message

T1_S, T2_S, PATIENCE_S = 0.5, 4.0, 32.0

Asked = Callable[[Body], bytes | None]
"""What a query or control is answered with; None: nothing."""


class Camera:
    """One device; `async with` connects and closes it."""

    def __init__(
        self,
        id_: str,
        server: tuple[str, int],
        password: str,
        *,
        transport: str = "udp",
        hub: str = "34020000002000000001",
        version: str = "2.0",
        asked: Asked | None = None,
        chance: Random | None = None,
    ) -> None:
        self.id, self._server, self._password, self.transport = id_, server, password, transport
        self._hub, self._version, self._asked = hub, version, asked
        self.chance = chance or Random(id_)  # noqa: S311 not a secret
        self._numbers = count(1)
        self._link: asyncio.DatagramTransport | asyncio.Transport | None = None
        self._rest = b""
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._tasks: set[asyncio.Task[Any]] = set()
        self._call = self._token()
        self.heard: list[Body] = []
        """What the hub has sent, in its order."""
        self.subscribed: dict[str, Message] = {}
        """By event the newest SUBSCRIBE."""
        self.news = asyncio.Event()
        """Set with each of these."""
        self.registered: Message | None = None
        """The answer to its registration."""

    async def __aenter__(self) -> "Camera":
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await asyncio.sleep(0)  # the loop closes the socket in its next round

    async def connect(self) -> None:
        """Connect; again after the connection has ended. OSError."""
        loop, host, port = asyncio.get_running_loop(), *self._server
        if self.transport == "udp":
            self._link, _ = await loop.create_datagram_endpoint(lambda: _Datagrams(self), remote_addr=(host, port))
        else:
            self._rest = b""
            self._link, _ = await loop.create_connection(lambda: _Stream(self), host, port)

    def close(self) -> None:
        """End the connection without a word."""
        if self._link is not None:
            self._link.close()
        for task in self._tasks:
            task.cancel()

    async def register(self, expires: int = 3600, wrong: Mapping[str, str] | None = None) -> Message | None:
        """Register (0: log out); `wrong` replaces parameters of the login. The final answer; None where none comes."""
        first = await self.request("REGISTER", (("expires", str(expires)),))
        if first is None or first.status != 401:
            return first
        wrong = wrong or {}
        told = parameters(first.header("www-authenticate"))
        shown = Credentials(
            wrong.get("username", self.id), wrong.get("realm", told["realm"]), wrong.get("nonce", told["nonce"]),
            f"sip:{self._hub}@{self._hub[:10]}", "", told.get("algorithm", "MD5"), told.get("qop", ""),
            self._token() if told.get("qop") else "", 1 if told.get("qop") else 0,
        )  # fmt: skip
        if "qop" in wrong:
            shown = shown._replace(qop="", cnonce="", nc=0)
        right = response(shown, "REGISTER", wrong.get("password", self._password))
        self.shown = authorization(shown._replace(response=right))
        final = await self.request("REGISTER", (("authorization", self.shown), ("expires", str(expires))))
        self.registered = final if final is not None and final.status == 200 else None
        return final

    async def keepalive(self) -> Message | None:
        """Say that it is alive."""
        return await self.tell("Notify", "Keepalive", {"Status": "OK"})

    async def alarm(
        self, method: int, type_: int | None, at: str, text: str = "", *, device: str | None = None, number: int = 0
    ) -> Message | None:
        """Tell an alarm; at: AlarmTime as it writes it."""
        fields: dict[str, Any] = {"AlarmPriority": 1, "AlarmMethod": method, "AlarmTime": at}
        fields |= {"AlarmDescription": text} if text else {}
        fields |= {"Info": {"AlarmType": type_}} if type_ is not None else {}
        return await self.tell("Notify", "Alarm", fields, device=device, number=number)

    async def tell(
        self, kind: str, command: str, fields: Mapping[str, Any], *, device: str | None = None, number: int = 0
    ) -> Message | None:
        """A MESSAGE with a body of these fields."""
        number = number or next(self._numbers)
        return await self.message(writing.body(kind, command, number, device or self.id, fields))

    async def message(self, body: bytes, method: str = "MESSAGE", more: tuple[Header, ...] = ()) -> Message | None:
        """A MESSAGE, or a NOTIFY, with a body."""
        return await self.request(method, (*more, ("content-type", writing.CONTENT_TYPE)), body)

    async def request(self, method: str, more: tuple[Header, ...] = (), body: bytes = b"") -> Message | None:
        """Send a request until it is answered; None after timer F."""
        branch = f"z9hG4bK{self._token()}"
        host, port = self._own()
        call = self._call if method == "REGISTER" else self._token()
        target = self.id if method == "REGISTER" else self._hub
        headers: tuple[Header, ...] = (
            ("via", f"SIP/2.0/{self.transport.upper()} {host}:{port};rport;branch={branch}"),
            ("from", f"<sip:{self.id}@{self._hub[:10]}>;tag={self._token()}"),
            ("to", f"<sip:{target}@{self._hub[:10]}>"),
            ("call-id", call),
            ("cseq", f"{next(self._numbers)} {method}"),
            ("contact", f"<sip:{self.id}@{host}:{port}>"),
            ("max-forwards", "70"),
            ("x-gb-ver", self._version),
            *more,
        )
        uri = f"sip:{self._hub}@{self._hub[:10]}"
        return await self._sent(Message(method, uri, 0, "", headers, body), branch)

    async def _sent(self, message: Message, branch: str) -> Message | None:
        octets = sip.written(message)
        answered = self._waiting[branch] = asyncio.get_running_loop().create_future()
        pause = T1_S
        try:
            async with asyncio.timeout(PATIENCE_S):
                self.write(octets)
                while self.transport == "udp":
                    done, _ = await asyncio.wait({answered}, timeout=pause)
                    if done:
                        break
                    self.write(octets)
                    pause = min(2 * pause, T2_S)
                final: Message = await answered
                return final
        except TimeoutError:
            return None
        finally:
            del self._waiting[branch]

    def write(self, octets: bytes) -> None:
        """Write bytes as they are."""
        link = self._link
        if link is None or link.is_closing():
            return
        if self.transport == "udp":
            cast(asyncio.DatagramTransport, link).sendto(octets)
        else:
            cast(asyncio.Transport, link).write(octets)

    def arrived(self, data: bytes) -> None:
        """Bytes of a stream."""
        cut = sip.cut(self._rest + data)
        self._rest = cut.rest
        for octets in cut.messages:
            self.take(octets)

    def take(self, octets: bytes) -> None:
        """A message of the hub: an answer, or a request, which is answered."""
        message = sip.read(octets)
        if message.status:
            waiting = self._waiting.get(message.branch)
            if waiting is not None and not waiting.done() and message.status >= 200:
                waiting.set_result(message)
            return
        more: tuple[Header, ...] = ()
        if message.method == "SUBSCRIBE":
            self.subscribed[message.header("event").partition(";")[0].strip()] = message
            more = (("expires", message.header("expires")),)
        self.write(sip.answer(message, 200, "OK", "camera", *more))
        body = read(message.body)
        self.heard.append(body)
        self.news.set()
        told = None if self._asked is None or message.method == "SUBSCRIBE" else self._asked(body)
        if told is not None:
            self._later(self.message(told))

    def _later(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def until(self, command: str, kind: str, seconds: float = 30.0) -> Body:
        """Wait for what the hub sends; TimeoutError."""
        async with asyncio.timeout(seconds):
            while True:
                for body in self.heard:
                    if (body.command, body.kind) == (command, kind):
                        self.heard.remove(body)
                        return body
                self.news.clear()
                await self.news.wait()

    def _own(self) -> tuple[str, int]:
        with suppress(AttributeError, TypeError):
            name = cast(asyncio.Transport, self._link).get_extra_info("sockname")
            return name[0], name[1]
        return "127.0.0.1", 0

    def _token(self) -> str:
        return f"{self.chance.getrandbits(64):016x}"


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def datagram_received(self, data: bytes, addr: object) -> None:
        """See asyncio."""
        self._camera.take(data)


class _Stream(asyncio.Protocol):
    def __init__(self, camera: Camera) -> None:
        self._camera = camera

    def data_received(self, data: bytes) -> None:
        """See asyncio."""
        self._camera.arrived(data)
