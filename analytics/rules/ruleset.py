"""Enabled rules and their slots; changes to rules and devices affect only the slots concerned."""

from bisect import insort
from collections import defaultdict
from collections.abc import Mapping
from operator import attrgetter

import numpy as np

from analytics.rules import silence
from analytics.rules.definitions import EventRule, Rule, ThresholdRule
from analytics.rules.scope import EVERYWHERE, Reach
from analytics.rules.slots import NEVER, Ints, Slots
from analytics.rules.tags import Tags
from devices.registry.arrays import grouped
from devices.registry.registry import Quantity, Registry

_NONE = np.empty(0, np.int64)


class RuleSet:
    """Rules by what they look at, and a slot for each series that a threshold rule watches.

    One changed device among 100,000 takes a millisecond, mostly for finding its series.
    """

    def __init__(self, registry: Registry, tags: Tags | None = None) -> None:
        """`tags`: those that rules are limited to, where there are such rules."""
        self.rules: dict[int, Rule] = {}
        self.by_kind: dict[str, list[EventRule]] = defaultdict(list)
        """Event rules by kind of event, by rising id."""
        self.slots = Slots()
        self._registry, self._tags = registry, tags or Tags()
        self._reach = Reach(registry, self._tags)
        self.generation = -1
        """Of the registry: what the slots follow."""
        self.unsettled: set[tuple[int, int]] = set()
        """(rule id, series id) of levels of signals that pended before a rule or device changed, and may do so no more:
        the store is to be told."""
        self._by_quantity: dict[Quantity, set[int]] = defaultdict(set)

    def follow(self, news: Mapping[int, Rule | None]) -> Ints:
        """Take over changed rules (None: gone) and devices; slots that stay keep their state. Returns the new slots."""
        moved = [rule for id_, rule in news.items() if self._put(id_, rule) and isinstance(rule, ThresholdRule)]
        devices, self.generation = self._registry.changed_since(self.generation), self._registry.generation
        tagged = self._tags.take()
        if devices is None:
            return self._watch(np.flatnonzero(self.slots.row >= 0), np.flatnonzero(self._registry.quantity_of >= 0))
        added = _NONE
        if moved:
            have = np.concatenate([self.slots.of_rule(rule.id) for rule in moved])
            watched = self._registry.series_of_quantities({_quantity(rule) for rule in moved})
            within = self._reach.within
            added = self._keep(have, [(r.id, within(r.scope, watched.get(_quantity(r), _NONE))) for r in moved])
        devices = np.union1d(devices, tagged) if len(tagged) else devices
        if len(devices):
            series = self._registry.series_of_devices(devices)
            added = np.append(added, self._watch(self.slots.of_series(series), series))
        return added

    def hears(self, rule: Rule, device_id: int) -> bool:
        """Whether a rule is for a device."""
        device = self._registry.device(device_id)
        if device is None:
            return rule.profile_id is None and rule.scope == EVERYWHERE
        return rule.profile_id in (None, device.profile.id) and self._reach.hears(rule.scope, device)

    def _put(self, id_: int, rule: Rule | None) -> bool:
        """Take over a rule, or forget it; whether it now looks at something else than before."""
        before = self.rules.pop(id_, None)
        if rule is not None:
            self.rules[id_] = rule
        if before == rule:
            return False
        stays = isinstance(before, ThresholdRule) and isinstance(rule, ThresholdRule) and _same_watched(before, rule)
        if isinstance(before, ThresholdRule):
            self._unsettle(self.slots.of_rule(id_))
            self._by_quantity[_quantity(before)].discard(id_)
            if not stays:
                self.slots.drop(id_)
        elif before is not None:
            self.by_kind[before.kind].remove(before)
        if isinstance(rule, ThresholdRule):
            self._by_quantity[_quantity(rule)].add(id_)
            self.slots.put(rule)
        elif rule is not None:
            insort(self.by_kind[rule.kind], rule, key=attrgetter("id"))
        return not stays or (_quantity(before), before.scope) != (_quantity(rule), rule.scope)  # type: ignore[arg-type,union-attr]

    def _unsettle(self, at: Ints) -> None:
        slots = self.slots
        pending = at[slots.since[at].min(axis=1, initial=NEVER) < NEVER]
        pending = np.setdiff1d(pending, silence.silent(slots, pending[slots.level[pending] == 0]))
        named = ((slots.rule(slot), int(slots.series[slot])) for slot in pending.tolist())
        self.unsettled |= {(rule.id, series) for rule, series in named if rule.watched != "value"}

    def _watch(self, have: Ints, series: Ints) -> Ints:
        """Let the rules of their quantities, and no others, watch these series; `have` are the slots on them."""
        pairs = [
            (id_, self._within(id_, some))
            for number, some in grouped(self._registry.quantity_of[series], series)
            if number >= 0
            for id_ in self._by_quantity.get(self._registry.quantities[number], ())
        ]
        return self._keep(have, pairs)

    def _within(self, id_: int, series: Ints) -> Ints:
        return self._reach.within(self.rules[id_].scope, series)

    def _keep(self, have: Ints, pairs: list[tuple[int, Ints]]) -> Ints:
        """Of the slots `have` keep those of these pairs (rule id, series ids), remove the others, add missing ones."""
        rule = np.repeat(np.array([id_ for id_, _ in pairs], np.int64), [len(some) for _, some in pairs])
        series = np.concatenate([_NONE, *(some for _, some in pairs)])
        wanted = self.slots.find(rule, series)
        gone = np.setdiff1d(have, wanted)
        self._unsettle(gone)
        self.slots.remove(gone)
        missing = np.flatnonzero(wanted < 0)
        missing = missing[np.lexsort((rule[missing], series[missing]))]  # neighbours in a batch are neighbours here
        return self.slots.add(rule[missing], series[missing])


def _same_watched(before: ThresholdRule, rule: ThresholdRule) -> bool:
    return (before.watched, before.seen) == (rule.watched, rule.seen)


def _quantity(rule: ThresholdRule) -> Quantity:
    return rule.profile_id, rule.metric
