"""Processes that take commands down, and devices at the other end: over a real mosquitto, a network, or TCP."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any, Protocol
from uuid import UUID, uuid4

from devices.commands.delivery import CommandDelivery
from devices.commands.downlink import Addressee, BrokerDownlink, Command, Downlink
from devices.commands.networks import NetworkDownlink
from devices.commands.sessions import Session, Sessions
from hub.errors import DeviceAway
from hub.settings import Mqtt
from hub.store.listen import listen
from hub.store.pool import Pool
from ingest.mqtt.control import ControlLink
from tests.support.broker import Mosquitto
from tests.support.lamps import Lamp
from tests.support.process import eventually

OFFER = """insert into command (id, device_id, name, params, actor, expires_at, take_until)
           select %s, id, 'dim', '{}', 'test', now() + make_interval(secs => %s), now() + make_interval(secs => %s)
           from device where code = %s"""


LORA = """
update profile set commands = '{"dim": {"name": "Dim", "downlink": {"f_port": 2, "data": "01"}}}';
insert into network_listening (name, protocol, scheme, reader, connected_at)
    values ('lora', 'chirpstack', 'deveui', 'test', now());
insert into device_address (scheme, address, device_id) select 'deveui', lpad(id::text, 16, '0'), id from device;
insert into network_sender (network, address, via) select 'lora', address, 'app' from device_address;
"""
"""All devices are heard through ChirpStack."""


class Device(Protocol):
    """The other end: what it was told."""

    told: list[dict[str, Any]]


class HeldLink(ControlLink):
    """A control link that holds each message back, between its claim and its way, while the gate is closed."""

    def __init__(self, settings: Mqtt, gate: "Gate") -> None:
        super().__init__(settings)
        self._gate = gate

    async def publish(self, topic: str, payload: bytes) -> None:
        await self._gate.pass_through()
        await super().publish(topic, payload)


class Gate:
    """Open, unless a test closes it."""

    def __init__(self) -> None:
        self.reached, self.opened = asyncio.Event(), asyncio.Event()
        self.opened.set()

    async def pass_through(self) -> None:
        self.reached.set()
        await self.opened.wait()


class Worker:
    """What of a process takes commands down."""

    def __init__(self, place: "Place", name: str) -> None:
        self.place, self.name, self.gate = place, name, Gate()
        self.sessions = Sessions(place.pool, name)
        self.link = HeldLink(Mqtt(port=place.mosquitto.port), self.gate) if place.mosquitto else None
        ways: list[Downlink] = [self.sessions]
        if self.link is not None:
            ways = [NetworkDownlink({"lora": self.link}) if place.is_lora else BrokerDownlink(self.link, "ganzhi/v1")]
        self.delivery = CommandDelivery(place.pool, name, ways)
        self.port = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self, listening: bool = False) -> "Worker":
        """`listening`: it is woken by notifications, else it only looks now and then."""
        create = self.place.group.create_task
        self._tasks = [create(self.delivery.run())]
        if listening:
            self._tasks.append(
                create(listen(self.place.url, ["ganzhi_downlink"], lambda _, to: self.delivery.heard(to)))
            )
        if self.link is not None:
            self._tasks.append(create(self.link.run()))
            there = "select id from session_holder where (broker or %s) and id = %s"
            await eventually(lambda: self.place.sql(there, self.place.is_lora, self.name), "connected")
            await eventually(self._connected, "connected")
        else:
            server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
            self.place.stack.callback(server.close)
            self.port = server.sockets[0].getsockname()[1]
        return self

    async def _connected(self) -> bool:
        return self.link is not None and self.link.connected

    async def kill(self) -> None:
        """End at once: nothing is noted any more; returns when it has ended."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        device_id = int(await reader.readline())

        async def send(device: Addressee, command: Command) -> None:
            await self.gate.pass_through()
            if writer.is_closing():
                raise DeviceAway(f"the connection of {device.code} has ended")
            told = {"id": str(command.id), "device": device.code, "gateway": device.gateway}
            writer.write(json.dumps(told).encode() + b"\n")
            await writer.drain()

        session: Session = await self.sessions.open(device_id, "tcp", send)
        writer.write(b"{}\n")
        try:
            await reader.read()
        finally:
            writer.close()
            await self.sessions.close(session)


