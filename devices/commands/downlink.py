"""Ways down to devices, and what goes down: a command and whom it is for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import psycopg

from devices.broker import BrokerLink
from devices.commands.command import message_of, topic_of
from hub.store.statements import statements

SQL = statements(__name__)


class Addressee(NamedTuple):
    """Whom a command is for, and the session that it goes through; without one the message broker has it."""

    code: str
    gateway: str | None
    """The device through which it is told, if it hangs on one."""
    session_of: int | None = None
    """The id of the device that has the session: itself, or its gateway."""
    epoch: int | None = None


class Command(NamedTuple):
    """What a device is to do, and until when."""

    id: UUID
    name: str
    params: Mapping[str, Any]
    created_at: datetime
    expires_at: datetime


Taken = tuple[Addressee, Command]


class Downlink(Protocol):
    """A way to devices. A command that was taken is sent once or not at all: nobody takes it again."""

    @property
    def ready(self) -> bool:
        """Whether commands may be taken now."""

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Claim commands for devices that can be reached this way, in one statement."""

    async def send(self, device: Addressee, command: Command) -> None:
        """Returns once the other side has it. TransientError: it cannot be reached, or did not confirm."""


class BrokerDownlink:
    """MQTT: the broker has the devices' sessions, so any process that is connected to it may take a command."""

    def __init__(self, broker: BrokerLink, prefix: str) -> None:
        self._broker, self._prefix = broker, prefix

    @property
    def ready(self) -> bool:
        """See Downlink."""
        return self._broker.connected

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Those of devices that have no session with a process of the hub."""
        rows = await (await conn.execute(SQL.take_for_broker, {"holder": holder, "limit": limit})).fetchall()
        return [(Addressee(code, gateway), Command(*command)) for code, gateway, *command in rows]

    async def send(self, device: Addressee, command: Command) -> None:
        """Publish on the device's topic; returns on PUBACK."""
        topic = topic_of(self._prefix, device.code, device.gateway)
        await self._broker.publish(topic, message_of(*command))
