"""The SIP server: registers devices, takes what they tell, and answers it after its commit, never before."""

import asyncio
import logging
import time
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from secrets import token_hex
from zoneinfo import ZoneInfo

from devices.codecs.gb28181 import sip
from devices.codecs.gb28181.catalogue import Page
from devices.codecs.gb28181.manscdp import Body, read
from devices.codecs.gb28181.sip import Header, Message
from devices.sip.answers import Answers, Key, key_of
from hub.errors import DecodeError
from hub.models import DeadLetter
from hub.pipeline import Sink
from hub.sip_settings import Sip
from hub.words.sentence import Sentence
from ingest.ports import Ports
from ingest.sip.bindings import Binding, Bindings
from ingest.sip.follower import Follower
from ingest.sip.intake import Intake, Payload
from ingest.sip.limits import WAITING, Door, Rooms
from ingest.sip.messages import Known, OriginOf, told
from ingest.sip.news import News, without_login
from ingest.sip.peer import Peer
from ingest.sip.registrar import Granted, Refused, Registrar
from ingest.sip.requests import Requests
from ingest.sip.transport import Connection, Datagrams

log = logging.getLogger(__name__)

CHECK_S = 1.0
BEIJING = ZoneInfo("Asia/Shanghai")
"""Of the time that devices are told: they have no other zone."""
ALLOWED = "REGISTER, MESSAGE, NOTIFY, OPTIONS"


