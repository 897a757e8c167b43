"""The server of one protocol's stations: over TCP and UDP, who is there, and what becomes of each frame."""

import asyncio
import logging
from collections.abc import Callable

from hub.backoff import Backoff
from hub.errors import DecodeError
from hub.models import DeadLetter, Origin, Raw, now_micros
from hub.pipeline import Sink
from hub.session_settings import Session
from hub.words.sentence import Sentence
from ingest.ports import Ports
from ingest.session.connection import Connection
from ingest.session.datagrams import Datagrams
from ingest.session.dialect import Dialect, Frame
from ingest.session.intake import Intake
from ingest.session.limits import CHUNK_BYTES, LETTERS, Door
from ingest.session.passwords import Gate
from ingest.session.peer import Hold, Peer
from ingest.session.present import Present, Twins
from ingest.session.stranger import Strangers, is_another, looks_like

log = logging.getLogger(__name__)

CHECK_S = 1.0
"""How often the limits that time brings are looked at: 3 ms for 10,000 connections."""
KNOWN_S, KNOWN_AT_MOST_S = 0.1, 1.0
"""How often it is looked whether it is known which station must show which password, at first and later on."""
UNKNOWN_S = 3.0
"""So long it may take at a start; after that it is told why the port is shut."""
MAX_STATION = 128
"""Characters of a number."""

MakeOrigin = Callable[[str, str, str], Origin]
"""Of a transport, a protocol and a station's number; without one, of what nobody knows who sent it."""


class Follower:
    """Is told of stations that come, go and answer; this one makes nothing of it."""

    def came(self, station: str, peer: Peer) -> None:
        """A station has a new connection."""

    def went(self, station: str, peer: Peer) -> None:
        """A station's newest connection has ended."""

    def twins(self, found: Twins) -> None:
        """Two connections send with one number."""

    def heard(self, frame: Frame) -> None:
        """A station has sent a frame with the right password: a report, or an answer to what it was told."""

    async def run(self) -> None:
        """Whatever it does of its own while the server listens."""


