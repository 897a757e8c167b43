"""What fusion makes of an alert: it is of an incident, and its level is raised or lowered. Pure.

What the rule, or a person, says of the alert stands beside it. A raise lasts as long as the alert, or until it or
what corroborated it is taken out of its incident or found false; a lowering until the alert's own level rises, or it
is corroborated. Danger is never lowered.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from hub.danger import DANGER


@dataclass(slots=True, frozen=True)
class Fused:
    """A change that fusion has decided."""

    id: UUID
    alert_id: UUID
    kind: Literal["joined", "updated"]
    at: datetime
    note: str | None = None
    details: Mapping[str, Any] | None = None
    """Of joined: the incident and its rule."""
    floor: int | None = None
    """Of updated: the level is this at least."""
    ceiling: int | None = None
    """Of updated, instead: the level is this at most."""
    alone: bool = False
    """Of updated, instead: fusion raises it no longer, for what raised it is not of its incident."""
    event_kind: str | None = None
    """Of updated by a ceiling: what is lowered must be of one that is no danger."""
    danger: bool = False
    """Of updated alone: the alert is of a danger, told or measured, which keeps its level."""
    actor: str | None = "hub"


class Held(NamedTuple):
    """What an alert's level is held at."""

    own_level: int
    own_peak: int
    floor: int | None = None
    ceiling: int | None = None

    @property
    def level(self) -> int:
        """The level that results."""
        level = self.own_level if self.ceiling is None else min(self.own_level, self.ceiling)
        return level if self.floor is None else max(level, self.floor)

    def measured(self, level: int) -> "Held":
        """When the rule says a level: one that rises is news, and no longer lowered."""
        ceiling = None if level > self.own_level else self.ceiling
        return Held(level, max(self.own_peak, level), self.floor, ceiling)

    def fused(self, change: Fused) -> "Held":
        """When fusion says one: what is corroborated is lowered no longer."""
        if change.alone:
            return self._replace(floor=None)
        if change.ceiling is not None:
            return Held(self.own_level, self.own_peak, self.floor, change.ceiling)
        floor = max(filter(None, (self.floor, change.floor)), default=None)
        return Held(self.own_level, self.own_peak, floor)


def no_fusion(change: Fused, held: Held) -> str | None:
    """Why a level cannot be changed so; None when it can."""
    if change.ceiling is not None and (change.event_kind is None or change.event_kind in DANGER):
        return f"it is of {change.event_kind or 'what was measured'}, which fusion never lowers"
    if change.alone and change.danger:
        return "it is of a danger, which stays at the level that it was raised to"
    if held.fused(change).level == held.level:
        return f"its level is {held.level} already"
    return None
