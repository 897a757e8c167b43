"""A superior platform of GB/T 28181 over UDP and TCP: registers platforms below it, asks, subscribes, takes alarms.

It can be away, silent, forgetful, unreadable, or wrong in its login; what it was told is kept in its order.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from itertools import count
from random import Random
from typing import Any, NamedTuple, cast

from devices.codecs.gb28181 import sip, writing
from devices.codecs.gb28181.digest import challenge, credentials, is_right
from devices.codecs.gb28181.manscdp import Body, read
from devices.codecs.gb28181.sip import Header, Message
from hub.errors import DecodeError

PATIENCE_S = 10.0
REPEAT_S = 0.5
"""Until a request is sent again, each time twice as long: a datagram may be lost."""


class Heard(NamedTuple):
    """What the platform below has told."""

    method: str
    message: Message
    body: Body


class SuperiorPlatform:
    """`async with` listens on one port of 127.0.0.1 over both transports."""

    def __init__(self, id_: str, password: str, port: int, *, algorithm: str = "MD5", qop: bool = True) -> None:
        self.id, self._password, self.port = id_, password, port
        self.algorithm, self.qop = algorithm, qop
        self.expires: int | None = None
        """What it grants; None: what is asked for."""
        self.responds = True
        """Whether it answers alarms with a <Response>."""
        self.thinks_s = 0.0
        """So long after its 200 that comes."""
        self.silent: frozenset[str] = frozenset()
        """Methods that it does not answer."""
        self.unheard: bytes | None = None
        """It passes over what holds this."""
        self.refused: dict[str, tuple[int, str]] = {}
        """By method or command: with what it is refused."""
        self.nonce: str | None = None
        """One that it shows again and again; None: a new one each time."""
        self.garbage: bytes | None = None
        """What it sends with each answer."""
        self.registers: list[Message] = []
        self.heard: list[Heard] = []
        self.news = asyncio.Event()
        """Set with each registration, and with each of `heard`."""
        self.logins: list[str] = []
        """The Authorization headers that it was shown."""
        self._chance = Random(id_)  # noqa: S311 not a secret
        self._numbers = count(1)
        self._waiting: dict[str, asyncio.Future[Message]] = {}
        self._tasks: set[asyncio.Future[Any]] = set()
        self._below: Callable[[bytes], None] | None = None
        self._lower: tuple[str, str] = ("", "")
        self._ends: list[Callable[[], None]] = []
        self._streams: set[asyncio.Transport] = set()
        self.speaks_from: int | None = None
        """The port from which it answers and asks over UDP, once it is opened anew; None: its own."""
        self.away: asyncio.DatagramTransport | None = None
        self.dialogs: dict[str, tuple[Header, ...]] = {}
        """By event, what it subscribes in."""

    async def __aenter__(self) -> "SuperiorPlatform":
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await asyncio.sleep(0)

    async def open(self) -> None:
        """Listen; again after `close`."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=("127.0.0.1", self.port)
        )
        server = await loop.create_server(lambda: _Stream(self), "127.0.0.1", self.port)
        self._ends = [transport.close, server.close]
        if self.speaks_from is not None:
            self.away, _ = await loop.create_datagram_endpoint(
                lambda: _Datagrams(self), local_addr=("127.0.0.1", self.speaks_from)
            )
            self._ends.append(self.away.close)

    def close(self) -> None:
        """Be away."""
        self.away = None
        for end in self._ends:
            end()
        for stream in list(self._streams):
            stream.abort()
        for task in self._tasks:
            task.cancel()

    def of(self, command: str, kind: str = "Notify") -> list[Heard]:
        """What was told of a command."""
        return [each for each in self.heard if (each.body.command, each.body.kind) == (command, kind)]

    def take(self, octets: bytes, write: Callable[[bytes], None], host: str, port: int) -> None:
        """A message of the platform below."""
        if self.unheard is not None and self.unheard in octets:
            return
        message = sip.read(octets)
        if message.status:
            waiting = self._waiting.get(message.branch)
            if waiting is not None and not waiting.done() and message.status >= 200:
                waiting.set_result(message)
            return
        self._below = write
        message = sip.arrived(message, host, port)
        if message.method == "REGISTER":
            self._register(message, write)
            return
        body = read(message.body)
        self.heard.append(Heard(message.method, message, body))
        self.news.set()
        if {message.method, body.command} & self.silent:
            return
        status, reason = self.refused.get(body.command) or self.refused.get(message.method) or (200, "OK")
        if self.garbage is not None:
            write(self.garbage)
        write(sip.answer(message, status, reason, "superior"))
        if body.command == "Alarm" and message.method == "MESSAGE" and status == 200 and self.responds:
            self._later(self._confirm(body))

    async def _confirm(self, body: Body) -> None:
        await asyncio.sleep(self.thinks_s)
        await self.request("MESSAGE", writing.confirmation(body.number, body.device))

    def _register(self, message: Message, write: Callable[[bytes], None]) -> None:
        self.registers.append(message)
        if "REGISTER" in self.silent:
            return
        if self.garbage is not None:
            write(self.garbage)
        if "REGISTER" in self.refused:
            write(sip.answer(message, *self.refused["REGISTER"], "superior"))
            return
        told = message.header("authorization")
        shown = credentials(told) if told else None
        if shown is not None:
            self.logins.append(told)
        right = shown is not None and shown.algorithm == self.algorithm and is_right(shown, "REGISTER", self._password)
        if not right:
            nonce = self.nonce or f"{self._chance.getrandbits(64):016x}"
            asked = challenge("3301000000", nonce, self.algorithm)
            asked = asked if self.qop else asked.replace(', qop="auth"', "")
            write(sip.answer(message, 401, "Unauthorized", "superior", ("www-authenticate", asked)))
            return
        self.news.set()
        self._lower = message.sender, message.header("contact").partition("<")[2].partition(">")[0]
        granted = message.header("expires") if self.expires is None else str(self.expires)
        write(sip.answer(message, 200, "OK", "superior", ("expires", granted)))

    async def query(self, command: str, device: str | None = None, number: int = 0) -> Message | None:
        """Ask; the answers come as messages."""
        return await self.request(
            "MESSAGE", writing.query(command, number or next(self._numbers), device or self._lower[0])
        )

    async def subscribe(self, event: str, expires: int = 3600) -> Message | None:
        """Subscribe to news of the directory or to alarms; again in the same dialog."""
        body = writing.subscription(event, next(self._numbers), self._lower[0])
        more: tuple[Header, ...] = (("event", event), ("expires", str(expires)))
        answer = await self.request("SUBSCRIBE", body, more, self.dialogs.get(event))
        if answer is not None and answer.status == 200:
            self.dialogs[event] = tuple((name, answer.header(name)) for name in ("from", "to", "call-id"))
        return answer

    async def request(
        self, method: str, body: bytes = b"", more: tuple[Header, ...] = (), dialog: tuple[Header, ...] | None = None
    ) -> Message | None:
        """Send a request to the platform below; its final answer."""
        branch = f"z9hG4bK{self._chance.getrandbits(64):016x}"
        lower, contact = self._lower
        dialog = dialog or (
            ("from", f"<sip:{self.id}@{self.id[:10]}>;tag={self._chance.getrandbits(32):08x}"),
            ("to", f"<sip:{lower}@{self.id[:10]}>"),
            ("call-id", f"{self._chance.getrandbits(64):016x}"),
        )
        headers: tuple[Header, ...] = (
            ("via", f"SIP/2.0/UDP 127.0.0.1:{self.port};rport;branch={branch}"), *dialog,
            ("cseq", f"{next(self._numbers)} {method}"), ("contact", f"<sip:{self.id}@127.0.0.1:{self.port}>"),
            ("max-forwards", "70"), *more, *((("content-type", writing.CONTENT_TYPE),) if body else ()),
        )  # fmt: skip
        answered = self._waiting[branch] = asyncio.get_running_loop().create_future()
        try:
            octets, pause = sip.written(Message(method, contact, 0, "", headers, body)), REPEAT_S
            async with asyncio.timeout(PATIENCE_S):
                while not answered.done():
                    self.send(octets)
                    await asyncio.wait({answered}, timeout=pause)
                    pause *= 2
                answer: Message = answered.result()
                return answer
        except TimeoutError:
            return None
        finally:
            del self._waiting[branch]

    def send(self, octets: bytes) -> None:
        """Bytes as they are, to where the platform below was heard from last."""
        if self._below is not None:
            self._below(octets)

    def opened(self, stream: asyncio.Transport) -> None:
        """A connection is there."""
        self._streams.add(stream)

    def closed(self, stream: asyncio.Transport) -> None:
        """A connection has ended."""
        self._streams.discard(stream)

    def _later(self, work: Awaitable[Any]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def live_superior(
    id_: str, password: str, port: int, tell: Callable[[str], object], seconds: float | None
) -> None:
    """One that asks each platform that registers for its directory and its news, and tells what comes."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds), SuperiorPlatform(id_, password, port) as platform:
            known, told = "", 0
            while True:
                await platform.news.wait()
                platform.news.clear()
                for method, _, body in platform.heard[told:]:
                    tell(f"{method} {body.kind} {body.command} {body.device} {_in_short(body)}".rstrip())
                told = len(platform.heard)
                if platform.registers and (call := platform.registers[-1].call_id) != known and platform.logins:
                    known = call
                    tell(f"REGISTER {platform.registers[-1].sender}")
                    await platform.query("Catalog")
                    for event in ("Catalog", "Alarm"):
                        await platform.subscribe(event)


def _in_short(body: Body) -> str:
    named = ("SumNum", "AlarmMethod", "AlarmPriority", "AlarmTime", "AlarmDescription", "Status")
    return " ".join(f"{name}={found}" for name in named if (found := body.root.told(name)))


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, platform: SuperiorPlatform) -> None:
        self._platform = platform

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        self._platform.take(
            data, lambda octets: (self._platform.away or self._wire).sendto(octets, addr), addr[0], addr[1]
        )


class _Stream(asyncio.Protocol):
    def __init__(self, platform: SuperiorPlatform) -> None:
        self._platform, self._rest = platform, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = cast(asyncio.Transport, transport)
        self._platform.opened(self._wire)

    def connection_lost(self, exc: Exception | None) -> None:
        self._platform.closed(self._wire)

    def data_received(self, data: bytes) -> None:
        with suppress(DecodeError):
            cut = sip.cut(self._rest + data)
            self._rest = cut.rest
            host, port = self._wire.get_extra_info("peername")[:2]
            for octets in cut.messages:
                self._platform.take(octets, self._wire.write, host, port)
