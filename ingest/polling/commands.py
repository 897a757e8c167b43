"""Commands down to slaves: what a profile's `writes` says, sent when the line is free, once."""

import asyncio
import json
from collections.abc import Callable

from devices.codecs.modbus.polling import WriteRefused
from devices.codecs.modbus.requests import exception_of
from devices.commands.downlink import Addressee, Command
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.errors import DeviceAway, TransientError
from ingest.polling.dtu import Dtu
from ingest.polling.line import Order, Outcome

Reply = Callable[[Device, bytes], None]


class NotSent(TransientError):
    """The command was not sent"""


class Commands:
    """Sends commands over the lines of this process."""

    def __init__(self, registry: Registry, reply: Reply) -> None:
        """`reply` is given what a slave answered, as a message of its device."""
        self._registry, self._reply = registry, reply
        self._lines: dict[str, Dtu] = {}
        self._out: dict[Order, tuple[Command, asyncio.Future[None]]] = {}
        self.came: Callable[[Device], None] = lambda device: None
        """Told of each DTU that can be sent something from now on."""
        self.went: Callable[[Device], None] = lambda device: None

    def opened(self, device: Device, dtu: Dtu) -> None:
        """A DTU is there."""
        self._lines[device.code] = dtu
        self.came(device)

    def closed(self, dtu: Dtu) -> None:
        """A DTU has gone: what waits for its answers waits no more."""
        if self._lines.get(dtu.code) is dtu:
            del self._lines[dtu.code]
            if (device := self._registry.devices.get(dtu.code)) is not None:
                self.went(device)
        for order in [order for order, (_, future) in self._out.items() if order.line is dtu]:
            _, future = self._out.pop(order)
            if not future.done():
                future.set_exception(DeviceAway(f"the connection of {dtu.code} has ended"))

    async def send(self, addressee: Addressee, command: Command) -> None:
        """Send a command and wait for the slave's answer. TransientError: it was not sent, or not answered."""
        dtu = self._lines.get(addressee.gateway or addressee.code)
        line = None if dtu is None else dtu.line
        if dtu is None or line is None:
            raise DeviceAway(f"{addressee.gateway or addressee.code} is not connected")
        slave = line.slaves.get(addressee.code)
        if slave is None:
            raise NotSent(
                f"{addressee.code} is no slave of this line: its profile has no registers, or it has no address"
            )
        write = slave.polling.writes.get(command.name)
        if write is None:
            raise NotSent(f"the profile of {addressee.code} does not say in polling/writes what {command.name} writes")
        try:
            request = write.request(slave.polling.framing, int(slave.address), command.params)
        except WriteRefused as error:
            raise NotSent(str(error)) from error
        order = Order(slave, request, dtu)
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._out[order] = command, future
        try:
            if not dtu.order(order):
                raise NotSent("too many commands wait for this line")
            await future
        finally:
            self._out.pop(order, None)
            line.cancel(order)

    def became(self, device: Device, outcome: Outcome) -> None:
        """What became of a command: its slave's answer is a reply, a refusal too."""
        found = self._out.pop(outcome.order, None) if outcome.order is not None else None
        if found is None:
            return
        command, future = found
        if outcome.answer is None:
            if not future.done():
                future.set_exception(NotSent(f"slave {outcome.slave.address} does not confirm it"))
            return
        code = exception_of(outcome.request, outcome.answer)
        body = {"result": {"slave": outcome.slave.address}} if code is None else {"error": f"exception {code}"}
        self._reply(device, json.dumps({"id": str(command.id), **body}).encode())
        if not future.done():
            future.set_result(None)
