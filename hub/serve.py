"""`hub serve`: runs the parts that the roles of a process ask for. Every deployment is made of the same few."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from functools import partial

from api.push.outbox import Courier
from api.push.webhook import open_webhook
from devices.addressing import subscriptions
from hub.edge import Edge
from hub.errors import ConfigError
from hub.intake import Engine, Intake, Source
from hub.lifecycle import Lifecycle
from hub.part import Part
from hub.settings import Settings
from hub.sole import Sole
from hub.stages import Named, Stages
from hub.store.pool import Pool, open_pool
from hub.store.positions import load_positions
from hub.store.replay import Replay
from hub.surface import Surface
from hub.telemetry import Counters
from hub.workers import Crew, open_workers
from ingest.kafka import KafkaSource
from ingest.kafka_topics import forms_of, raw_topic
from ingest.mqtt import MqttSource


async def serve(settings: Settings, crew: Crew | None = None) -> bool:
    """Run a hub until SIGTERM or SIGINT, its stages here or in a crew; True when everything taken was settled."""
    counters = Counters()
    async with AsyncExitStack() as stack:
        direct = "direct" in settings.hub.roles
        if crew is not None and (not direct or settings.kafka.servers):
            raise ConfigError(
                "--workers is for MQTT in the role direct; with Kafka start more processes of role worker"
            )
        parts = await (_direct if direct else _bus)(settings, crew, counters, stack)
        return await _run(parts, counters, settings.drain_s)


async def _direct(settings: Settings, crew: Crew | None, counters: Counters, stack: AsyncExitStack) -> list[Part]:
    """Everything in one process, or in a crew of its own."""
    pool = await stack.enter_async_context(open_pool(settings.database))
    stages = Stages(settings, pool, counters)
    engine: Engine = stages
    restore: Callable[[], Awaitable[None]] = partial(stages.restore, arrivals=True)
    if crew is not None:
        engine = workers = stack.enter_context(open_workers(settings, crew, counters))
        restore = workers.renew
    sole = Sole(settings, restore)
    sources = _mqtt(settings, engine, counters, sole.granted)
    if settings.kafka.servers:
        sources |= _kafka(settings, [], stages, counters, pool)
    intake = Intake(engine, sources)
    replay = Replay(pool, engine.sink.submit)
    return [sole, intake, await _surface(settings, pool, counters, [sole, intake], engine, replay, stack)]


async def _bus(settings: Settings, _crew: Crew | None, counters: Counters, stack: AsyncExitStack) -> list[Part]:
    """Some of the roles edge, worker, api, in the order in which they are drained."""
    roles, parts = settings.hub.roles, list[Part]()
    edge: Edge | None = None
    if "edge" in roles or ("api" in roles and settings.kafka.servers):  # what is posted goes into the bus too
        edge = Edge(settings, counters)
        parts.append(Intake(edge, _mqtt(settings, edge, counters) if "edge" in roles else {}))
    if roles == ("edge",):
        return parts
    pool = await stack.enter_async_context(open_pool(settings.database))
    if "worker" in roles:
        stages = Stages(settings, pool, counters)
        parts.append(Intake(stages, _kafka(settings, [raw_topic(settings.kafka)], stages, counters, pool)))
    if "api" in roles:
        parts.append(await _surface(settings, pool, counters, list(parts), edge, None, stack))
    return parts


def _mqtt(
    settings: Settings, engine: Engine, counters: Counters, permitted: Callable[[], bool] = lambda: True
) -> dict[str, Source]:
    mqtt = settings.mqtt
    source = MqttSource(mqtt, subscriptions(mqtt.prefix), engine.sink, counters, permitted)
    return {f"the broker {mqtt.host}:{mqtt.port}": source}


def _kafka(
    settings: Settings, topics: Sequence[str], stages: Stages, counters: Counters, pool: Pool
) -> dict[str, Source]:
    """A source of those topics and of those that third parties publish to."""
    kafka = settings.kafka
    topics = [*topics, *forms_of(kafka)]

    async def restore() -> None:
        await stages.restore(arrivals="direct" not in settings.hub.roles)

    source = KafkaSource(kafka, topics, stages.sink, counters, lambda: load_positions(pool), restore)
    return {f"Kafka {kafka.servers}": source}


async def _surface(
    settings: Settings,
    pool: Pool,
    counters: Counters,
    others: Sequence[Part],
    engine: Engine | None,
    replay: Replay | None,
    stack: AsyncExitStack,
) -> Surface:
    courier = Courier(pool, {"webhook": await stack.enter_async_context(open_webhook())})

    def reasons() -> list[str]:
        return [reason for part in others for reason in part.reasons()]

    return Surface(settings, pool, courier, counters, reasons, engine, replay)


async def _run(parts: Sequence[Part], counters: Counters, drain_s: float) -> bool:
    """Load the parts, run them, and at the end drain them in their order."""
    for part in parts:
        await part.load()
    background: list[Named] = [("telemetry", _tick(counters))]
    for part in parts:
        background += part.tasks()

    def stop_taking() -> None:
        for part in parts:
            part.stop_taking()

    async def drain() -> None:
        for part in parts:
            await part.drain()

    try:
        return await Lifecycle(stop_taking, drain, drain_s).run(background)
    finally:
        for part in parts:
            part.close()


async def _tick(counters: Counters) -> None:
    while True:
        counters.tick()
        await asyncio.sleep(0.5)
