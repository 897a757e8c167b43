"""The DTUs of a port: who they are, what becomes of the answers of their slaves, and commands down to them."""

import asyncio
import logging
from collections.abc import Callable

from devices.codecs.modbus.poll import written
from devices.codecs.protocols import CJT188, MODBUS
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.models import Delivery, Micros, Origin, Raw, now_micros
from hub.models import Outcome as Settled
from hub.pipeline import Sink
from hub.polling_settings import DtuListener
from hub.words.sentence import Sentence
from ingest.polling.commands import Commands
from ingest.polling.dtu import Dtu, Unwelcome
from ingest.polling.line import Outcome, Slave
from ingest.polling.quality import Quality
from ingest.polling.registration import Registered, Registration
from ingest.polling.slaves import Slaves
from ingest.polling.standing import Standings
from ingest.ports import Ports

log = logging.getLogger(__name__)

TRANSPORT = "dtu"
MOST_WAITING = 20_000
"""Answers that wait for the pipeline: from then on lines pause, and their slots are missed."""
AT_ONCE = 2_000
"""Messages of one delivery."""
LETTERS = 100
"""DTUs that nobody knows of which a dead letter is made in an hour: who invents numbers must not fill the store."""
_HOUR_S = 3600.0

Verified = Callable[[str, str], bool]
"""Whether the secret of a device, by its code, is this one."""


