"""Commands to stations that have dialled in: the session of each is a row, its answers go to their commit."""

import asyncio
import logging
from collections import deque
from functools import partial
from typing import NamedTuple
from uuid import UUID

import msgspec

from devices.commands.downlink import Addressee, Command
from devices.commands.sessions import Session, Sessions
from devices.registry.registry import Registry
from hub.backoff import Backoff
from hub.errors import DeviceAway, HubError
from hub.models import Delivery, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from ingest.session.dialect import Frame
from ingest.session.orders import ORDERS
from ingest.session.peer import Peer
from ingest.session.server import Follower

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often it is looked whether a station that nobody had registered is now."""
PENDING = 10_000
"""Commands whose answers are waited for; the oldest are given up."""
SERIALS = 0xFFFF


class _Pending(NamedTuple):
    command: UUID
    device: str


class StationDownlink(Follower):
    """Keeps the sessions of one protocol's stations, and writes commands to their newest connections."""

    def __init__(self, protocol: str, registry: Registry, sessions: Sessions, sink: Sink, password: str | None) -> None:
        """`password` is what a command shows, where the protocol wants one."""
        self._protocol, self._registry, self._sessions, self._sink = protocol, registry, sessions, sink
        self._orders, self._own = ORDERS[protocol], password
        self._peers: dict[str, Peer] = {}
        self._open: dict[str, Session] = {}
        self._changed: dict[str, None] = {}
        """Stations that came or went since they were looked at."""
        self._unknown: dict[str, None] = {}
        """Stations that are here and that nobody has registered."""
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._answers: deque[tuple[_Pending, Frame]] = deque()
        self._woken = asyncio.Event()
        self._serial = 0

    def came(self, station: str, peer: Peer) -> None:
        """See Follower."""
        self._peers[station] = peer
        self._changed[station] = None
        self._woken.set()

    def went(self, station: str, peer: Peer) -> None:
        """See Follower."""
        del self._peers[station]
        self._changed[station] = None
        self._woken.set()

    def answered(self, frame: Frame) -> None:
        """See Follower."""
        pending = self._pending.pop((frame.station, frame.answers), None)
        if pending is not None and len(self._answers) < PENDING:
            self._answers.append((pending, frame))
            self._woken.set()

    async def run(self) -> None:
        """Keep the rows of sessions as the connections are, and hand answers over; outages are waited out."""
        backoff = Backoff()
        while True:
            try:
                async with asyncio.timeout(LOOK_S):
                    await self._woken.wait()
            except TimeoutError:
                self._changed |= self._unknown
            self._woken.clear()
            while self._answers:
                await self._hand_over(*self._answers.popleft())
            try:
                while self._changed:
                    await self._follow(next(iter(self._changed)))
                backoff.succeeded()
            except HubError as error:
                log.debug("sessions of %s wait for the store: %s", self._protocol, error)
                await backoff.wait()
                self._woken.set()

    async def _follow(self, station: str) -> None:
        """Open or close the session of a station. StoreUnavailable: it stays to be looked at."""
        device = self._registry.called(self._protocol, station) or self._registry.devices.get(station)
        self._unknown.pop(station, None)
        if station in self._peers and device is not None:
            send = partial(self._send, station)
            self._open[station] = await self._sessions.open(device.id, self._protocol, send)
        elif station in self._peers:
            self._unknown[station] = None
        elif station in self._open:
            await self._sessions.close(self._open.pop(station))
        self._changed.pop(station, None)

    async def _send(self, station: str, device: Addressee, command: Command) -> None:
        """Write a command to a station. DeviceAway where it has gone, OrderRefused where there is no such command."""
        self._serial = self._serial % SERIALS + 1
        order = self._orders.order(command.name, command.params, station, self._own, self._serial, now_micros())
        peer = self._peers.get(station)
        if len(self._pending) >= PENDING:
            del self._pending[next(iter(self._pending))]
        self._pending[station, order.key] = _Pending(command.id, device.code)
        if peer is None or not peer.send(order.octets):
            del self._pending[station, order.key]
            raise DeviceAway(f"station {station} has hung up")

    async def _hand_over(self, pending: _Pending, frame: Frame) -> None:
        """An answer as a reply of the device, which is committed as any other."""
        payload = msgspec.json.encode({"id": str(pending.command), **self._orders.outcome(frame.octets)})
        origin = Origin("tcp", f"{self._protocol}/{frame.station}", pending.device, "reply")

        async def settle(_: Outcome) -> None:
            """Nobody waits for it."""

        await self._sink.submit(Delivery([Raw(origin, payload, now_micros())], settle))
