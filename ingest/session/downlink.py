"""Commands to stations that have dialled in: the session of each is a row, its answers go to their commit."""

import asyncio
import logging
from collections import deque
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID

import msgspec

from devices.commands.downlink import Addressee, Command
from devices.commands.sessions import Session, Sessions
from devices.registry.registry import Registry
from hub.backoff import Backoff
from hub.errors import DeviceAway, HubError
from hub.models import Delivery, Micros, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from ingest.session.dialect import Frame
from ingest.session.orders import ORDERS, Called, Order, OrderRefused, Patience
from ingest.session.passwords import Gate
from ingest.session.peer import Peer
from ingest.session.present import Twins
from ingest.session.server import Follower
from ingest.session.turns import Turns

log = logging.getLogger(__name__)

LOOK_S = 10.0
"""How often it is looked whether a station that nobody had registered is now."""
HEARD_S = 30.0
"""How old what is noted of the last frame may be."""
PENDING = 10_000
"""Commands whose answers are waited for; the oldest are given up."""
SERIALS = 0xFFFF
NOT_ON = (
    "control from outside (反控) is off for {code}: hub devices control on {code} --reason ... --until ..., which "
    "another person approves"
)


class _Pending:
    """A command whose answers are waited for."""

    __slots__ = ("command", "device", "done", "heard", "order")

    def __init__(self, command: UUID, device: str, order: Order) -> None:
        self.command, self.device, self.order = command, device, order
        self.heard, self.done = asyncio.Event(), asyncio.Event()
        """Whether the station has answered at all; whether it will say no more."""


