"""What faces consumers: the HTTP API with the page and the alert stream, and the courier that delivers alerts."""

import asyncio
from collections.abc import Callable

from api.app import create_app
from api.changes import ChangeFeed
from api.context import Context
from api.http.server import configured
from api.outcomes import Outcomes
from api.push.outbox import Courier
from app.serve.engine import watch
from app.serve.intake import Engine
from app.serve.upkeep import upkeep
from devices.credentials.broker_access import access_tasks
from devices.credentials.directory import Directory
from devices.registry.registry import Registry
from hub.lifecycle import Named
from hub.settings import Settings
from hub.store.listen import listen
from hub.store.pool import Pool
from hub.store.replay import Replay
from hub.telemetry import Counters
from ingest.http.source import LARGER, HttpSource, ingest_router
from ingest.mqtt.control import ControlLink

ALERT, COMMAND = "ganzhi_alert", "ganzhi_command"


class Surface:
    """A part of a hub: the API and the courier. What is posted goes to an engine, if there is one."""

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        courier: Courier,
        counters: Counters,
        reasons: Callable[[], list[str]],
        engine: Engine | None,
        replay: Replay | None,
        registry: Registry,
    ) -> None:
        """`reasons` tells why the process is not ready; `replay` is None where nothing is committed."""
        self._settings, self._pool, self._courier = settings, pool, courier
        self._changes = ChangeFeed(pool)
        self._posts: HttpSource | None = None
        if engine is not None:
            self._posts = HttpSource(settings.http, settings.mqtt.prefix, engine.sink, engine.reasons)
        routers = [ingest_router(self._posts)] if self._posts is not None else []
        self._control, self._outcomes = ControlLink(settings.mqtt), Outcomes()
        self._directory = Directory(registry)
        context = Context(
            settings, pool, counters, reasons, self._changes, replay, self._control, self._outcomes, self._directory
        )
        app = create_app(context, routers, LARGER)
        self._server = configured(app, settings.api.host, settings.api.port, settings.drain_s)
        self._serving: list[asyncio.Future[None]] = []
        self._delivering: list[asyncio.Future[None]] = []

    async def load(self) -> None:
        """Nothing is needed: requests ask the store themselves."""

    def tasks(self) -> list[Named]:
        """What has to run, by name; once."""
        serving = asyncio.ensure_future(self._server.serve())
        delivering = asyncio.ensure_future(self._courier.run())
        self._serving, self._delivering = [serving], [delivering]
        return [
            ("api", watch(serving)),
            ("alerts", listen(self._settings.database.url, [ALERT, COMMAND], self._heard)),
            ("changes", self._changes.run()),
            ("control", self._control.run()),
            ("courier", watch(delivering)),
            *access_tasks(self._settings, self._pool, self._directory, self._control),
            *upkeep(self._settings, self._pool),
        ]

    def reasons(self) -> list[str]:
        """It is ready when the rest of the process is."""
        return []

    def stop_taking(self) -> None:
        """Take no more requests and end the alert streams."""
        if self._posts is not None:
            self._posts.stop()
        self._changes.close()
        self._outcomes.close()
        self._server.should_exit = True

    async def drain(self) -> None:
        """Return once what was asked is answered and what is under way is delivered."""
        await asyncio.gather(*self._serving)
        self._courier.stop()
        await asyncio.gather(*self._delivering)

    def close(self) -> None:
        """Nothing is left open."""

    def _heard(self, channel: str, payload: str) -> None:
        if channel == COMMAND:
            self._outcomes.heard(payload)
            return
        self._changes.wake()
        self._courier.wake()
