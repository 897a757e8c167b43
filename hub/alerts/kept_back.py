"""Why a delivery is kept back: a silence, another alert, quiet hours of the consumer, or that its cause may be another
one that is not known yet, which is a time of quiet as well. Pure.

What was kept back is looked at again when that is over (hub/alerts/release.py).
"""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from hub.alerts.inhibition import inhibitor
from hub.alerts.quiet import quiet_until
from hub.alerts.routing import Place, Subscriptions
from hub.alerts.silences import silence_of
from hub.models import RED
from hub.words.sentence import Sentence

LOUD = frozenset({"raised", "updated"})
"""What is kept back of an alert that a consumer was told of before; how else it goes on, it hears."""
State = Literal["silenced", "quiet", "inhibited"]


class KeptBack(NamedTuple):
    """By what a delivery is kept back: one of these."""

    silence_id: UUID | None = None
    quiet_until: datetime | None = None
    inhibited_by: UUID | None = None

    @property
    def state(self) -> State:
        """The state of the delivery."""
        if self.inhibited_by is not None:
            return "inhibited"
        return "silenced" if self.silence_id is not None else "quiet"


DELIVERED = KeptBack()
"""Nothing keeps it back."""


def kept_back(routes: Subscriptions, kind: str, place: Place, consumer: int, at: datetime) -> KeptBack | None:
    """By what a change of a kind is kept back from a consumer at a time; None: it is delivered."""
    if kind not in LOUD and consumer in place.told:
        return None
    if routes.silences and (silence := silence_of(routes.silences, place, at)) is not None:
        return KeptBack(silence_id=silence.id)
    if (above := inhibitor(place, consumer)) is not None:
        return KeptBack(inhibited_by=above)
    if (windows := routes.quiet.get(consumer)) and (until := quiet_until(windows, place.level, at)) is not None:
        return KeptBack(quiet_until=until)
    if place.waits_until is not None and place.level < RED:
        return KeptBack(quiet_until=place.waits_until)
    return None


def kept_back_of_chain(routes: Subscriptions, place: Place, consumer: int, at: datetime) -> KeptBack:
    """By what something new is kept back from whom a chain tells: never by another alert, and nothing that is red."""
    if place.level >= RED:
        return DELIVERED
    return kept_back(routes, "raised", place._replace(inhibitors=(), waits_until=None), consumer, at) or DELIVERED


def why(kept: KeptBack) -> Sentence:
    """It as people read it, in the present tense."""
    if kept.inhibited_by is not None:
        return Sentence("routing.kept_back.inhibition", alert=str(kept.inhibited_by))
    if kept.quiet_until is not None:
        return Sentence("routing.kept_back.quiet", until=f"{kept.quiet_until:%Y-%m-%d %H:%M} UTC")
    return Sentence("routing.kept_back.silence", silence=str(kept.silence_id))
