"""Trial of a rule: alerts that it would have raised, had it been in force."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from psycopg import AsyncConnection

from hub.models import Micros


@dataclass(slots=True)
class WouldBe:
    """An alert that a rule would have raised."""

    at: Micros
    """When its condition began."""
    level: int
    """1 blue .. 4 red, when it was raised."""
    peak: int
    """The highest it would have had."""
    value: float | None
    """Of the reading that raised it; None: an event did."""
    ended: Micros | None = None
    """None: its condition would last still."""
    device: str = ""
    part: str | None = None
    """Of the device, where an event was at one."""


@dataclass(slots=True)
class Trial:
    """What a rule would have said of a period."""

    alerts: list[WouldBe] = field(default_factory=list)
    """By device and time."""
    things: int = 0
    """Series that were looked at; of a kind of event: devices that had one."""
    looked_at: int = 0
    """Readings, or events."""
    complete: bool = True
    """False: there was more than may be looked at at once; `things` is how far it came."""


Connect = Callable[[], AbstractAsyncContextManager[AsyncConnection]]
"""A connection for a while; what it sees is what a trial looks at."""


class TrialsBusyError(Exception):
    """Others try rules at this moment, and more wait than may."""


class RuleTrial(Protocol):
    """Tries a rule on what connections see of the past; none is held for longer than one read."""

    async def __call__(self, connect: Connect, rule: Mapping[str, Any], since: datetime, until: datetime) -> Trial:
        """`rule`: its fields by the names of table `rule`, with `label`. Raises TrialsBusyError."""
        ...
