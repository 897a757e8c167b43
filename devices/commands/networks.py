"""Downlink through networks of LoRaWAN: a command is put into the network's queue, once.

The network sends it when the device listens, which for one that sleeps is after its next uplink, and tells what became
of it: those messages come as all others of the network (devices/commands/replies.py).
"""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import psycopg

from devices.broker import BrokerLink
from devices.codecs.lorawan.downlink import (
    DownlinkRefused,
    Payload,
    for_chirpstack,
    for_the_things_stack,
    payload_of,
)
from devices.commands.downlink import Addressee, Command, Route, Taken
from hub.errors import TransientError
from hub.store.statements import statements

SQL = statements(__name__)

SLEEPS_S = 86_400.0
"""How long a device may sleep whose profile does not say how long it may be silent."""
LONGEST_S = 14 * 86_400.0
"""That a command may wait in a network's queue."""

_MESSAGES: Mapping[str, Callable[[str, str, UUID, Payload], tuple[str, bytes]]] = {
    "chirpstack": for_chirpstack,
    "the-things-stack": for_the_things_stack,
}
PROTOCOLS = tuple(_MESSAGES)
"""Of networks that take commands."""


class NotQueued(TransientError):
    """The network was not given the command"""


def timeout_of(asked: float | None, downlink: Mapping[str, Any] | None, silent_s: float | None) -> float:
    """Seconds that a command has: as asked for, as the profile says, else twice what the device may be silent.

    Once to be sent after the next uplink, and once more to be acknowledged with the one after that.
    """
    told = asked or (downlink or {}).get("expires_s") or 2 * (silent_s or SLEEPS_S)
    return min(float(told), LONGEST_S)


class NetworkDownlink:
    """Downlink over the brokers of networks; any process that is connected to one may claim its commands."""

    queues = True

    def __init__(self, links: Mapping[str, BrokerLink]) -> None:
        """`links` by the name of the network."""
        self._links = links

    @property
    def ready(self) -> bool:
        """See Downlink."""
        return any(link.connected for link in self._links.values())

    async def take(self, conn: psycopg.AsyncConnection, holder: str, limit: int) -> list[Taken]:
        """Claim commands of devices that were heard through a network whose broker is there."""
        names = [name for name, link in self._links.items() if link.connected]
        values = {"holder": holder, "limit": limit, "networks": names}
        rows = await (await conn.execute(SQL.take_for_networks, values)).fetchall()
        return [(Addressee(row[0], None, route=Route(*row[1:6])), Command(*row[6:])) for row in rows]

    async def send(self, device: Addressee, command: Command) -> None:
        """Publish the command to the network and wait for PUBACK."""
        route = device.route
        if route is None or (link := self._links.get(route.network)) is None:
            raise NotQueued(f"{device.code} is heard through no network of this process")
        if route.downlink is None:
            raise NotQueued(f"the profile of {device.code} does not say in downlink what {command.name} is")
        try:
            payload = payload_of(route.downlink, command.params)
        except DownlinkRefused as error:
            raise NotQueued(str(error)) from error
        await link.publish(*_MESSAGES[route.protocol](route.via, route.address, command.id, payload))