class TcpLamp:
    """A device that is connected to a process of the hub."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self._writer: asyncio.StreamWriter | None = None

    async def connect(self, group: asyncio.TaskGroup, device_id: int, port: int) -> None:
        """Returns once its session stands."""
        reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
        self._writer.write(b"%d\n" % device_id)
        await reader.readline()
        group.create_task(self._hear(reader))

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        while line := await reader.readline():
            self.told.append(json.loads(line))

    def close(self) -> None:
        """End its connection."""
        if self._writer is not None:
            self._writer.close()


class Place:
    """A store with processes and devices; with a mosquitto over MQTT, or as a network of LoRaWAN, else over TCP."""

    def __init__(
        self,
        url: str,
        pool: Pool,
        mosquitto: Mosquitto | None,
        group: asyncio.TaskGroup,
        stack: AsyncExitStack,
        is_lora: bool,
    ) -> None:
        self.is_lora = is_lora
        self.handed_over = "queued" if is_lora else "sent"
        """The state of a command that is on its way."""
        self.url, self.pool, self.mosquitto, self.group, self.stack = url, pool, mosquitto, group, stack
        self._workers: list[Worker] = []

    async def worker(self, name: str, listening: bool = False) -> Worker:
        """A process that takes commands down, running."""
        self._workers.append(Worker(self, name))
        return await self._workers[-1].start(listening)

    async def device(self, code: str, worker: Worker) -> Device:
        """A device that is connected: to the broker, or to that process."""
        if self.mosquitto is not None and self.is_lora:
            [[id_]] = await self.sql("select id from device where code = %s", code)
            topic = f"application/app/device/{id_:016d}/command/down"
            return self.stack.enter_context(Lamp(self.mosquitto.port, code, lambda _: None, topic))
        if self.mosquitto is not None:
            return self.stack.enter_context(Lamp(self.mosquitto.port, code, lambda _: None))
        [[id_]] = await self.sql("select id from device where code = %s", code)
        lamp = TcpLamp()
        self.stack.callback(lamp.close)
        await lamp.connect(self.group, id_, worker.port)
        return lamp

    async def cut(self, device: Device, worker: Worker) -> None:
        """The device, or the broker, goes; returns when the process has noticed."""
        if self.mosquitto is not None:
            self.mosquitto.stop()

            async def noticed() -> bool:
                return worker.link is not None and not worker.link.connected
        else:
            assert isinstance(device, TcpLamp)
            device.close()

            async def noticed() -> bool:
                return not worker.sessions.ready

        await eventually(noticed, "it is noticed")

    async def offer(self, code: str, timeout_s: float = 30, offer_s: float = 10) -> UUID:
        """A command, stored as the API does it."""
        id_ = uuid4()
        await self.sql(OFFER, id_, timeout_s, offer_s, code)
        return id_

    async def state(self, id_: UUID) -> tuple[str, str | None, str | None]:
        """State, who took it, and error of a command."""
        [found] = await self.sql("select state, taken_by, error from command where id = %s", id_)
        return found[0], found[1], found[2]

    async def settled(self, id_: UUID) -> tuple[str, str | None, str | None]:
        """As `state`, once it is not pending any more."""

        async def done() -> tuple[str, str | None, str | None] | None:
            found = await self.state(id_)
            return found if found[0] != "pending" else None

        return await eventually(done, "it is sent, or has failed")

    async def sql(self, query: str, *values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(query.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    async def kill(self) -> None:
        """End all processes."""
        for worker in self._workers:
            await worker.kill()


@asynccontextmanager
async def downlinks(url: str, pool: Pool, mosquitto: Mosquitto | None, is_lora: bool = False) -> AsyncIterator[Place]:
    """A place with everything ended behind it."""
    async with asyncio.TaskGroup() as group, AsyncExitStack() as stack:
        place = Place(url, pool, mosquitto, group, stack, is_lora)
        if is_lora:
            await place.sql(LORA)
        stack.push_async_callback(place.kill)
        yield place
