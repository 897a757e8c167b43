"""Inhibition (抑制): an alert of a gateway or a pole keeps back what follows from it at the devices behind. Pure.

The rules are rows (table inhibition); which alert inhibits which is found with its place, under the lock of alerts.
"""

from uuid import UUID

from hub.alerts.routing import Place
from hub.danger import DANGER
from hub.models import RED


def inhibitor(place: Place, consumer: int) -> UUID | None:
    """The alert that keeps an alert of a place back from a consumer; None: nothing does.

    It is of a kind of event without danger, or of a series that is silent (nothing else that is measured has any
    inhibitors), not red, and the consumer was told of what keeps it back, at its level or above.
    """
    if place.event_kind in DANGER or place.level >= RED:
        return None
    return next((each.alert for each in place.inhibitors if each.told.get(consumer, 0) >= place.level), None)
