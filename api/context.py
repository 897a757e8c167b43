"""Shared dependencies of all request handlers."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from api.changes import ChangeFeed
from api.command_waiters import CommandWaiters
from devices.broker import BrokerLink
from devices.credentials.directory import Directory
from devices.registry.registry import Registry
from hub.settings import Settings
from hub.store.pool import Pool
from hub.store.replay import Replay
from hub.telemetry import Counters


@dataclass(slots=True, frozen=True)
class Context:
    """Dependencies of the API."""

    settings: Settings
    pool: Pool
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

    @property
    def registry(self) -> Registry:
        """The device registry, kept up to date by the caller."""
        return self.directory.registry


async def context_of(request: Request) -> Context:
    """The app's context; a coroutine, because FastAPI runs plain functions in a thread."""
    return cast(Context, request.app.state.context)


Here = Annotated[Context, Depends(context_of)]
