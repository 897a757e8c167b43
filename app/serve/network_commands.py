"""Takes commands to networks of LoRaWAN, over a connection of its own to the broker of each."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from secrets import token_hex

from app.serve.stations import DOWNLINK
from devices.commands.delivery import CommandDelivery
from devices.commands.networks import PROTOCOLS, NetworkDownlink
from devices.health.heartbeat import process_name
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.listen import listen
from hub.store.pool import Pool
from ingest.mqtt.control import ControlLink
from ingest.networks.source import broker_of


class NetworkCommands(Part):
    """Does nothing where no network takes commands."""

    phase = Phase.API

    def __init__(self, settings: Settings, pool: Pool) -> None:
        self._url = settings.database.url
        self._links = {
            network.name: ControlLink(broker_of(network), "down", f"commands through network {network.name}")
            for network in settings.networks.brokers
            if network.protocol in PROTOCOLS
        }
        holder = f"{process_name()}/{token_hex(4)}"
        self._delivery = CommandDelivery(pool, holder, [NetworkDownlink(self._links)])

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Deliver until the process ends."""
        if not self._links:
            yield
            return
        for name, link in self._links.items():
            group.create_task(link.run(), name=f"network commands {name}")
        heard = listen(self._url, [DOWNLINK], lambda _, to: self._delivery.heard(to))
        group.create_task(heard, name="network downlink")
        group.create_task(self._delivery.run(), name="network command delivery")
        yield
        await self._delivery.end()
