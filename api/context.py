"""Shared dependencies of all request handlers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, cast

from fastapi import Depends
from starlette.requests import HTTPConnection

from api.changes import ChangeFeed
from api.command_waiters import CommandWaiters
from api.desks import Desks
from api.open_streams import OpenStreams
from api.push.channel import Channel
from devices.broker import BrokerLink
from devices.credentials.directory import Directory
from devices.registry.registry import Registry
from hub.access.caller import Caller
from hub.access.logins import Logins
from hub.access.refusals import Refusals
from hub.access.scope import EVERYWHERE, Scope
from hub.access.scoped_pool import Connections, ScopedPool
from hub.access_settings import Access
from hub.alerts.fusion_trial import FusionTrial
from hub.alerts.trial import RuleTrial
from hub.expectation import Expectation
from hub.settings import Settings
from hub.store.pool import Pool
from hub.store.replay import Replay
from hub.telemetry import Counters


@dataclass(slots=True, frozen=True)
class Context:
    """Dependencies of the API."""

    settings: Settings
    hub_pool: Pool
    """Sees everything: for what the hub does in its own name."""
    counters: Counters
    ready: Callable[[], list[str]]
    """Reasons why the hub is not ready, without the database, which the API asks itself; empty when ready."""
    changes: ChangeFeed
    replay: Replay | None = None
    """None where nothing is committed."""
    broker: BrokerLink | None = None
    """The way to devices and to the broker; None: there is none, and what needs it is refused."""
    outcomes: CommandWaiters = field(default_factory=CommandWaiters)
    directory: Directory = field(default_factory=lambda: Directory(Registry()))
    """Who may speak as which device; kept fresh by the wiring."""
    logins: Logins = field(default_factory=lambda: Logins(Access()))
    """Which people and machines are let in; kept fresh by the wiring."""
    refusals: Refusals = field(default_factory=Refusals)
    """Who was not let in."""

    channels: Mapping[str, Channel] = field(default_factory=dict)
    """By kind of consumer; none where nothing is delivered."""
    desks: Desks = field(default_factory=Desks)
    """Which people have a stream of alerts open."""
    streams: OpenStreams = field(default_factory=OpenStreams)
    """How many streams of any kind each caller has open."""
    try_rule: RuleTrial | None = None
    """Tries a rule on the past; None: this process knows no rules."""
    try_fusion: FusionTrial | None = None
    """As `try_rule`, of a fusion rule."""
    expectation: Expectation | None = None
    """Tells what was expected of a series; None: this process knows no detectors."""

    check_analysis: Callable[[Any], str | None] | None = None
    """Tells why settings of the analysis of video cannot be used; None: this process knows none."""

    scope: Scope = EVERYWHERE
    """What the request may see."""

    @property
    def pool(self) -> Connections:
        """Connections that see what the request may see: the one place where scope and ceiling are enforced."""
        return self.hub_pool if self.scope.everywhere else ScopedPool(self.hub_pool, self.scope)

    @property
    def writing_pool(self) -> Connections:
        """As `pool`, without a ceiling: what was left out on reading would be lost on writing. Never answer from it."""
        return self.hub_pool if self.scope.everywhere else ScopedPool(self.hub_pool, replace(self.scope, uncut=None))

    @property
    def registry(self) -> Registry:
        """The device registry, kept up to date by the caller."""
        return self.directory.registry


async def context_of(connection: HTTPConnection) -> Context:
    """The app's context, as far as the caller's scope; a coroutine: FastAPI runs plain functions in a thread."""
    context = cast(Context, connection.app.state.context)
    caller: Caller | None = getattr(connection.state, "caller", None)
    return context if caller is None or caller.scope.everywhere else replace(context, scope=caller.scope)


Here = Annotated[Context, Depends(context_of)]
