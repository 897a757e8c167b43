"""`hub serve`: assembles the parts for the roles of a process."""

import asyncio
import resource
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

from api.http.bound import bound
from api.push.kinds import open_channels
from api.push.outbox import DeliveryWorker
from app.serve.api_server import ApiServer
from app.serve.cameras import Cameras
from app.serve.clock import Clock
from app.serve.core_dumps import no_core_dumps
from app.serve.diode import diode
from app.serve.dtus import Dtus
from app.serve.edge import Edge, edge_of
from app.serve.engine import Stages
from app.serve.heartbeat import BUS_EVERY_S, BusHeartbeat, Heartbeat, often, store_heartbeat
from app.serve.known_devices import KnownDevices
from app.serve.monitor import Monitor
from app.serve.network_commands import NetworkCommands
from app.serve.networks import Networks
from app.serve.origins import origins_of
from app.serve.pictures import PictureGate
from app.serve.pushes import Pushes
from app.serve.reception import BusReception, OwnReception, WorkerMarks
from app.serve.session_lock import SessionLock
from app.serve.sip import cameras
from app.serve.sources import Engine, Source, Sources
from app.serve.stations import Kept, StationCommands, stations
from app.serve.tls_files import check_tls_files
from app.serve.viid import view_libraries
from app.serve.workers import WorkerOptions, open_worker_pool
from devices.addressing import subscriptions
from devices.commands.sessions import Sessions
from devices.health.heartbeat import MARGIN
from devices.health.presence import Presence
from devices.registry.registry import Registry
from devices.topics import beside, formerly_each_of, mistaken
from hub.access.outgoing import Outgoing
from hub.alerts.escalation_watch import EscalationWatch
from hub.alerts.fallback_watch import FallbackWatch
from hub.alerts.publisher import EndingPublisher
from hub.errors import ConfigError
from hub.lifecycle import Lifecycle, Part, Phase
from hub.models import Micros, now_micros
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.pool import Pool, open_pool
from hub.store.positions import load_positions
from hub.store.replay import Replay
from hub.telemetry import Counters
from ingest.kafka.source import KafkaSource
from ingest.kafka.topics import forms_of, raw_topic
from ingest.mqtt.filters import Filters
from ingest.mqtt.source import MqttSource
from ingest.unwanted import Unwanted
from ingest.warnings.source import WarningSources

EDGE_ALONE = ("edge",)
"""Roles of a process that passes on what it receives, and does nothing else."""
FILES = 65_536
"""Open files of a process; a shell's default of 1,024 would be little for 4,000 connections."""


async def serve(settings: Settings, worker_options: WorkerOptions | None = None) -> bool:
    """Run a hub until SIGTERM or SIGINT, in-process or with workers; True when all accepted work was settled."""
    _open_files()
    no_core_dumps()
    counters = Counters()
    async with AsyncExitStack() as stack:
        direct = "direct" in settings.hub.roles
        if worker_options is not None and (not direct or settings.kafka.servers):
            raise ConfigError(
                "--workers is for MQTT in the role direct; with Kafka start more processes of role worker"
            )
        check_tls_files(settings)
        needs_store = settings.hub.roles != EDGE_ALONE or settings.session.edge_reads_devices
        pool = await stack.enter_async_context(open_pool(settings.database)) if needs_store else None
        if pool is not None and direct:
            parts = await _direct(settings, worker_options, pool, counters, stack)
        else:
            parts = await _bus(settings, pool, counters, stack)
        if (port := settings.hub.monitor_port) is not None:
            sockets = stack.enter_context(bound(settings.hub.monitor_host, port, "hub.monitor_port"))
            parts = [Monitor(settings, port, counters, partial(_reasons, parts), pool, sockets), *parts]
        clock = [Clock(pool, counters)] if pool is not None else []
        return await Lifecycle([Telemetry(counters), *clock, *parts], settings.drain_s).run()


