"""Trial of a fusion rule: incidents that it would have made, had it been in force."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from hub.alerts.trial import Connect


@dataclass(slots=True, frozen=True)
class WouldFuse:
    """An incident that a rule would have made."""

    lead: UUID
    alerts: list[UUID]
    """By the time when they began."""
    sources: int
    began_at: datetime
    last_at: datetime
    metres: float | None
    """From the leading alert to the farthest; None where it has no place."""
    raised_to: int | None
    """To which its leading alert would have been raised."""


@dataclass(slots=True)
class FusionTried:
    """What a rule would have made of a period."""

    incidents: list[WouldFuse] = field(default_factory=list)
    """By their beginning."""
    looked_at: int = 0
    """Alerts that take part in it."""
    alone: int = 0
    """Those of them that would have been in none."""
    complete: bool = True
    """False: there were more alerts than one trial looks at."""


class FusionTrial(Protocol):
    """Tries a rule on the alerts that a connection sees."""

    async def __call__(
        self, connect: Connect, rule: Mapping[str, Any], since: datetime, until: datetime
    ) -> FusionTried:
        """`rule`: its fields by the names of table fusion_rule. Raises TrialsBusyError (hub/alerts/trial.py)."""
        ...
