"""Networks: a source for each of the settings, in the process that has the hub's session."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.serve.sources import Source, Sources
from hub.pipeline import Sink
from hub.settings import Settings
from hub.store.pool import Pool
from hub.telemetry import Counters
from ingest.mqtt.session import Session, UnstoredSession
from ingest.mqtt.stored_session import StoredSession
from ingest.networks.listening import Listening
from ingest.networks.source import QOS_0, NetworkSource, broker_of

log = logging.getLogger(__name__)


class Networks(Sources):
    """Reads all networks. One that is away keeps no other from being heard: it is told in the log once, is an alert,
    and stands in the answer of /readyz, which is ready all the same."""

    def __init__(
        self, settings: Settings, sink: Sink, counters: Counters, pool: Pool | None, permitted: Callable[[], bool]
    ) -> None:
        """`permitted`: another hub does not read them."""
        sources, self._sessions = dict[str, Source](), list[StoredSession]()
        networks = {network.name: network for network in settings.networks.brokers}
        self._permitted, self._listening = permitted, None
        if pool is not None:
            reader = settings.mqtt.client_id
            self._listening = Listening(pool, reader, networks, lambda name: sources[f"network {name}"].connected)
        for network in settings.networks.brokers:
            broker = broker_of(network)
            session: Session = UnstoredSession(broker)
            if pool is not None:
                stored = session = StoredSession(pool, broker)
                self._sessions.append(stored)
            sources[f"network {network.name}"] = NetworkSource(
                network,
                sink,
                counters,
                permitted,
                session,
                *([self._listening.heard[network.name].note] if self._listening else []),
            )
            if network.protocol in QOS_0:
                log.info("network %s publishes with QoS 0: what comes while the hub is away is lost", network.name)
        super().__init__(sources)

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """See Sources."""
        for number, session in enumerate(self._sessions):
            group.create_task(session.run(), name=f"network session {number}")
        if self._listening is not None:
            group.create_task(self._listening.run(self._permitted), name="networks are noted")
        async with super().opened(group):
            yield

    def reasons(self) -> list[str]:
        """The hub is ready whether or not a network is there."""
        return []
