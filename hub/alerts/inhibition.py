"""Inhibition (抑制): an alert of a gateway or a pole keeps back what follows from it at the devices behind. Pure.

The rules are rows (table inhibition); which alert inhibits which is found with its place, under the lock of alerts.
"""

from hub.alerts.routing import Place
from hub.models import LEVEL_NAMES

RED = len(LEVEL_NAMES)
DANGER = frozenset(
    {
        *("fire", "smoke", "heat", "gas_leak", "flood", "water_immersion", "leakage_current", "manual_alarm", "tamper"),
        *("crowd", "intrusion", "line_crossing", "tilt", "cover_open", "other"),
    }
)
"""Kinds of events that nothing inhibits: the API refuses them in a rule, and so does the database."""


def inhibited(place: Place) -> bool:
    """Whether an alert is kept back by another: of a kind of event without danger, and not red."""
    return (
        place.inhibited_by is not None
        and place.event_kind is not None
        and place.event_kind not in DANGER
        and place.level < RED
    )
