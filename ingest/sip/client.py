"""What the hub asks devices once they have registered, and tells them: who they are, their directory, alarms, arming.

Devices are asked one thing after the other, and few at one time: after a power failure all of them register at once.
What a device does not answer it is asked with its next registration; to be armed it is told until it is.
"""

import asyncio
import logging
from collections.abc import Mapping
from functools import partial
from itertools import count
from typing import Any, NamedTuple

import msgspec

from devices.codecs.gb28181 import writing
from devices.codecs.gb28181.catalogue import Page
from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.sip import Message
from devices.commands.downlink import Addressee, Command
from devices.commands.sessions import Session, Sessions
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.errors import DeviceAway, HubError, TransientError
from hub.models import Delivery, Origin, Outcome, Raw, now_micros
from hub.pipeline import Sink
from hub.sip_settings import Sip
from ingest.channels import Channels
from ingest.sip.bindings import Binding
from ingest.sip.follower import Follower, Wire
from ingest.sip.subscriptions import Subscription

log = logging.getLogger(__name__)

AT_ONCE = 16
"""Devices that are asked at one time."""
LOOK_S = 10.0
"""How often it is looked for subscriptions to renew, and for devices that somebody has registered meanwhile."""
ARM_AGAIN_S = 300.0
"""After which a device is told again to be armed that was not."""
PENDING = 5_000
"""Commands whose answer is waited for; the oldest are given up."""
GB28181 = "gb28181"
ORDERS: Mapping[str, writing.Fields] = {
    "reset_alarm": {"AlarmCmd": "ResetAlarm"},
    "set_guard": {"GuardCmd": "SetGuard"},
    "reset_guard": {"GuardCmd": "ResetGuard"},
    "reboot": {"TeleBoot": "Boot"},
}
"""By command, as profiles list them. TargetTrack is none: nobody is followed."""
_UNANSWERED = frozenset({"reboot"})
"""Orders that have no Response."""


class OrderRefused(TransientError):
    """The command cannot be given to this device"""


class _Pending(NamedTuple):
    command: Command
    device: str