class SipServer:
    """A source. What comes from who has not registered from there is answered 403, so that it registers."""

    def __init__(
        self,
        settings: Sip,
        sink: Sink,
        registrar: Registrar,
        bindings: Bindings,
        origin: OriginOf,
        known: Known | None,
        clock_is_right: Callable[[], bool],
        follower: Follower | None = None,
    ) -> None:
        self._settings, self._registrar, self._bindings = settings, registrar, bindings
        self._origin, self._known, self._clock_is_right = origin, known, clock_is_right
        self.requests = Requests(settings)
        self._follower = follower or Follower()
        self._intake = Intake(sink)
        self._news = News(self._intake, origin, known, bindings.remarks)
        self._answers = Answers()
        self._door, self.rooms = Door(settings), Rooms()
        self._connections: set[Connection] = set()
        self._datagrams: Datagrams | None = None
        self._group: asyncio.TaskGroup | None = None
        self._registering = 0
        self._ports = Ports("cameras", log, settings.listen, settings.listen_udp)

    @property
    def connected(self) -> bool:
        """Whether it listens."""
        return self._ports.bound

    @property
    def behind(self) -> bool:
        """No server keeps anything for it: devices send again what was not answered."""
        return False

    @property
    def registered(self) -> int:
        """How many devices are registered."""
        return len(self._bindings)

    @property
    def full(self) -> bool:
        """See Host."""
        return self._ports.stopping or self._intake.full

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def now(self) -> float:
        """See Host."""
        return asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Take nothing more; what was taken is still handed over, and answered until `close`."""
        self._ports.stop()

    def close(self) -> None:
        """End all connections, after what was written to them."""
        self._ports.close()
        for connection in list(self._connections):
            connection.close()

    async def run(self) -> None:
        """Listen until `stop`; returns once everything is handed over."""
        async with asyncio.TaskGroup() as group:
            self._group = group
            handing = group.create_task(self._intake.run(), name="sip.hand over")
            others = [
                group.create_task(self._bindings.run(), name="sip.registrations"),
                group.create_task(self._bindings.remarks.run(), name="sip.remarks"),
                group.create_task(self._check(), name="sip.limits"),
                group.create_task(self._follower.run(self), name="sip.follow"),
            ]
            await self._ports.open(lambda: Connection(self), self._over_udp, self._bindings.load)
            try:
                await self._ports.until_stopped()
            finally:
                self._intake.stop()
            await handing
            for other in others:
                other.cancel()

    def _over_udp(self) -> Datagrams:
        self._datagrams = Datagrams(self)
        return self._datagrams

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            now, settings = self.now(), self._settings
            for connection in list(self._connections):
                nobody = not connection.registered and now - connection.since > settings.login_s
                if nobody or now - connection.heard_at > settings.idle_s:
                    connection.end()
                else:
                    connection.hold()
            for binding in self._bindings.expired(time.time()):
                log.info("%s has not renewed its registration", binding.id)
                self._news.expired(binding.id)
                self._follower.gone(binding)

    def opened(self, connection: Connection) -> bool:
        """See Host."""
        if self._ports.stopping or not self._door.admit(connection.host):
            return False
        self._connections.add(connection)
        return True

    def closed(self, connection: Connection) -> None:
        """See Host."""
        self._connections.discard(connection)
        self._door.leave(connection.host)

    def peer_of(self, binding: Binding) -> Peer | None:
        """Where a device can be reached; None while it is not connected."""
        if binding.peer is None and binding.transport == "udp" and self._datagrams is not None:
            return self._datagrams.peer(binding.host, binding.port)
        return binding.peer

    def unreadable(self, peer: Peer, octets: bytes, error: DecodeError) -> None:
        """See Host; a letter of the first few."""
        if not self.full:
            self._news.letter(peer, octets, "", (error.reason, error.detail), self.now())

    def take(self, peer: Peer, octets: bytes) -> bool:
        """See Host."""
        if self.full:
            return False
        try:
            message = sip.read(octets)
        except DecodeError as error:
            self.unreadable(peer, octets, error)
            return False
        if message.status:
            self.requests.answered(message)
            return False
        message = sip.arrived(message, peer.host, peer.port)
        if message.method == "ACK":  # is never answered
            return False
        key = key_of(peer.host, message)
        is_new, answer = self._answers.begin(key, self.now())
        if not is_new:
            if answer is not None:
                peer.send(answer)
            return False
        if message.method == "REGISTER":
            self._register(peer, message, key)
            return False
        if message.method in ("MESSAGE", "NOTIFY"):
            return self._report(peer, message, key, octets)
        if message.method in ("OPTIONS", "BYE"):
            self._answer(peer, message, key, 200, "OK", ("allow", ALLOWED))
        else:
            self._answer(peer, message, key, 405, "Method Not Allowed", ("allow", ALLOWED))
        return False

    def _answer(self, peer: Peer, message: Message, key: Key, status: int, reason: str, *headers: Header) -> None:
        octets = sip.answer(message, status, reason, token_hex(6), *headers)
        self._answers.end(key, octets)
        peer.send(octets)

    def _not_now(self, peer: Peer, message: Message, key: Key) -> None:
        """Nothing was kept: datagrams are sent again if they are not answered, over a stream nothing is."""
        self._answers.drop(key)
        if peer.transport == "tcp":
            peer.send(sip.answer(message, 503, "Not kept", token_hex(6), ("retry-after", "5")))

    def _register(self, peer: Peer, message: Message, key: Key) -> None:
        decided = self._registrar.decide(message, peer.host, self.now())
        if isinstance(decided, Refused):
            self._answer(peer, message, key, decided.status, decided.reason, *decided.headers)
            if decided.fault is not None:
                self._news.letter(peer, without_login(message), message.sender, decided.fault, self.now())
        elif decided is None:
            self._answers.drop(key)
        elif self._registering >= WAITING:
            self._not_now(peer, message, key)
        elif self._bindings.full and self._bindings.of(decided.id, time.time()) is None:
            self._answer(peer, message, key, 503, "Too many registrations", ("retry-after", "60"))
        else:
            self._registering += 1
            self.begin(self._granted(peer, message, key, decided))

    def begin(self, work: Coroutine[None, None, None]) -> None:
        """In the group of `run`, which is there while anything comes."""
        if self._group is not None:
            self._group.create_task(work)

    async def _granted(self, peer: Peer, message: Message, key: Key, granted: Granted) -> None:
        """Store a registration and answer it; what could not be stored is not answered, and sent again."""
        try:
            before = self._bindings.of(granted.id, time.time())
            if not granted.expires_s:
                done = await self._bindings.drop(granted.id)
            else:
                binding = Binding(granted.id, peer.transport, peer.host, peer.port, time.time() + granted.expires_s,
                                  granted.version, granted.agent, peer, message.call_id, message.number)  # fmt: skip
                done = await self._bindings.put(binding)
        finally:
            self._registering -= 1
        if not done:
            self._not_now(peer, message, key)
            return
        if isinstance(peer, Connection):
            peer.registered = True
        renews = before is not None and before.call_id == message.call_id and before.number < message.number
        is_new = bool(granted.expires_s) and not renews
        if not granted.expires_s or before is None:
            self._news.came(granted, message)
        if granted.expires_s:
            self._news.registered(granted.id, before, peer, self.now())
        contact = message.header("contact")
        headers: list[Header] = [("contact", contact)] if contact and len(contact) < 512 else []
        if self._clock_is_right():
            at = datetime.now(BEIJING).replace(tzinfo=None)
            headers.append(("date", at.isoformat(timespec="milliseconds")))
        if granted.version:
            headers.append(("x-gb-ver", "3.0"))
        self._answer(peer, message, key, 200, "OK", ("expires", str(granted.expires_s)), *headers)
        if granted.expires_s:
            self._follower.registered(binding, is_new)
        elif before is not None:
            self._follower.gone(before)

    def _report(self, peer: Peer, message: Message, key: Key, octets: bytes) -> bool:
        """Take a MESSAGE or NOTIFY; whether it is under way."""
        sender = message.sender
        binding = self._bindings.of(sender, time.time())
        if binding is None or binding.host != peer.host:
            self._answer(peer, message, key, 403, "Forbidden: register first")
            return False
        there = binding.peer
        is_open = isinstance(there, Connection) and there in self._connections  # another takes it over by a login
        if not is_open and (there is None or (peer.transport, peer.port) != (there.transport, there.port)):
            binding.transport, binding.port, binding.peer = peer.transport, peer.port, peer
            self._follower.moved(binding)
        if isinstance(peer, Connection):
            peer.registered = True
        if not message.body:
            self._bodiless(peer, message, key, octets)
            return False
        try:
            body = read(message.body)
        except DecodeError:  # the codec says so in a letter
            self._put(peer, message, key, octets, [(self._origin(sender, "alarm", sender), message.body)], None)
            return True
        found = told(body, message.body, sender, self._known, self._origin)
        self._bindings.remarks.told(sender, body)
        self._follower.told(binding, message, body)
        if found.page is not None:
            self.begin(self._paged(peer, message, key, octets, binding, found.page, found.payloads))
            return True
        if not found.payloads:
            self._answer(peer, message, key, 200, "OK")
            return False
        self._put(peer, message, key, octets, found.payloads, body, urgent=found.urgent)
        return True

    def _bodiless(self, peer: Peer, message: Message, key: Key, octets: bytes) -> None:
        """The first NOTIFY of a subscription may have no body. Where a stream tells no length, the body is lost."""
        told = peer.transport == "udp" or message.header("content-length")
        if told and message.method == "NOTIFY":
            self._answer(peer, message, key, 200, "OK")
            return
        self._answer(peer, message, key, 400, "No Content-Length or no body")
        fault = Sentence("refusal.sip.body") if told else Sentence("refusal.sip.missing", name="content-length")
        self._news.letter(peer, octets, message.sender, ("missing_field", fault), self.now())
        if isinstance(peer, Connection) and not told:
            peer.close()

    async def _paged(
        self,
        peer: Peer,
        message: Message,
        key: Key,
        octets: bytes,
        binding: Binding,
        page: Page,
        payloads: Sequence[Payload],
    ) -> None:
        """News of a directory are kept before they are answered."""
        if not await self._follower.paged(binding, page):
            self._not_now(peer, message, key)
            peer.let_go(octets)
        elif payloads:
            self._put(peer, message, key, octets, payloads, None)
        else:
            self._answer(peer, message, key, 200, "OK")
            peer.let_go(octets)

    def _put(
        self,
        peer: Peer,
        message: Message,
        key: Key,
        octets: bytes,
        payloads: Sequence[Payload],
        body: Body | None,
        *,
        urgent: bool = True,
    ) -> None:
        def settled(letters: Sequence[DeadLetter | None] | None) -> None:
            peer.let_go(octets)
            if letters is None:
                self._not_now(peer, message, key)
                return
            self._answer(peer, message, key, 200, "OK")
            if body is not None and body.kind == "Notify" and body.command.lower() == "alarm":
                refused = any(letter is not None and not letter.taken for letter in letters)
                self._follower.stored(message.sender, body, refused)

        self._intake.put(payloads, settled, urgent=urgent)
