"""A part of a hub: the claim on its MQTT session, so that a second hub with the same client id waits."""

import asyncio
from collections.abc import Awaitable, Callable

from app.serve.engine import wait_for_store, watch
from hub.lifecycle import Named
from hub.settings import Settings
from hub.store.claim import Claim


class Sole:
    """Two hubs with one client id on one database would throw each other out of the session; the later one waits."""

    def __init__(self, settings: Settings, restore: Callable[[], Awaitable[None]]) -> None:
        """`restore` makes the engine know what the other hub did, before this one takes over."""
        self._client_id, self._url = settings.mqtt.client_id, settings.database.url
        self._claim = Claim(self._url, f"mqtt.client_id {self._client_id!r}", restore)
        self._holding: asyncio.Future[None] | None = None

    def granted(self) -> bool:
        """Whether this hub may use the session."""
        return self._claim.granted

    async def load(self) -> None:
        """Ask, before anything is loaded that a hub which has the name could still change; waits for the store."""
        await wait_for_store(self._url)
        self._holding = asyncio.ensure_future(self._claim.run())
        await self._claim.asked.wait()

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""
        return [("claim", watch(self._holding))] if self._holding else []

    def reasons(self) -> list[str]:
        """Whether it waits for another hub."""
        return [f"another hub has mqtt.client_id {self._client_id!r}"] if self._claim.refused else []

    def stop_taking(self) -> None:
        """It is held until all that was taken is settled."""

    async def drain(self) -> None:
        """Nothing to drain."""

    def close(self) -> None:
        """Let it go."""
        if self._holding is not None:
            self._holding.cancel()
