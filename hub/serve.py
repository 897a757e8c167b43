"""`hub serve`: the one place where the packages are put together."""

import asyncio
import contextlib
import logging
import math
from collections.abc import Coroutine, Iterator
from typing import Any

import uvicorn

from analytics.rules import RuleBook
from api.app import create_app
from api.context import Context
from api.push.outbox import Courier
from api.push.webhook import open_webhook
from api.stream import ChangeFeed
from devices.addressing import subscriptions
from devices.quality import QualityFlags
from devices.registry import Registry
from devices.resolve import Resolver
from hub.errors import StoreUnavailable
from hub.lifecycle import Lifecycle
from hub.models import Batch
from hub.pipeline import Limits, Pipeline
from hub.settings import Settings
from hub.store.arrivals import Known, load_arrivals
from hub.store.latest import Latest
from hub.store.listen import listen
from hub.store.migrate import check_schema
from hub.store.pool import Pool, open_pool, sorted_errors
from hub.store.statements import load
from hub.store.writer import Writer
from hub.telemetry import Counters
from ingest.mqtt import MqttSource

log = logging.getLogger(__name__)

REGISTRY, ALERT = "ganzhi_registry", "ganzhi_alert"
RETENTION_EVERY_S = 3600.0
WAIT_FOR_STORE_S = 2.0


class _Server(uvicorn.Server):
    """uvicorn without its signal handlers: the lifecycle has them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class Hub:
    """The parts of a serving hub and the tasks that keep them going."""

    def __init__(self, settings: Settings, pool: Pool, courier: Courier) -> None:
        self._settings, self._pool, self._courier = settings, pool, courier
        self._counters = Counters()
        self._registry, self._latest = Registry(), Latest()
        self._rules = RuleBook(math.inf if settings.rules.stale_after_s is None else settings.rules.stale_after_s)
        self._writer = Writer(pool)
        self._known: Known = {}
        limits = settings.pipeline
        self._pipeline = Pipeline(
            read=[Resolver(self._registry, settings.mqtt.prefix, self._known)],
            decide=[QualityFlags(self._registry, self._latest), self._rules.decide],
            commit=self._commit,
            adopted=[self._latest.adopt, self._rules.adopt, self._count],
            limits=Limits(
                limits.batch_messages, limits.waiting_messages, limits.waiting_bytes, limits.linger_ms / 1000
            ),
        )
        self._changes = ChangeFeed(pool)
        self._registry_changed = asyncio.Event()

    async def run(self) -> bool:
        """Serve until told to stop; True when everything taken was settled."""
        await self._load()
        topics = subscriptions(self._settings.mqtt.prefix)
        source = MqttSource(self._settings.mqtt, topics, self._pipeline, self._counters)
        context = Context(self._settings, self._pool, self._counters, lambda: self._reasons(source), self._changes)
        server = _Server(
            uvicorn.Config(
                create_app(context),
                host=self._settings.api.host,
                port=self._settings.api.port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=2,
            )
        )
        working = asyncio.ensure_future(self._pipeline.run())
        taking = asyncio.ensure_future(source.run())
        delivering = asyncio.ensure_future(self._courier.run())

        def stop_taking() -> None:
            source.stop()
            self._changes.close()
            server.should_exit = True

        async def drain() -> None:
            await taking
            self._pipeline.drain()
            await working
            await self._latest.flush(self._pool)
            self._courier.stop()
            await delivering

        background: list[tuple[str, Coroutine[Any, Any, None]]] = [
            ("pipeline", _watch(working)),
            ("mqtt", _watch(taking)),
            ("api", server.serve()),
            ("listen", listen(self._settings.database.url, [REGISTRY, ALERT], self._heard)),
            ("registry", self._keep_fresh()),
            ("latest", self._latest.run(self._pool)),
            ("changes", self._changes.run()),
            ("courier", _watch(delivering)),
            ("telemetry", self._tick()),
            ("retention", self._retain()),
        ]
        try:
            return await Lifecycle(stop_taking, drain, self._settings.drain_s).run(background)
        finally:
            source.close()

    async def _load(self) -> None:
        """Load devices, rules and newest readings; waits for a store that is not there yet."""
        down = False
        while True:
            try:
                await check_schema(self._settings.database.url)
                await self._latest.load(self._pool)
                await self._rules.load(self._pool)
                await self._refresh()
                self._known.update(await load_arrivals(self._pool))
            except StoreUnavailable as error:
                if not down:
                    log.error("waiting for the store: %s", error)
                down = True
                await asyncio.sleep(WAIT_FOR_STORE_S)
            else:
                log.info("%d devices known", len(self._registry.devices))
                return

    async def _commit(self, batch: Batch) -> None:
        began = asyncio.get_running_loop().time()
        await self._writer.commit(batch)
        self._counters.commit_s += asyncio.get_running_loop().time() - began

    def _count(self, batch: Batch) -> None:
        counters = self._counters
        counters.commits += 1
        counters.messages += len(batch.raws)
        counters.readings += len(batch.readings)
        counters.events += len(batch.events)
        counters.refused += len(batch.refused)
        counters.private += batch.private
        counters.alert_changes += len(batch.changes)

    def _reasons(self, source: MqttSource) -> list[str]:
        reasons = []
        if not source.connected:
            reasons.append(f"not connected to the broker {self._settings.mqtt.host}:{self._settings.mqtt.port}")
        if self._pipeline.down:
            reasons.append("the store does not commit: holding back")
        return reasons

    def _heard(self, channel: str, _payload: str) -> None:
        if channel == REGISTRY:
            self._registry_changed.set()
        else:
            self._changes.wake()
            self._courier.wake()

    async def _keep_fresh(self) -> None:
        """Take over registered devices and rules at once; what is notified meanwhile is one more refresh."""
        while True:
            await self._registry_changed.wait()
            self._registry_changed.clear()
            try:
                await self._refresh()
            except StoreUnavailable as error:
                log.debug("the registry stays as it is until the store is back: %s", error)
                self._registry_changed.set()
                await asyncio.sleep(1)

    async def _refresh(self) -> None:
        await self._rules.refresh(self._pool)
        await self._registry.refresh(self._pool)
        self._counters.devices_known = len(self._registry.devices)

    async def _tick(self) -> None:
        while True:
            self._counters.tick()
            await asyncio.sleep(0.5)

    async def _retain(self) -> None:
        days = self._settings.database.retention_days
        while days is not None:
            try:
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await conn.execute(load("reading_retain"), {"days": days})
            except StoreUnavailable as error:
                log.warning("old readings stay until the next hour: %s", error)
            await asyncio.sleep(RETENTION_EVERY_S)


async def _watch(work: asyncio.Future[None]) -> None:
    """Fail when that work fails; its end is the end of a drain."""
    await asyncio.shield(work)


async def serve(settings: Settings) -> bool:
    """Run a hub until SIGTERM or SIGINT; True when everything taken was settled."""
    async with open_pool(settings.database) as pool, open_webhook() as webhook:
        return await Hub(settings, pool, Courier(pool, {"webhook": webhook})).run()
