"""Consumer-facing part: the HTTP API with page and alert stream, and the delivery worker for alerts."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial

from analytics.detection.expectation import PastExpectation
from analytics.fusion.follow import Follower
from analytics.fusion.history import FusionHistory
from analytics.fusion.lone import Lone
from analytics.rules.history import RuleHistory
from api.app import create_app
from api.changes import ChangeFeed
from api.command_waiters import CommandWaiters
from api.context import Context
from api.forwarding.forwards import Forwards
from api.forwarding.gb28181.superiors import Superiors
from api.http.certificate import Certificate
from api.http.server import configured
from api.push.case_deliveries import cases
from api.push.follower import Followers
from api.push.heartbeats import Heartbeats
from api.push.leased import LeasedDeliveries
from api.push.outbox import DeliveryWorker
from api.push.warning_deliveries import WARNINGS
from app.serve.first_account import first_account
from app.serve.forward_ways import link_of, ways_of
from app.serve.housekeeping import housekeeping
from app.serve.origins import origins_of
from app.serve.path_watch import watch_path
from app.serve.pushes import Pushes
from app.serve.sinks import sinks_of
from app.serve.sources import Engine
from app.serve.stages import flapping_of
from app.video.analysis_check import fault_of
from devices.commands.delivery import CommandDelivery
from devices.commands.downlink import BrokerDownlink, Downlink
from devices.commands.sessions import Sessions
from devices.credentials.broker_access import access_tasks
from devices.credentials.directory import Directory
from devices.registry.registry import Registry
from hub.access.logins import Logins
from hub.access.principals import CHANNEL
from hub.access.scoped_pool import unreached
from hub.lifecycle import Named, Part, Phase
from hub.secrets.sealed import Secrets
from hub.settings import Settings
from hub.store.leader import lead
from hub.store.listen import listen
from hub.store.pool import Pool
from hub.store.replay import Replay
from hub.telemetry import Counters
from ingest.cameras.push import LARGER as LARGER_OF_CAMERAS
from ingest.diode.receiver import LARGER as LARGER_OF_EDGES
from ingest.http.source import LARGER, HttpSource
from ingest.http.source import router as ingest_router
from ingest.mqtt.control import ControlLink

ALERT, COMMAND, DOWNLINK = "ganzhi_alert", "ganzhi_command", "ganzhi_downlink"


class ApiServer(Part):
    """The API and the delivery worker. Posted messages go to an engine, if there is one."""

    phase = Phase.API

    def __init__(
        self,
        settings: Settings,
        pool: Pool,
        delivery_worker: DeliveryWorker,
        counters: Counters,
        reasons: Callable[[], list[str]],
        engine: Engine | None,
        replay: Replay | None,
        registry: Registry,
        sockets: list[socket.socket],
        sessions: Sessions,
        pushes: Pushes | None,
    ) -> None:
        """`reasons` tells why the process is not ready; `replay` is None where nothing is committed.

        `sockets` are bound to the API's address. `sessions` are those of devices that have dialled in to this process.
        """
        self._sockets, self._engine, self._registry = sockets, engine, registry
        self._settings, self._pool, self._delivery_worker = settings, pool, delivery_worker
        self._changes = ChangeFeed(pool)
        self._followers = Followers(
            settings.database.url, pool, sinks_of(settings), settings.api.public_url, recent=self._changes.recent
        )
        self._changes.on_more = self._followers.wake
        self._posts: HttpSource | None = None
        if engine is not None:
            self._posts = HttpSource(
                settings.http, engine.gated, origins_of(settings).of_request, engine.reasons, partial(unreached, pool)
            )
        routers = [ingest_router] if self._posts is not None else []
        self._pushes = pushes
        routers += [] if pushes is None else pushes.routers
        self._control, self._outcomes = ControlLink(settings.mqtt), CommandWaiters()
        self._directory, self._logins = Directory(registry), Logins(settings.access)
        ways: list[Downlink] = [BrokerDownlink(self._control, settings.mqtt.prefix), sessions]
        self._commands = CommandDelivery(pool, sessions.holder, ways)
        context = Context(
            settings, pool, counters, reasons, self._changes, replay, self._control, self._outcomes, self._directory,
            self._logins, channels=delivery_worker.channels,
            try_rule=RuleHistory(settings.rules.stale_after_s, flapping_of(settings.rules)),
            try_fusion=FusionHistory(), expectation=PastExpectation(),
            check_analysis=fault_of,
        )  # fmt: skip
        self._refusals, self._desks = context.refusals, context.desks
        app = create_app(context, routers, LARGER | LARGER_OF_CAMERAS | LARGER_OF_EDGES)
        app.state.http_source = self._posts
        if pushes is not None:
            pushes.serve(app)
        certificate = None if settings.api.tls is None else Certificate(settings.api.tls)
        self._server = configured(
            app, settings.api.host, settings.api.port, settings.drain_s, certificate, settings.limits.anonymous_per_s,
            settings.access.gateways,
        )  # fmt: skip
        self._serving: asyncio.Task[None] | None = None
        self._delivering: asyncio.Task[None] | None = None

    @asynccontextmanager
    async def opened(self, group: asyncio.TaskGroup) -> AsyncIterator[None]:
        """Serve requests."""
        self._serving = group.create_task(self._server.serve(self._sockets), name="api")
        self._delivering = group.create_task(self._delivery_worker.run(), name="delivery_worker")
        channels = [ALERT, COMMAND, DOWNLINK, CHANNEL]
        listening = listen(self._settings.database.url, channels, self._heard, self._logins.unheard)
        heard: Named = ("alerts", listening)
        others: list[Named] = [heard, ("changes", self._changes.run()), ("control", self._control.run())]
        heartbeats = Heartbeats(self._pool, self._delivery_worker.channels)
        senders = self._delivery_worker.channels
        warnings = LeasedDeliveries(self._pool, senders, WARNINGS)
        told = cases(self._settings.api.public_url, Secrets(self._settings.secrets))
        cases_out = LeasedDeliveries(self._pool, senders, told)
        others += [
            ("followers", self._followers.run()),
            ("heartbeats", heartbeats.run()),
            ("warnings out", warnings.run()),
            ("cases out", cases_out.run()),
            ("forwards", Forwards(self._settings.database.url, self._pool, ways_of(self._settings)).run()),
            ("superiors", Superiors(self._settings.database.url, self._pool, link_of(self._settings)).run()),
        ]
        others += [("desks", self._desks.run(self._pool))]
        others += [("command delivery", self._commands.run()), ("logins", self._logins.run(self._pool))]
        first = first_account(self._settings, self._pool, self._logins, terminal=sys.stderr.isatty())
        others += [("first account", first), ("refusals", self._refusals.keep_writing(self._pool))]
        others += access_tasks(self._settings, self._pool, self._directory, self._control)
        if self._settings.path_watch.enabled:
            rounds = watch_path(self._settings, self._engine)
            others += [("path watch", lead(self._settings.database.url, "path watch", rounds))]
        others += [] if self._pushes is None else self._pushes.tasks()
        fusion, alone = Follower().work, Lone(self._registry).work
        others += [("fusion", lead(self._settings.database.url, "fusion", fusion))]
        others += [("fusion of one", lead(self._settings.database.url, "fusion of one", alone))]
        for name, work in others + housekeeping(self._settings, self._pool):
            group.create_task(work, name=name)
        yield
        await self._commands.end()

    def stop_taking(self) -> None:
        """Stop accepting requests and end the alert streams."""
        if self._posts is not None:
            self._posts.stop()
        if self._pushes is not None:
            self._pushes.stop()
        self._changes.close()
        self._outcomes.close()
        self._server.should_exit = True

    async def drain(self) -> None:
        """Wait for in-flight requests and deliveries."""
        if self._serving is not None:
            await self._serving
        self._delivery_worker.stop()
        if self._delivering is not None:
            await self._delivering

    def _heard(self, channel: str, payload: str) -> None:
        if channel == COMMAND:
            self._outcomes.heard(payload)
            return
        if channel == DOWNLINK:
            self._commands.heard(payload)
            return
        if channel == CHANNEL:
            self._logins.wake(payload)
            return
        self._changes.wake()
        self._delivery_worker.wake()