async def _direct(
    settings: Settings, worker_options: WorkerOptions | None, pool: Pool, counters: Counters, stack: AsyncExitStack
) -> list[Part]:
    """Direct deployment: one process, or one with a worker pool."""
    stages = Stages(settings, pool, counters)
    engine: Engine = stages
    restore: Callable[[], Awaitable[None]] = partial(stages.restore, arrivals=True)
    if worker_options is not None:
        key_of = stages.registry.key_of  # of the registry that the API keeps up to date
        engine = workers = stack.enter_context(open_worker_pool(settings, worker_options, counters, key_of))
        restore = workers.renew
    session_lock, gate = SessionLock(settings, pool, restore), PictureGate(settings, counters, pool)
    gate.guard(engine)
    kept, registry = Kept(settings, pool), stages.registry
    mqtt = _mqtt(settings, engine, counters, session_lock)
    sources: dict[str, Source] = {**mqtt}
    sources |= stations(settings, engine, registry, kept)
    sources |= cameras(settings, engine, registry, pool, kept, counters)
    unwanted = Unwanted()
    sources |= view_libraries(settings, engine, registry, pool, kept, counters, unwanted)
    dtus = Dtus(settings, pool, registry, engine.sink)
    sources |= dtus.sources
    if settings.kafka.servers:
        sources |= _kafka(settings, [], stages, counters, pool)
    taking = Sources(sources)
    replay = Replay(pool, engine.sink.submit, origins_of(settings).of_letter)
    not_heard = partial(_not_heard, engine, taking)
    heartbeat = Heartbeat(settings.health, store_heartbeat(pool), not_heard, session_lock.granted)
    presence = Presence(settings, engine.sink, session_lock.granted)
    endings = EndingPublisher(settings, engine.sink, session_lock.granted)
    api_server = await _api_server(
        settings, pool, counters, [session_lock, engine, taking], engine, replay, registry, kept.sessions, gate, stack
    )
    watches = [FallbackWatch(settings), EscalationWatch(settings), WarningSources(settings)]
    networks = Networks(settings, engine.sink, counters, pool, session_lock.granted)
    street = Cameras(settings, pool, engine.sink, gate.gate, unwanted)
    parts = [session_lock, kept, engine, gate, dtus, heartbeat, presence, endings, *watches, taking, networks, street]
    parts += [
        NetworkCommands(settings, pool),
        *diode(settings, engine, pool, registry, session_lock.granted),
        api_server,
    ]
    if worker_options is None:
        progress = stages.progress.until
        stages.receive(OwnReception(heartbeat.connected_since, lambda: min(progress(), _read_until(mqtt))))
    else:
        until, permitted = partial(_read_until, mqtt), session_lock.granted
        parts.insert(3, WorkerMarks(settings.health, workers.sink, taking.not_heard, until, permitted))
    return parts


async def _bus(settings: Settings, pool: Pool | None, counters: Counters, stack: AsyncExitStack) -> list[Part]:
    """Bus deployment: any of the roles edge, worker, api; without a pool an edge only."""
    roles, kept = settings.hub.roles, None if pool is None else Kept(settings, pool)
    parts: list[Part] = [] if kept is None else [kept]
    stages = Stages(settings, pool, counters) if pool is not None and "worker" in roles else None
    registry = Registry() if stages is None else stages.registry
    own = None if roles == EDGE_ALONE else pool  # an edge's role may not touch what the hub stores
    gate = PictureGate(settings, counters, own)
    edge = edge_of(settings, counters, registry.key_of)
    if edge is not None:  # what is posted, and what a worker finds out, goes into the bus too
        gate.guard(edge)
        parts += [edge, gate]
        if "edge" in roles:
            dialled = stations(settings, edge, registry, kept)
            dialled |= cameras(settings, edge, registry, pool, kept, counters)
            unwanted = Unwanted()
            dialled |= view_libraries(settings, edge, registry, pool, kept, counters, unwanted)
            parts += _edge(settings, edge, counters, own, dialled)
            if pool is not None:  # who is polled, and for what, is known to the store alone
                dtus = Dtus(settings, pool, registry, edge.sink)
                parts += [dtus, Sources(dtus.sources), Cameras(settings, pool, edge.sink, gate.gate, unwanted)]
    if pool is None or kept is None:
        return parts
    if "worker" in roles or "api" in roles:
        parts += [FallbackWatch(settings), EscalationWatch(settings), WarningSources(settings)]
    if roles == EDGE_ALONE:
        url = settings.database.url
        parts += [KnownDevices(url, pool, registry), StationCommands(url, pool, kept.sessions)]
    if stages is not None:
        gate.guard(stages)
        sources = _kafka(settings, [raw_topic(settings.kafka)], stages, counters, pool)
        reading, reception = Sources(sources), BusReception(pool, *sources.values())
        stages.receive(reception, reception.timer)
        row = store_heartbeat(pool, False)
        parts += [stages, reading, reception, Heartbeat(settings.health, row, partial(_not_heard, stages, reading))]
        if edge is not None:
            parts += [Presence(settings, edge.sink), EndingPublisher(settings, edge.sink)]
    if "api" in roles:
        # On the bus the workers settle the letters.
        replay = None if edge is None else Replay(pool, edge.sink.submit, origins_of(settings).of_letter)
        sessions, others = kept.sessions, list(parts)
        parts.append(await _api_server(settings, pool, counters, others, edge, replay, registry, sessions, gate, stack))
    return parts