class SessionServer:
    """A source: takes what stations send, answers it after its commit, and never before."""

    def __init__(
        self,
        dialect: Dialect,
        settings: Session,
        sink: Sink,
        origin: MakeOrigin,
        gate: Gate,
        follower: Follower | None = None,
    ) -> None:
        self.dialect, self.settings = dialect, settings
        self.buffer = memoryview(bytearray(CHUNK_BYTES))
        own = settings.of(dialect.name)
        self._ports = Ports(f"stations of {dialect.name}", log, own.listen, own.listen_udp)
        self._origin, self._gate, self._follower = origin, gate, follower or Follower()
        self._intake = Intake(sink, self._settled)
        self._door, self._strangers = Door(settings), Strangers()
        self._present = Present(self._follower.came, self._follower.went)
        self._connections: set[Connection] = set()
        self._datagrams: Datagrams | None = None
        self.resent = 0
        """Frames that came again while they were on their way to the commit."""

    @property
    def connected(self) -> bool:
        """Whether it listens."""
        return self._ports.bound

    @property
    def behind(self) -> bool:
        """No server keeps anything for it: stations send again what was not answered."""
        return False

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._connections)

    @property
    def held(self) -> int:
        """How many connections are not read for the moment."""
        return sum(connection.held for connection in self._connections)

    @property
    def finished(self) -> int:
        """How many send no more, and wait for answers."""
        return sum(connection.finished for connection in self._connections)

    @property
    def stations(self) -> int:
        """How many have told who they are."""
        return len(self._present)

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def now(self) -> float:
        """See Host."""
        return asyncio.get_running_loop().time()

    def stop(self) -> None:
        """Read nothing more; what was read is still handed over, and answered until `close`."""
        self._ports.stop()

    def close(self) -> None:
        """End all connections, after what was written to them."""
        self._ports.close()
        for connection in list(self._connections):
            connection.close()

    async def run(self) -> None:
        """Listen until `stop`; returns once everything is handed over."""
        async with asyncio.TaskGroup() as group:
            handing = group.create_task(self._intake.run(), name=f"{self.dialect.name}.hand over")
            following = group.create_task(self._follower.run(), name=f"{self.dialect.name}.sessions")
            checking = group.create_task(self._check(), name=f"{self.dialect.name}.limits")
            await self._until_known()
            await self._ports.open(lambda: Connection(self), self._over_udp)
            try:
                await self._ports.until_stopped()
            finally:
                for connection in self._connections:
                    connection.hold(Hold.STOPPING)
                self._intake.stop()
            await handing
            checking.cancel()
            following.cancel()

    async def _until_known(self) -> None:
        """Wait until it is known who must show what, or until it is stopped."""
        backoff = Backoff(
            log, f"stations of {self.dialect.name} can connect", first_s=KNOWN_S, longest_s=KNOWN_AT_MOST_S
        )
        began = self.now()
        while not (self._ports.stopping or self._gate.known):
            await self._ports.pause(backoff)
            if self.now() - began >= UNKNOWN_S and not self._gate.known:
                backoff.failed(
                    "stations of %s cannot connect: the passwords that they must show have not been read yet",
                    self.dialect.name,
                )
        if self._gate.known:
            backoff.succeeded()

    def _over_udp(self) -> Datagrams:
        self._datagrams = Datagrams(self, lambda: not (self._ports.stopping or self._intake.full))
        return self._datagrams

    async def _check(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            now = self.now()
            for connection in list(self._connections):
                connection.check(now)
            if self._datagrams is not None:
                self._datagrams.check(now)

    def opened(self, peer: Peer) -> str | None:
        """See Host."""
        if self._ports.stopping:
            return "the hub is stopping"
        why = self._door.admit(peer.host, len(self._connections))
        if why is None and isinstance(peer, Connection):
            self._connections.add(peer)
        elif why is not None and self._door.refused.bit_count() == 1:  # the 1st, 2nd, 4th, 8th
            log.warning("%s: %s is not let in: %s", self.dialect.name, peer.address, why)
        return why

    def closed(self, peer: Peer) -> None:
        """See Host."""
        if isinstance(peer, Connection):
            self._connections.discard(peer)
            self._door.leave(peer.host)
            self.strange(peer)
        self._intake.forget(peer)
        self._present.forget(peer)

    def strange(self, peer: Peer) -> None:
        """See Host: a letter of who never told who it is, and sent no whole frame; now and then one."""
        if self._ports.stopping or not peer.junk or peer.stations or peer.letters:
            return
        if self._strangers.is_news(peer.host, self.now()):
            log.info("%s %s: sent no whole frame of the protocol", self.dialect.name, peer.address)
            fault, address = self._fault_of(peer), f"{self.dialect.name}/"
            self._intake.put(peer, peer.junk, Origin(peer.transport, address, protocol=self.dialect.name, fault=fault))

    def _fault_of(self, peer: Peer) -> tuple[str, str]:
        """What is wrong with what a stranger sent: nothing of the protocol, or the beginning of a frame and no more."""
        name, begun = self.dialect.name, self.dialect.frames(peer.junk).rest == peer.junk
        if begun and not is_another(peer.junk, name):
            return "bad_length", Sentence("refusal.session.half_frame", protocol=name, peer=peer.host)
        values = {"protocol": name, "peer": peer.host, "looks": looks_like(peer.junk, name)}
        return "no_frame", Sentence("refusal.session.no_frame", **values)

    def take(self, peer: Peer, octets: bytes) -> None:
        """See Host. A frame that is on its way already is one that was sent again: it is answered once it is stored."""
        try:
            frame = self.dialect.read(octets)
        except DecodeError as error:
            self._take_unreadable(peer, octets, error)
            return
        if octets in peer.unanswered:
            self.resent += 1
            return
        payload, origin = self.dialect.joined(peer.parts, frame), self._origin_of(peer, frame)
        if origin.fault is None:  # who shows a wrong password is told nothing, and answers nothing
            if not self._note(peer, frame):
                return
            self._follower.heard(frame)
        if payload is not None:
            self._intake.put(peer, payload, origin)

    def _note(self, peer: Peer, frame: Frame) -> bool:
        """Whose frame it is; False where a peer has invented more numbers than it may."""
        station = frame.station
        if station and station not in peer.stations and len(peer.stations) >= self.settings.stations:
            peer.end(f"speaks for more than session.stations, {self.settings.stations:,} numbers")
            return False
        twins = self._present.note(station, peer, self.now()) if station else None
        if twins is not None:
            log.warning(
                "%s: two connections send as station %s, from %s and from %s: orders go to the first of these, which "
                "came later", self.dialect.name, *twins,
            )  # fmt: skip
            self._follower.twins(twins)
        return True

    def _origin_of(self, peer: Peer, frame: Frame) -> Origin:
        """The origin of a frame, with a fault where its password is wrong."""
        origin = self._origin(peer.transport, self.dialect.name, frame.station[:MAX_STATION])
        fault = self._gate.fault(frame.station, frame.password)
        if fault is None:
            return origin
        return Origin(origin.transport, origin.address, origin.device, origin.form, None, origin.protocol, False, fault)

    def _take_unreadable(self, peer: Peer, octets: bytes, error: DecodeError) -> None:
        """A letter of it: of the station that speaks; of who never told who it is, the first few only."""
        if peer.stations:
            origin = self._origin(peer.transport, self.dialect.name, next(reversed(peer.stations)))
            self._intake.put(peer, octets, origin)
            return
        peer.letters += 1
        if peer.letters > LETTERS:
            peer.end(f"{LETTERS} frames, and none that can be read")
            return
        fault = error.reason, error.detail
        address = f"{self.dialect.name}/"
        self._intake.put(peer, octets, Origin(peer.transport, address, protocol=self.dialect.name, fault=fault))

    def _settled(self, peer: Peer, raw: Raw, letter: DeadLetter | None) -> None:
        """Answer a payload that is committed: its sender or, where that is gone, the station's newest connection."""
        answer = self.dialect.reply(raw.payload, letter, now_micros())
        if answer is None:
            return
        newest = self._present.newest(raw.origin.device)
        may_be_gone = peer.finished and newest is not None
        if (may_be_gone or not peer.send(answer)) and newest is not None:
            newest.send(answer)
