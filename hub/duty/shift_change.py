"""When a shift hands over to the next (交接班): a pure function of the rota, the calendar and the time."""

from collections.abc import Iterator, Set
from datetime import datetime, timedelta
from itertools import pairwise
from typing import NamedTuple
from uuid import UUID

from hub.duty.calendar import Calendar
from hub.duty.rota import NOBODY, Rota, timeline

_BEFORE = timedelta(days=2)
"""How far is looked back for when a shift began."""
EARLY = timedelta(hours=1)
"""How long before the end of a shift it may be handed over."""


class ShiftChange(NamedTuple):
    """A moment at which somebody goes off duty, and others are on duty from then on."""

    at: datetime
    shift: str | None
    """The one that ends."""
    begin: datetime
    """Since when its people were on duty, as far as was looked."""
    outgoing: frozenset[UUID]
    """On duty before it."""
    incoming: frozenset[UUID]
    """On duty after it."""
    leader: UUID | None
    """Of the shift that ends."""
    leaders: frozenset[UUID]
    """Who lead them: they may hand over and take over for them."""

    def hands(self, person: UUID) -> bool:
        """Whether somebody may hand over."""
        return person in self.outgoing | self.leaders

    def takes(self, person: UUID) -> bool:
        """Whether somebody may take over."""
        return person in self.incoming | self.leaders


def shift_changes(rota: Rota, calendar: Calendar, begin: datetime, end: datetime) -> Iterator[ShiftChange]:
    """The shift changes after `begin` and not after `end`, in order.

    None where nobody goes, or nobody comes or stays to whom it could be handed.
    """
    since = None
    for before, after in pairwise(timeline(rota, calendar, begin - _BEFORE, end + datetime.resolution)):
        since = since or before.begin
        if before.people - after.people and after.people and after.begin > begin:
            leaders = frozenset(each for each in (before.leader, after.leader) if each is not None)
            yield ShiftChange(after.begin, before.shift, since, before.people, after.people, before.leader, leaders)
        if before.people != after.people:
            since = None


def held_over(rota: Rota, calendar: Calendar, at: datetime, taken: Set[datetime]) -> frozenset[UUID]:
    """Who is still on duty because nobody has taken over (`taken`: shift changes at which somebody has)."""
    if rota.handover is None:
        return NOBODY
    changes = shift_changes(rota, calendar, at - rota.handover, at)
    return NOBODY.union(*(change.outgoing for change in changes if change.at not in taken))


def change_of(rota: Rota, calendar: Calendar, at: datetime, person: UUID, taken: Set[datetime]) -> ShiftChange | None:
    """The shift change that somebody may hand over now: the first not taken; None: he may hand over none."""
    if rota.handover is None:
        return None
    near = shift_changes(rota, calendar, at - rota.handover, at + EARLY)
    return next((change for change in near if change.at not in taken and change.hands(person)), None)