def _edge(
    settings: Settings, edge: Edge, counters: Counters, pool: Pool | None, dialled: Mapping[str, Source]
) -> list[Part]:
    """What reads MQTT and stations into the bus; with a database it waits while another process holds its session."""
    lock = None if pool is None else SessionLock(settings, pool)
    permitted = (lambda: True) if lock is None else lock.granted
    without = settings.diode.edge is not None and not settings.diode.mqtt
    mqtt = {} if without else _mqtt(settings, edge, counters, lock)
    taking, until = Sources({**mqtt, **dialled}), partial(_read_until, mqtt)
    networks = Networks(settings, edge.sink, counters, pool, permitted)
    not_heard = partial(_not_heard, edge, taking)
    health = often(settings.health, BUS_EVERY_S if settings.kafka.servers else settings.diode.heartbeat_s)
    if lock is None:
        return [taking, networks, Heartbeat(health, BusHeartbeat(edge.sink), not_heard, until=until)]
    heartbeat = Heartbeat(health, BusHeartbeat(edge.sink), not_heard, lock.granted, until)
    return [lock, taking, networks, *([NetworkCommands(settings, pool)] if pool else []), heartbeat]


def _mqtt(settings: Settings, engine: Engine, counters: Counters, lock: SessionLock | None) -> dict[str, MqttSource]:
    """The MQTT source; without a lock the session of an edge that has no database."""
    mqtt, origin = settings.mqtt, origins_of(settings).of_topic
    permitted, session = (lambda: True, None) if lock is None else (lock.granted, lock.session)
    topics, prefix = subscriptions(mqtt.prefix), mqtt.prefix
    filters = Filters(topics, mistaken(prefix), formerly_each_of(prefix), [f"{prefix}/#"], beside(prefix))
    source = MqttSource(mqtt, topics, engine.gated, counters, origin, permitted, session, filters)
    return {f"the broker {mqtt.host}:{mqtt.port}": source}


def _kafka(
    settings: Settings, topics: Sequence[str], stages: Stages, counters: Counters, pool: Pool
) -> dict[str, KafkaSource]:
    """A Kafka source for the given topics and the third-party topics."""
    kafka = settings.kafka
    topics = [*topics, *forms_of(kafka)]

    async def restore() -> None:
        await stages.restore(arrivals="direct" not in settings.hub.roles)

    source = KafkaSource(
        kafka, topics, stages.gated, counters, origins_of(settings), partial(load_positions, pool), restore
    )
    return {f"Kafka {kafka.servers}": source}


async def _api_server(
    settings: Settings,
    pool: Pool,
    counters: Counters,
    others: Sequence[Part],
    engine: Engine | None,
    replay: Replay | None,
    registry: Registry,
    sessions: Sessions,
    gate: PictureGate,
    stack: AsyncExitStack,
) -> ApiServer:
    channels = open_channels(Outgoing(settings), Secrets(settings.secrets), settings.outgoing.tls)
    delivery_worker = DeliveryWorker(pool, await stack.enter_async_context(channels), page=settings.api.public_url)
    sockets = stack.enter_context(bound(settings.api.host, settings.api.port, "api.port"))
    reasons = partial(_reasons, others)
    pushes = None if engine is None else Pushes(settings, pool, engine, replay, gate.gate)
    return ApiServer(
        settings, pool, delivery_worker, counters, reasons, engine, replay, registry, sockets, sessions, pushes
    )


def _reasons(parts: Sequence[Part]) -> list[str]:
    """Why the process is not ready; empty when it is."""
    return [reason for part in parts for reason in part.reasons()]


def _not_heard(engine: Part, taking: Sources) -> list[str]:
    """Why something that was sent may not be received, or not be passed on, yet; empty when all is."""
    return engine.reasons() + taking.not_heard()


def _read_until(mqtt: Mapping[str, MqttSource]) -> Micros:
    """All that was published up to then is read and handed over."""
    return min([now_micros(), *(source.until() for source in mqtt.values())]) - MARGIN


def _open_files() -> None:
    """As many open files as this process may have, up to FILES: each connection is one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = FILES if hard == resource.RLIM_INFINITY else min(hard, FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


class Telemetry(Part):
    """Samples the counters to compute rates."""

    phase = Phase.STORE

    def __init__(self, counters: Counters) -> None:
        self._counters = counters

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Sample the counters twice a second."""
        group.create_task(self._tick(), name="telemetry")
        yield

    async def _tick(self) -> None:
        while True:
            self._counters.tick()
            await asyncio.sleep(0.5)
