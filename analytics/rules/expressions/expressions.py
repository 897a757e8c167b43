"""The expressions of the rules in force, following rules and devices."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.newest import Newest
from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.expressions.outcome import Outcome, outcome_of
from analytics.rules.expressions.subjects import Subjects, subjects_of
from analytics.rules.ruleset import RuleSet
from devices.registry.registry import Registry
from hub.models import Columns

FEW = 100
"""Changed devices up to which it is looked whether a rule with an expression is about any of them."""


class Expressions:
    """What they are calculated from is known of each batch; the newest values of before are those that are judged.

    So they have no state of their own: after a restart they go on from what is stored.
    """

    def __init__(self, registry: Registry, newest: Newest) -> None:
        self._registry, self._newest = registry, newest
        self._subjects = Subjects()
        self._profiles: dict[int, int] = {}
        """Profiles of rules with an expression, by rule id."""
        self._generation = -1
        self._slots = 0

    def follow(self, rules: RuleSet, news: Mapping[int, Rule | None]) -> None:
        """Take over changed rules (None: gone) and devices, after `rules` has."""
        before, self._slots = self._slots, rules.slots.expressed
        devices = self._registry.changed_since(self._generation)
        self._generation = self._registry.generation
        if any(_has(rule) or id_ in self._profiles for id_, rule in news.items()):
            given = (rule for rule in rules.rules.values() if isinstance(rule, ThresholdRule))
            self._profiles = {rule.id: rule.profile_id for rule in given if rule.expression is not None}
        elif before == self._slots and not (self._profiles and self._concerns(devices)):
            return
        self._subjects = subjects_of(rules.rules, rules.slots, self._registry)

    def outcome(
        self, rules: RuleSet, readings: Columns, message: NDArray[np.int32], corrected: NDArray[np.bool_] | None
    ) -> Outcome:
        """See `outcome_of`."""
        return outcome_of(self._subjects, rules.slots, self._newest, readings, message, corrected)

    def _concerns(self, changed: NDArray[np.int32] | None) -> bool:
        if changed is None or len(changed) > FEW:
            return True
        profiles = set(self._profiles.values())
        devices = map(self._registry.device, changed.tolist())
        return any(device is not None and device.profile.id in profiles for device in devices)


def _has(rule: Rule | None) -> bool:
    return isinstance(rule, ThresholdRule) and rule.expression is not None
