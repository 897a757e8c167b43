"""The reading of a round of the path watch, decided by the code that decides those of devices.

Its device, series and rule exist here only: it is never stored, and nothing in the catalogue or among the rules' state
is touched by it.
"""

import logging
import math
from collections.abc import Iterator
from datetime import UTC

from analytics.rules.definitions import ThresholdRule
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import NEVER
from analytics.rules.thresholds import evaluate
from devices.quality import QualityFlags
from devices.registry.device import Device, Profile
from devices.registry.registry import Registry
from devices.resolve import Resolver
from hub.alerts.path import BEYOND, METRIC, RoundMessages, Rounds
from hub.models import Batch, Origin, Raw
from hub.stage import Stage, run_steps
from hub.store.latest import Latest

log = logging.getLogger(__name__)

CODE, NUMBER = "path", 1
PROFILE = Profile(NUMBER, CODE, 1, max_future=600_000_000, ranges={METRIC: (0.0, BEYOND)})
"""As far ahead of the hub's clock as a profile lets devices be that says nothing else."""
RULE = ThresholdRule(NUMBER, CODE, PROFILE.id, METRIC, CODE, above=True, thresholds=(None, None, None, BEYOND))
RED = len(RULE.thresholds)
ORIGIN = Origin("mqtt", CODE, CODE, "telemetry")


class RoundRule(Stage):
    """Makes of the messages of rounds those that a rule has raised; a batch without any costs a look-up.

    A message that makes it fail is refused by itself, and holds up no other.
    """

    ahead = True

    def __init__(self, stale_after_s: float = math.inf) -> None:
        """`stale_after_s`: what is older never pages, as of devices (RuleBook)."""
        registry = _registry()
        self._stages = Resolver(registry), QualityFlags(registry, Latest())
        self._set = RuleSet(registry)
        self._set.follow({RULE.id: RULE})
        self._stale_after = NEVER if math.isinf(stale_after_s) else round(stale_after_s * 1_000_000)

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set the batch's Rounds."""
        for raw in batch.of(RoundMessages):
            yield
            batch.of(Rounds).update(dict.fromkeys(self._raised(raw), raw.received))

    def _raised(self, raw: Raw) -> Iterator[int]:
        """The times of the readings for which the rule is red."""
        one = Batch([Raw(ORIGIN, raw.payload, raw.received)])
        for stage in self._stages:
            run_steps(stage, one)
        for letter in one.refused.values():
            log.warning("the reading of a round is refused, as a device's would be: %s", letter.detail)
        verdict = evaluate(self._set.slots, one.readings, raw.received - self._stale_after, raw.received)
        return (each.ts for each in verdict.transitions if each.after == RED)


def _registry() -> Registry:
    """The device of rounds and its series, both of the same number."""
    registry = Registry()
    registry.devices[CODE] = Device(NUMBER, CODE, None, UTC, True, PROFILE, NUMBER, {METRIC: 0})
    registry.device_of[NUMBER] = NUMBER
    registry.low[NUMBER], registry.high[NUMBER] = PROFILE.ranges[METRIC]
    registry.quantities.append((PROFILE.id, METRIC))
    registry.quantity_of[NUMBER] = 0
    return registry