class Client(Follower):
    """Follows the registrations of one server."""

    def __init__(
        self, settings: Sip, registry: Registry, sessions: Sessions, sink: Sink, channels: Channels | None
    ) -> None:
        """Without `channels` no directory is asked for."""
        self._settings, self._registry, self._sessions, self._sink = settings, registry, sessions, sink
        self._channels = channels
        self._wire: Wire | None = None
        self._waiting: dict[str, tuple[Binding, bool]] = {}
        """Devices that are to be asked; `True`: everything."""
        self._asleep: dict[str, Binding] = {}
        """Registered devices that the registry does not know, or not as active."""
        self._open: dict[str, Session] = {}
        self._subscriptions: dict[tuple[str, str], Subscription] = {}
        self._bindings: dict[str, Binding] = {}
        self._unarmed: dict[str, float] = {}
        """Who did not take SetGuard, and when it is told again."""
        self._pending: dict[tuple[str, str], _Pending] = {}
        self._numbers = count(now_micros() // 1000 % 100_000_000)
        self._woken = asyncio.Event()

    async def run(self, wire: Wire) -> None:
        """Ask whoever registers; outages are waited out."""
        self._wire = wire
        async with asyncio.TaskGroup() as group:
            for number in range(AT_ONCE):
                group.create_task(self._work(wire), name=f"sip.asking {number}")
            while True:
                await asyncio.sleep(LOOK_S)
                for id_ in list(self._asleep):
                    if self._device(id_) is not None:
                        self._queue(self._asleep.pop(id_), True)
                now = asyncio.get_running_loop().time()
                for binding in self._due(now):
                    self._unarmed[binding.id] = now + ARM_AGAIN_S
                    self._queue(binding, False)
                for (id_, _), each in list(self._subscriptions.items()):
                    if each.renew_at <= now and id_ in self._bindings:
                        each.renew_at = now + LOOK_S * 6
                        self._queue(self._bindings[id_], False)

    def _queue(self, binding: Binding, everything: bool) -> None:
        before = self._waiting.pop(binding.id, (binding, False))
        self._waiting[binding.id] = binding, everything or before[1]
        self._woken.set()

    def registered(self, binding: Binding, is_new: bool) -> None:
        """See Follower."""
        first = self._bindings.get(binding.id) is None
        self._bindings[binding.id] = binding
        self._queue(binding, is_new or first)

    def gone(self, binding: Binding) -> None:
        """See Follower."""
        self._bindings.pop(binding.id, None)
        self._asleep.pop(binding.id, None)
        self._unarmed.pop(binding.id, None)
        for command in ("Catalog", "Alarm"):
            self._subscriptions.pop((binding.id, command), None)
        session = self._open.pop(binding.id, None)
        if session is not None and self._wire is not None:
            self._wire.begin(self._close(session))

    async def _close(self, session: Session) -> None:
        try:
            await self._sessions.close(session)
        except HubError as error:
            log.debug("a session ends in the store later: %s", error)

    def moved(self, binding: Binding) -> None:
        """See Follower; after a restart, that a device is heard is how it is found."""
        if binding.id not in self._bindings:
            self.registered(binding, False)

    async def _work(self, wire: Wire) -> None:
        while True:
            while not self._waiting:
                self._woken.clear()
                await self._woken.wait()
            id_ = next(iter(self._waiting))
            binding, everything = self._waiting.pop(id_)
            try:
                await self._follow(wire, binding, everything)
            except HubError as error:
                log.debug("%s is asked later: %s", id_, error)
                await asyncio.sleep(1.0)
                self._queue(binding, everything)

    async def _follow(self, wire: Wire, binding: Binding, everything: bool) -> None:
        device = self._device(binding.id)
        if binding.id not in self._bindings:
            return
        if device is None:
            self._asleep[binding.id] = binding
            return
        if everything or binding.id not in self._open:
            send = partial(self._send, binding.id)
            self._open[binding.id] = await self._sessions.open(device.id, GB28181, send)
        if everything:
            await self._ask(wire, binding)
        elif binding.id in self._unarmed:
            await self._arm(wire, binding)
        if self._settings.subscribe:
            await self._subscribe(wire, binding, everything)

    async def _ask(self, wire: Wire, binding: Binding) -> None:
        """It is armed; then who it is and how it is, its channels, whatever it refuses of that."""
        silent = self._settings.guard and await self._arm(wire, binding) is None
        for command in ("DeviceInfo", "DeviceStatus", *(["Catalog"] if self._channels is not None else [])):
            body = writing.query(command, next(self._numbers), binding.id)
            was_silent, silent = silent, await self._answer(wire, binding, body) is None
            if silent and was_silent:
                return

    async def _arm(self, wire: Wire, binding: Binding) -> Message | None:
        """Its answer. Where it is not armed it is told again after a while, and the log says so once."""
        body = writing.control(next(self._numbers), binding.id, ORDERS["set_guard"])
        answer = await self._answer(wire, binding, body)
        if is_taken(answer):
            if self._unarmed.pop(binding.id, None) is not None:
                log.info("%s is armed now", binding.id)
            return answer
        if binding.id not in self._bindings:
            return answer
        if binding.id not in self._unarmed:
            said = "does not answer" if answer is None else f"answers {answer.status}"
            log.warning("%s is not armed (it %s) and may tell no alarm; it is told again", binding.id, said)
        self._unarmed[binding.id] = asyncio.get_running_loop().time() + ARM_AGAIN_S
        return answer

    def _due(self, now: float) -> list[Binding]:
        """Who is to be told again to be armed; `now` in seconds of the loop's clock."""
        due = [id_ for id_, again_at in self._unarmed.items() if again_at <= now and id_ in self._bindings]
        return [self._bindings[id_] for id_ in due]

    async def _subscribe(self, wire: Wire, binding: Binding, anew: bool) -> None:
        now = asyncio.get_running_loop().time()
        for command in ("Catalog", "Alarm"):
            key = binding.id, command
            if anew or key not in self._subscriptions:
                self._subscriptions[key] = Subscription(binding.id, command)
            found, peer = self._subscriptions[key], wire.peer_of(binding)
            if peer is not None and found.renew_at <= now + LOOK_S * 6:
                await found.renew(wire.requests, peer, next(self._numbers), now)

    async def _told(self, wire: Wire, binding: Binding, body: bytes) -> bool:
        """Whether a device has taken a MESSAGE."""
        return is_taken(await self._answer(wire, binding, body))

    async def _answer(self, wire: Wire, binding: Binding, body: bytes) -> Message | None:
        """What a device answers a MESSAGE; None where nothing comes."""
        peer = wire.peer_of(binding)
        return None if peer is None else await wire.requests.send(peer, wire.requests.message(peer, binding.id, body))

    def stored(self, sender: str, body: Body, refused: bool) -> None:
        """See Follower: the Response of the standard, after the 200."""
        binding = self._bindings.get(sender)
        peer = None if binding is None or self._wire is None else self._wire.peer_of(binding)
        if peer is None or self._wire is None:
            return
        told = writing.confirmation(body.number, body.device, "ERROR" if refused else "OK")
        self._wire.requests.begin(peer, self._wire.requests.message(peer, sender, told))

    def told(self, binding: Binding, message: Message, body: Body) -> None:
        """See Follower: the answer to an order."""
        if body.kind != "Response" or body.command.lower() != "devicecontrol":
            return
        pending = self._pending.pop((binding.id, body.number), None)
        if pending is not None and self._wire is not None:
            result = body.root.told("Result").upper()
            outcome = {"result": "OK"} if result == "OK" else {"error": f"the device says {result[:32] or 'nothing'}"}
            self._wire.begin(self._hand_over(pending, binding.id, outcome))

    async def paged(self, binding: Binding, page: Page) -> bool:
        """See Follower."""
        device = self._device(binding.id)
        if self._channels is None or device is None:
            return True
        return await self._channels.put(device.id, [each for each in page.channels if each.id != binding.id])

    def _device(self, id_: str) -> Device | None:
        found = self._registry.called(GB28181, id_) or self._registry.devices.get(id_)
        return found if found is not None and found.active else None

    async def _send(self, id_: str, device: Addressee, command: Command) -> None:
        """Tell a device, or a channel of it, something. DeviceAway where it does not answer; OrderRefused."""
        fields, binding, wire = ORDERS.get(command.name), self._bindings.get(id_), self._wire
        if fields is None:
            raise OrderRefused(f"cameras of GB/T 28181 are told {', '.join(ORDERS)}, and not {command.name}")
        if binding is None or wire is None:
            raise DeviceAway(f"{id_} is not registered")
        number = next(self._numbers)
        if command.name not in _UNANSWERED:
            while len(self._pending) >= PENDING:
                del self._pending[next(iter(self._pending))]
            self._pending[id_, str(number)] = _Pending(command, device.code)
        if not await self._told(wire, binding, writing.control(number, self._number_of(device.code, id_), fields)):
            self._pending.pop((id_, str(number)), None)
            raise DeviceAway(f"{id_} does not answer")
        if command.name in _UNANSWERED:
            await self._hand_over(_Pending(command, device.code), id_, {"result": "accepted"})

    def _number_of(self, code: str, sender: str) -> str:
        """The 20 digits of a device by its code."""
        device = self._registry.devices.get(code)
        addresses = [] if device is None else self._registry.addresses_of(device)
        own = next((address for scheme, address in addresses if scheme == GB28181), code)
        return own if own.isdigit() and len(own) == len(sender) else sender

    async def _hand_over(self, pending: _Pending, id_: str, outcome: dict[str, Any]) -> None:
        """An answer as a reply of the device, which is committed as any other."""
        payload = msgspec.json.encode({"id": str(pending.command.id), **outcome})
        origin = Origin("sip", f"{GB28181}/{id_}", pending.device, "reply")

        async def settle(_: Outcome) -> None:
            """Nobody waits for it."""

        await self._sink.submit(Delivery([Raw(origin, payload, now_micros())], settle))


def is_taken(answer: Message | None) -> bool:
    """Whether an answer says yes."""
    return answer is not None and 200 <= answer.status < 300
