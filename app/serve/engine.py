"""The engine: registry, rules, pipeline and writer of one process."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

from analytics.rules.reception import Reception
from app.serve.sources import Engine
from app.serve.stages import HubStages
from devices.health.heartbeat import HeartbeatLoop, HeartbeatRow, Progress, process_name
from devices.letters import letter_of
from devices.registry.registry import Registry
from devices.resolve import Wanted
from hub.backoff import Backoff
from hub.errors import HubError, StoreUnavailable
from hub.models import Batch, Delivery
from hub.pipeline import Limits, Pipeline
from hub.settings import Settings
from hub.stage import Stage
from hub.store.listen import REGISTRY, listen
from hub.store.pool import Pool, sorted_errors
from hub.store.schema import check_schema
from hub.store.writer import Writer
from hub.telemetry import Counters

log = logging.getLogger(__name__)

WAIT_FOR_STORE_S = 2.0
LOOK_S = 2.0
"""How often it is looked what other devices have sent, where expressions go by that."""
NEIGHBOURS_S = 30.0
"""How often it is looked how far neighbours go: their states are saved about as often."""


class Stages(Engine):
    """The engine of a single-process hub and of each worker."""

    sink: Pipeline

    def __init__(self, settings: Settings, pool: Pool, counters: Counters) -> None:
        self._settings, self._pool, self._counters = settings, pool, counters
        self.registry = Registry()
        made = self._made = HubStages(settings, self.registry, counters, lambda: self.sink.idle)
        self._writer = Writer(pool, made.ordered)
        self._listening = HeartbeatRow(pool, f"stages of {process_name()}", ears=False, seen=made.last_seen)
        self._hearing = HeartbeatLoop(self._listening.put, self.reasons, made.progress.until, settings.health)
        self.sink = Pipeline(
            made.ordered,
            self._commit,
            limits_of(settings),
            supply=self._add_series,
            restore=self._restore,
            letter=letter_of,
        )
        self._registry_changed = asyncio.Event()
        self._working: asyncio.Task[None] | None = None

    @property
    def progress(self) -> Progress:
        """How far everything received is committed."""
        return self._made.progress

    def receive(self, reception: Reception, timer: Callable[[], Delivery] | None = None) -> None:
        """Let the rules' hold times end by themselves, by what is received; before the state is restored.

        `timer` makes the delivery that is committed when one ends.
        """
        self._made.rules.reception = reception
        self.sink.timer = timer or self.sink.timer

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Load devices, rules and newest readings, then start; waits until the store is available."""
        url = self._settings.database.url
        await wait_for_store(url, self._read_store)
        log.info("%d devices known", len(self.registry.devices))
        self._working = group.create_task(self.sink.run(), name="pipeline")
        group.create_task(listen(url, [REGISTRY], lambda *_: self._registry_changed.set()), name="listen")
        group.create_task(self._keep_fresh(), name="registry")
        group.create_task(self._look_around(), name="look")
        group.create_task(self._look_at_neighbours(), name="neighbours")
        group.create_task(self._made.latest.run(self._pool), name="latest")
        group.create_task(self._hearing.run(), name="hearing")
        yield

    async def drain(self) -> None:
        """Wait until everything submitted is settled; nothing may be submitted afterwards."""
        self.sink.drain()
        if self._working is not None:
            await self._working
        await self._made.latest.flush(self._pool)
        await self._listening.end()

    def reasons(self) -> list[str]:
        """Why it is not ready; empty when it is."""
        return ["the store does not commit: holding back"] if self.sink.down else []

    async def restore(self, *, arrivals: bool) -> None:
        """Reload what other processes committed, between two batches.

        `arrivals`: those too; not where a source of this process remembers some that are not committed yet.
        """
        async with self.sink.turn:
            await self._restore(*(one for one in self._made.ordered if arrivals or one is not self._made.arrivals))
            self.sink.wake()
        self._hearing.reset()

    async def _read_store(self) -> None:
        await self._restore(*self._made.ordered)
        await self._refresh()

    async def _restore(self, *stages: Stage) -> None:
        await self.registry.refresh(self._pool)
        with sorted_errors():
            async with self._pool.connection() as conn:
                for stage in stages:
                    await stage.restore(conn)

    async def _add_series(self, batches: Sequence[Batch]) -> bool:
        """Create series for new metrics of devices; returns whether there were any."""
        wanted: dict[int, dict[str, None]] = {}
        for batch in batches:
            for device, metrics in batch.of(Wanted).items():
                wanted.setdefault(device, {}).update(metrics)
        if wanted:
            await self.registry.widen(self._pool, wanted)
        return bool(wanted)

    async def _commit(self, batch: Batch) -> None:
        began = asyncio.get_running_loop().time()
        await self._writer.commit(batch)
        self._counters.commit_s += asyncio.get_running_loop().time() - began

    async def _keep_fresh(self) -> None:
        """Refresh devices and rules on notification; notifications during a refresh are coalesced."""
        backoff = Backoff()
        while True:
            await self._registry_changed.wait()
            self._registry_changed.clear()
            try:
                await self._refresh()
                self.sink.wake()
                backoff.succeeded()
            except HubError as error:
                log.debug("the registry stays as it is until the store is back: %s", error)
                self._registry_changed.set()
                await backoff.wait()

    async def _look_around(self) -> None:
        """Read again and again what rules go by of other devices, at most 10 % of the time; outages are waited out."""
        took = 0.0
        while True:
            await asyncio.sleep(max(LOOK_S, 9 * took))
            began = time.monotonic()
            try:
                await self._made.rules.look(self._pool)
            except HubError as error:
                log.debug("values of other devices stay as they are until the store is back: %s", error)
            took = time.monotonic() - began

    async def _look_at_neighbours(self) -> None:
        """Read again and again how far neighbours go, at most 10 % of the time; outages are waited out."""
        took, detection = 0.0, self._made.detection
        while True:
            await asyncio.sleep(max(NEIGHBOURS_S, 9 * took))
            began = time.monotonic()
            try:
                if detection.must_restore:
                    async with self.sink.turn:
                        await self._restore(detection)
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await detection.look(conn)
            except HubError as error:
                log.debug("what neighbours show stays as it is until the store is back: %s", error)
            took = time.monotonic() - began

    async def _refresh(self) -> None:
        await self._made.rules.refresh(self._pool)
        await self.registry.refresh(self._pool)
        self._counters.devices_known = len(self.registry.devices)


async def wait_for_store(url: str, read: Callable[[], Awaitable[None]] | None = None) -> None:
    """Check the schema and call `read`, retrying until the store is available."""
    backoff = Backoff(log, "the store is there", longest_s=WAIT_FOR_STORE_S)
    while True:
        try:
            await check_schema(url)
            if read is not None:
                await read()
        except StoreUnavailable as error:
            backoff.failed("waiting for the store: %s", error)
            await backoff.wait()
        else:
            backoff.succeeded()
            return


def limits_of(settings: Settings) -> Limits:
    """Pipeline limits from the settings."""
    given = settings.pipeline
    return Limits(given.batch_messages, given.waiting_messages, given.waiting_bytes, given.linger_ms / 1000)
