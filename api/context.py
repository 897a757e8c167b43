"""What every request handler works with, put together once by the wiring."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, cast

from fastapi import Depends, Request

from api.changes import ChangeFeed
from api.outcomes import Outcomes
from devices.commands.downlink import Downlink
from devices.credentials.directory import Directory
from devices.registry.registry import Registry
from hub.settings import Settings
from hub.store.pool import Pool
from hub.store.replay import Replay
from hub.telemetry import Counters


@dataclass(slots=True, frozen=True)
class Context:
    """The hub as the API sees it."""

    settings: Settings
    pool: Pool
    counters: Counters
    ready: Callable[[], list[str]]
    """Reasons why the hub is not ready, without the database, which the API asks itself; empty when ready."""
    changes: ChangeFeed
    replay: Replay | None = None
    """None where nothing is committed."""
    downlink: Downlink | None = None
    """The way to devices and to the broker; None: there is none, and what needs it is refused."""
    outcomes: Outcomes = field(default_factory=Outcomes)
    directory: Directory = field(default_factory=lambda: Directory(Registry()))
    """Who may speak as which device; kept fresh by the wiring."""

    @property
    def registry(self) -> Registry:
        """All devices; kept fresh by the wiring."""
        return self.directory.registry


async def context_of(request: Request) -> Context:
    """The context of the app that serves this request; a coroutine, for FastAPI takes a thread for a function."""
    return cast(Context, request.app.state.context)


Here = Annotated[Context, Depends(context_of)]
