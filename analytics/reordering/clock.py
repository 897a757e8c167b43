"""When readings that wait have waited long enough by the hub's clock."""

from collections.abc import Callable

from analytics.reordering.judged import LONG_AGO
from hub.models import Micros

TICK: Micros = 200_000
"""Waiting ends by the clock at most so often: each end is a commit."""
PATIENCE: Micros = 60_000_000
"""How much longer a reading waits for what was received before, or is not received yet, and is not decided."""
DEAF: Micros = 1_000_000
"""How often it is asked again while not everything is received, and soon after."""
AGAIN: Micros = 200_000
"""When a time is over, but not everything that was received until then is decided: so long until it is asked again."""

Decided = Callable[[Micros], Micros]
"""Of a time up to when, but no later, all that was received is decided; LONG_AGO soon after a gap in that."""


def waited_until(now: Micros, decided_until: Decided) -> Micros:
    """What has waited until then has waited long enough."""
    return max(decided_until(now), now - PATIENCE)


def asked_at(soonest: Micros, now: Micros, decided_until: Decided) -> Micros:
    """When a batch is wanted for what has waited long enough at a time."""
    at = -(-soonest // TICK) * TICK
    if at > now or waited_until(now, decided_until) >= at:
        return at
    return min(at + PATIENCE, now + (AGAIN if decided_until(now) > LONG_AGO else DEAF))