class DtuSource:
    """A source: polls what dials in at one port. Nothing is acknowledged: what is not stored is asked again."""

    behind = False
    """No server keeps anything for it."""

    def __init__(
        self, settings: DtuListener, registry: Registry, sink: Sink, standings: Standings, verified: Verified
    ) -> None:
        """`registry` is kept fresh by others; `changed` is to be called when it has changed."""
        self._settings, self._registry, self._sink, self._verified = settings, registry, sink, verified
        self.registration = Registration(settings.registration)
        self.tokens = settings.tokens
        self.registers_within_s, self.silence_s = settings.registers_within_s, settings.silence_s
        self.standings = standings
        self.commands = Commands(registry, self.put_reply)
        self._slaves = Slaves(registry)
        self._slaves.refresh()
        self._all: set[Dtu] = set()
        self._newest: dict[str, Dtu] = {}
        self._quality: dict[str, Quality] = {}
        self._letters = 0
        self._waiting: list[Raw] = []
        self._arrived = asyncio.Event()
        self._ports = Ports(f"DTUs of port {settings.port}", log, f"{settings.host}:{settings.port}", None)
        self._anchor = 0
        self._last: Micros = 0
        self.takeovers = 0
        """How often a DTU connected that had a connection already."""

    @property
    def connected(self) -> bool:
        """Whether it listens."""
        return self._ports.bound

    @property
    def connections(self) -> int:
        """How many are open."""
        return len(self._all)

    @property
    def full(self) -> bool:
        """See Desk."""
        return self._ports.stopping or len(self._waiting) >= MOST_WAITING or self._sink.full

    def reasons(self) -> list[str]:
        """Nothing else keeps it from reading."""
        return []

    def stop(self) -> None:
        """Ask nothing more; answers that are there are handed over."""
        self._ports.stop()
        self._arrived.set()

    def close(self) -> None:
        """End all connections."""
        self._ports.close()
        for dtu in list(self._all):
            dtu.abort()

    def now(self) -> Micros:
        """See Desk."""
        elapsed = int(asyncio.get_running_loop().time() * 1e6)
        self._anchor = self._anchor or now_micros() - elapsed
        return self._anchor + elapsed

    async def run(self) -> None:
        """Listen until `stop`; returns once all answers are handed over."""
        async with asyncio.TaskGroup() as group:
            handing = group.create_task(self._hand_over(), name="dtu.hand over")
            hourly = group.create_task(self._forget_letters(), name="dtu.letters")
            await self._ports.open(lambda: Dtu(self))
            await self._ports.until_stopped()
            await handing
            hourly.cancel()

    async def _hand_over(self) -> None:
        while self._waiting or not self._ports.stopping:
            if not self._waiting:
                self._arrived.clear()
                await self._arrived.wait()
                continue
            taken, self._waiting = self._waiting[:AT_ONCE], self._waiting[AT_ONCE:]
            await self._sink.submit(Delivery(taken, _settle))

    async def _forget_letters(self) -> None:
        while True:
            await asyncio.sleep(_HOUR_S)
            self._letters = 0

    def _put(self, origin: Origin, payload: bytes) -> None:
        self._last = max(now_micros(), self._last + 1)
        self._waiting.append(Raw(origin, payload, self._last))
        self._arrived.set()

    def put_reply(self, device: Device, payload: bytes) -> None:
        """What a slave answered to a command."""
        self._put(Origin(TRANSPORT, f"{device.code}/reply", device.code, "reply", device.gateway), payload)

    def changed(self) -> None:
        """Take over what has changed in the registry."""
        touched = self._slaves.refresh()
        for dtu in list(self._all):
            dtu.welcome()  # it may be one that nobody knew
        for code in touched:
            polled = self._newest.get(code)
            if polled is not None:
                polled.assign(self.slaves(code))

    # What connections ask, see Desk.

    def admits(self, dtu: Dtu) -> bool:
        """See Desk."""
        if self._ports.stopping or len(self._all) >= self._settings.connections:
            return False
        self._all.add(dtu)
        return True

    def known(self, dtu: Dtu, who: Registered) -> str | None:
        """See Desk."""
        device = self._device(who)
        if device is None or not device.active:
            if not dtu.told and self._letters < LETTERS:
                dtu.told = True
                self._letters += 1
                self._put(Origin(TRANSPORT, who.address, who.address, "poll", None, who.scheme), b"")
            return None
        if who.secret is not None and not self._verified(device.code, who.secret):
            sentence = Sentence("refusal.dtu.secret", device=repr(device.code))
            fault = "wrong_password", sentence
            if self._letters < LETTERS:
                self._letters += 1
                self._put(Origin(TRANSPORT, who.address, device.code, "poll", None, MODBUS, fault=fault), b"")
            raise Unwelcome(sentence)
        return device.code

    def _device(self, who: Registered) -> Device | None:
        found = self._registry.at(who.scheme, who.address)
        return found if found is not None else self._registry.devices.get(who.address)

    def slaves(self, code: str) -> list[Slave]:
        """See Desk."""
        slaves = self._slaves.of(code)
        for slave in slaves:
            device = self._registry.devices.get(slave.device)
            if device is not None and self.standings.refuses(device.id):
                slave.refused = set(range(max(len(slave.polling.blocks), 1)))
        return slaves

    def opened(self, dtu: Dtu) -> None:
        """See Desk. Of two connections of a DTU the newer one counts: the older one is often half open."""
        before = self._newest.get(dtu.code)
        self._newest[dtu.code] = dtu
        if before is not None:
            self.takeovers += 1
            before.abort()
        device = self._registry.devices.get(dtu.code)
        if device is None:
            return
        self._quality[dtu.code] = Quality(dtu.since)
        self.standings.connected(device.id, dtu.peer, now_micros())
        self.commands.opened(device, dtu)
        self._say(device, b"online")

    def heard(self, dtu: Dtu, now: Micros) -> None:
        """See Desk."""
        quality, device = self._quality.get(dtu.code), self._registry.devices.get(dtu.code)
        if quality is None or device is None or dtu.line is None or not quality.due(now):
            return
        told = quality.told(now, now_micros())
        if told is not None and all(map(device.profile.takes, quality.METRICS)):
            self._put(Origin(TRANSPORT, device.code, device.code, "telemetry"), told)
        else:
            self._say(device, b"online")

    def _say(self, device: Device, state: bytes) -> None:
        self._put(Origin(TRANSPORT, f"{device.code}/status", device.code, "status"), state)

    def became(self, dtu: Dtu, outcome: Outcome) -> None:
        """See Desk."""
        device, line = self._registry.devices.get(outcome.slave.device), self._registry.devices.get(dtu.code)
        if device is None or line is None:
            return
        self.standings.note(device.id, line.id, outcome, now_micros())
        self._quality[dtu.code].note(outcome)
        if outcome.order is not None:
            self.commands.became(device, outcome)
        elif outcome.answer is not None:
            self._put(*_message(device, outcome))

    def closed(self, dtu: Dtu) -> None:
        """See Desk."""
        self._all.discard(dtu)
        if self._newest.get(dtu.code) is not dtu:
            return
        del self._newest[dtu.code]
        self._quality.pop(dtu.code, None)
        self.commands.closed(dtu)
        device = self._registry.devices.get(dtu.code)
        if device is not None:
            self.standings.ended(device.id, now_micros())
            if not self._ports.stopping:
                self._say(device, b"offline")


def _message(device: Device, outcome: Outcome) -> tuple[Origin, bytes]:
    """The message of an answer."""
    answer, framing = outcome.answer or b"", outcome.request.framing
    address = f"{device.gateway or device.code}/{outcome.slave.address}"
    if framing == "cjt188":
        return Origin(TRANSPORT, address, device.code, "frame", device.gateway, CJT188), answer
    payload = written(now_micros(), framing, outcome.request.octets, answer, outcome.cleared)
    return Origin(TRANSPORT, address, device.code, "poll", device.gateway, MODBUS), payload


async def _settle(_: Settled) -> None:
    """Nobody waits for it: a reading that is not stored is asked for again."""
