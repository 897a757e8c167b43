"""Downlinks to devices, and the commands they carry."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from devices.broker import BrokerLink
from devices.commands.command import message_of, topic_of
from hub.store.statements import statements

SQL = statements(__name__)


class Route(NamedTuple):
    """How a device is told through its network of LoRaWAN."""

    network: str
    protocol: str
    via: str
    """See column network_sender.via."""
    address: str
    """Its DevEUI."""
    downlink: Mapping[str, Any] | None
    """What its profile says of the command."""


class Addressee(NamedTuple):
    """Target of a command and the session to use; without a session it goes through the broker."""

    code: str
    gateway: str | None
    """The device through which it is told, if it hangs on one."""
    session_of: int | None = None
    """The id of the device that has the session: itself, or its gateway."""
    epoch: int | None = None
    route: Route | None = None
    """Through which network it is told."""


class Command(NamedTuple):
    """A command with its expiry."""

    id: UUID
    name: str
    params: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


Taken = tuple[Addressee, Command]


class Downlink(Protocol):
    """A downlink. A claimed command is sent at most once and never claimed again."""

    @property
    def ready(self) -> bool:
        """Whether commands may be claimed now."""

    @property
    def queues(self) -> bool:
        """Whether what was sent waits in a queue of somebody else, who tells later what became of it."""

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Claim commands for devices reachable over this downlink, in one statement."""

    async def send(self, device: Addressee, command: Command) -> None:
        """Send and wait for confirmation. TransientError: unreachable or not confirmed."""


class BrokerDownlink:
    """MQTT downlink: the broker holds the sessions, so any connected process may claim a command."""

    queues = False

    def __init__(self, broker: BrokerLink, prefix: str) -> None:
        self._broker, self._prefix = broker, prefix

    @property
    def ready(self) -> bool:
        """See Downlink."""
        return self._broker.connected

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Claim commands of devices without a session in the hub, and without a network."""
        rows = await (await conn.execute(SQL.take_for_broker, {"holder": holder, "limit": limit})).fetchall()
        return [(Addressee(code, gateway), Command(*command)) for code, gateway, *command in rows]

    async def send(self, device: Addressee, command: Command) -> None:
        """Publish to the device's command topic and wait for PUBACK."""
        topic = topic_of(self._prefix, device.code, device.gateway)
        await self._broker.publish(topic, message_of(*command))