class StationDownlink(Follower):
    """Keeps the sessions of one protocol's stations, and writes commands to their newest connections."""

    def __init__(self, protocol: str, registry: Registry, sessions: Sessions, sink: Sink, gate: Gate) -> None:
        """`gate` knows what a command shows, where the protocol wants a password."""
        self._protocol, self._registry, self._sessions, self._sink = protocol, registry, sessions, sink
        self._orders, self._gate = ORDERS[protocol], gate
        self._peers: dict[str, Peer] = {}
        self._open: dict[str, Session] = {}
        self._changed: dict[str, None] = {}
        """Stations that came or went since they were looked at."""
        self._unknown: dict[str, None] = {}
        """Stations that are here and that nobody has registered."""
        self._styles: dict[str, str] = {}
        self._shown: dict[str, str] = {}
        """What stations showed last, of those that are here."""
        self._heard: dict[str, Micros] = {}
        """When the last frame of each came, of those that sent since it was noted."""
        self._noted_at = -HEARD_S
        self._twins: dict[str, Twins] = {}
        """What is not noted yet."""
        self._turns = Turns()
        self._group: asyncio.TaskGroup | None = None
        """Of what is under way while it runs."""
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._answers: deque[tuple[_Pending, str, dict[str, Any]]] = deque()
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
        self._styles.pop(station, None)
        self._shown.pop(station, None)
        self._changed[station] = None
        self._woken.set()

    def twins(self, found: Twins) -> None:
        """See Follower."""
        self._twins[found.station] = found
        self._woken.set()

    def heard(self, frame: Frame) -> None:
        """See Follower."""
        if frame.station in self._peers:
            self._heard[frame.station] = now_micros()
            if frame.style:
                self._styles[frame.station] = frame.style
            if frame.password is not None:
                self._shown[frame.station] = frame.password
        if frame.answers:
            self._answered(frame)

    def _answered(self, frame: Frame) -> None:
        key = frame.station, frame.answers
        pending = self._pending.get(key)
        if pending is None:
            return
        pending.heard.set()
        outcome = self._orders.outcome(frame.octets)
        if outcome is None and not pending.order.final:
            return
        del self._pending[key]
        pending.done.set()
        if len(self._answers) < PENDING:
            self._answers.append((pending, frame.station, outcome or {"result": "accepted"}))
            self._woken.set()

    async def run(self) -> None:
        """Keep the rows of sessions as the connections are, and hand answers over; outages are waited out."""
        async with asyncio.TaskGroup() as self._group:
            await self._keep()

    async def _keep(self) -> None:
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
                await self._note()
                backoff.succeeded()
            except HubError as error:
                log.debug("sessions of %s wait for the store: %s", self._protocol, error)
                await backoff.wait()
                self._woken.set()

    async def _note(self) -> None:
        """Note who sends with whose number, and from time to time when each was heard. StoreUnavailable: later."""
        while self._twins:
            station, found = next(iter(self._twins.items()))
            if (session := self._open.get(station)) is not None:
                await self._sessions.twins(session.device_id, found.newer, found.older)
            self._twins.pop(station, None)
        now = asyncio.get_running_loop().time()
        if not self._heard or now - self._noted_at < HEARD_S:
            return
        sent = {station: at for station, at in self._heard.items() if station in self._open}
        names = {self._open[station].device_id: station for station in sent}
        for device, newer, older in await self._sessions.heard(
            {self._open[station].device_id: at for station, at in sent.items()}
        ):
            log.warning(
                "%s: two connections send as station %s, from %s at another process and from %s here: orders go to the "
                "first of these, which came later", self._protocol, names.get(device, device), newer, older,
            )  # fmt: skip
        self._heard, self._noted_at = {}, now

    async def _follow(self, station: str) -> None:
        """Open or close the session of a station. StoreUnavailable: it stays to be looked at."""
        device = self._registry.called(self._protocol, station) or self._registry.devices.get(station)
        self._unknown.pop(station, None)
        if station in self._peers and device is not None:
            send = partial(self._send, station)
            address = self._peers[station].address
            self._open[station] = await self._sessions.open(device.id, self._protocol, send, address)
        elif station in self._peers:
            self._unknown[station] = None
        elif station in self._open:
            if (at := self._heard.pop(station, None)) is not None:
                await self._sessions.heard({self._open[station].device_id: at})
            await self._sessions.close(self._open.pop(station))
        self._changed.pop(station, None)

    async def _send(self, station: str, device: Addressee, command: Command) -> None:
        """Write a command to a station, once it is its turn where it has one at a time.

        DeviceAway where it has gone, OrderRefused where there is no such command or it is not switched on.
        """
        if self._orders.patience is None:
            await self._begin(station, device, command)
            return
        if self._group is None:
            raise DeviceAway("the server of stations has not begun")
        await self._turns.take(station)
        try:
            pending = await self._begin(station, device, command)
        except BaseException:
            self._turns.release(station)
            raise
        self._group.create_task(self._wait(station, pending, command, self._orders.patience))

    async def _begin(self, station: str, device: Addressee, command: Command) -> _Pending:
        if self._orders.regulated and not await self._sessions.controlled(device):
            raise OrderRefused(NOT_ON.format(code=device.gateway or device.code))
        self._serial = self._serial % SERIALS + 1
        password = self._gate.told(station, self._shown.get(station))
        to = Called(station, password, self._styles.get(station, ""))
        order = self._orders.order(command.name, command.params, to, self._serial, now_micros())
        if len(self._pending) >= PENDING:
            del self._pending[next(iter(self._pending))]
        pending = self._pending[station, order.key] = _Pending(command.id, device.code, order)
        if not self._write(station, pending):
            del self._pending[station, order.key]
            raise DeviceAway(f"station {station} has hung up")
        return pending

    def _write(self, station: str, pending: _Pending) -> bool:
        peer, order = self._peers.get(station), pending.order
        octets = order.octets if order.renewed is None else order.renewed(now_micros())
        return peer is not None and peer.send(octets)

    async def _wait(self, station: str, pending: _Pending, command: Command, patience: Patience) -> None:
        """Write it again until it is answered; the turn ends with the last answer, or when none can come any more."""
        left = (command.expires_at - datetime.now(UTC)).total_seconds()
        try:
            async with asyncio.timeout(left):
                for resends in range(patience.resends + 1):
                    if resends:
                        self._write(station, pending)
                    with suppress(TimeoutError):
                        async with asyncio.timeout(patience.answer_s):
                            await pending.heard.wait()
                            break
                else:
                    log.info("station %s does not answer command %s", station, command.id)
                    return
                await pending.done.wait()
        except TimeoutError:
            log.debug("command %s has run out of its time", command.id)
        finally:
            self._turns.release(station)

    async def _hand_over(self, pending: _Pending, station: str, outcome: dict[str, Any]) -> None:
        """An answer as a reply of the device, which is committed as any other."""
        payload = msgspec.json.encode({"id": str(pending.command), **outcome})
        origin = Origin("tcp", f"{self._protocol}/{station}", pending.device, "reply")

        async def settle(_: Outcome) -> None:
            """Nobody waits for it."""

        await self._sink.submit(Delivery([Raw(origin, payload, now_micros())], settle))
