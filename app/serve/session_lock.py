"""Session lock part: one of the hubs that share an MQTT session holds it, the others wait."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from app.serve.engine import wait_for_store
from hub.lifecycle import Part, Phase
from hub.settings import Settings
from hub.store.named_lock import NamedLock
from hub.store.pool import Pool
from ingest.mqtt.stored_session import StoredSession


async def _nothing() -> None:
    """For a hub that remembers nothing of what another one did."""


class SessionLock(Part):
    """Two hubs with one client id would disconnect each other; the later one waits."""

    phase = Phase.STORE

    def __init__(self, settings: Settings, pool: Pool, restore: Callable[[], Awaitable[None]] = _nothing) -> None:
        """`restore` makes the engine know what the other hub did, before this one takes over."""
        self._client_id, self._url = settings.mqtt.client_id, settings.database.url
        self._claim = NamedLock(self._url, f"mqtt.client_id {self._client_id!r}", restore)
        self.session = StoredSession(pool, settings.mqtt)
        """The session that it is about."""

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Acquire the lock before loading any state another hub could change; waits for the store.

        The name is held until all that was taken is settled.
        """
        await wait_for_store(self._url)
        group.create_task(self._claim.run(), name="claim")
        group.create_task(self.session.run(), name="session")
        await self._claim.asked.wait()
        yield

    def granted(self) -> bool:
        """Whether this hub holds the session."""
        return self._claim.granted

    def reasons(self) -> list[str]:
        """Why it is not ready: another hub holds the session."""
        return [f"another hub has mqtt.client_id {self._client_id!r}"] if self._claim.refused else []
