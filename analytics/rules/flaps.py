"""Alerts that flap: raised and cleared so often that one alert stays open, until its condition was quiet for a while.

Nobody is told of each time. A level above that of the alert is told as ever, so nothing graver is hidden. Red and
conditions of danger never flap, nor do kinds of events that have no end: each of those is told.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rules.agenda import Agenda
from analytics.rules.alerts import Key, find
from analytics.rules.definitions import EventRule, Rule
from analytics.rules.places import part_of
from analytics.rules.slots import NEVER, Ints, Slots
from analytics.rules.verdict import Verdict
from devices.registry.arrays import grown
from devices.registry.device import Device
from devices.registry.registry import Registry
from devices.vocabulary import MOMENTARY
from hub.danger import DANGER
from hub.models import RED, Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

BEHIND: Micros = 3_600_000_000
"""So far what is judged may be behind the clock: messages that waited while the hub was away."""


class Limits(NamedTuple):
    """What flapping is."""

    alerts: int
    """So many of a rule at a target."""
    within: Micros
    quiet: Micros
    """So long its condition must be over before the alert is cleared."""


class Flap(NamedTuple):
    """An alert that stays open."""

    level: int
    """Of its condition; 0 while that is over."""
    times: int
    """How often it came."""
    first: Micros
    quiet_since: Micros | None = None


@dataclass(slots=True)
class FlapDecision:
    """What a batch makes of it."""

    flaps: dict[Key, Flap | None] = field(default_factory=dict)
    times: dict[Key, tuple[Micros, ...]] = field(default_factory=dict)


class Flaps:
    """Changes with committed batches only."""

    def __init__(self, registry: Registry, limits: Limits | None) -> None:
        """Without limits nothing flaps."""
        self._registry, self._limits = registry, limits
        self.owns: Callable[[str], bool] = lambda code: True
        """As of Reception."""
        self._known: dict[Key, Flap] = {}
        self._times: dict[Key, tuple[Micros, ...]] = {}
        """When the last alerts of a rule and target were raised."""
        self._readings, self._events = Agenda(), Agenda()
        """When those that are quiet are cleared if nothing comes, at devices that this process receives."""
        self._by_series: dict[int, set[Key]] = {}
        """What is known of readings."""
        self._marked: NDArray[np.bool_] = np.zeros(1, np.bool_)
        """By series id whether there is some."""

    async def recall(self, conn: Connection) -> None:
        """Read what flaps, and when alerts were raised lately; `time` must follow."""
        for key in list(self._known):
            self._forget(key)
        self._times = {}
        if self._limits is None:
            return
        async with conn.cursor(binary=True) as cursor:
            for *key, level, count, first, quiet in await (await cursor.execute(SQL.flaps)).fetchall():
                self._keep((key[0], key[1], key[2]), Flap(level, count, first, quiet))
            raised = await cursor.execute(SQL.raised, {"within": self._limits.within + BEHIND})
            for *key, times in await raised.fetchall():
                self._times[(key[0], key[1], key[2])] = tuple(times[-self._limits.alerts :])

    def of(self, key: Key, decision: FlapDecision) -> Flap | None:
        """The flapping alert of a rule and target, as a batch makes it."""
        return decision.flaps[key] if key in decision.flaps else self._known.get(key)

    def over(self, flap: Flap) -> Micros:
        """When it has been quiet for long enough; NEVER while it is not quiet."""
        return NEVER if flap.quiet_since is None or self._limits is None else flap.quiet_since + self._limits.quiet

    def follow(self, key: Key, flap: Flap, ts: Micros, level: int, decision: FlapDecision) -> Flap | None:
        """The condition of a flapping alert gets a level; red is the end of that: None."""
        if level >= RED:
            decision.flaps[key] = None
            return None
        if not level:
            after = flap._replace(level=0, quiet_since=ts if flap.quiet_since is None else flap.quiet_since)
        else:
            after = Flap(level, flap.times + (flap.quiet_since is not None), flap.first)
        if after != flap:
            decision.flaps[key] = after
        return after

    def raised(self, rule: Rule, key: Key, ts: Micros, level: int, decision: FlapDecision) -> Flap | None:
        """An alert is raised; the flap that this makes of it."""
        if self._limits is None or not may_flap(rule):
            return None
        times = decision.times[key] = (
            *decision.times.get(key, self._times.get(key, ())), ts,
        )[-self._limits.alerts :]  # fmt: skip
        if level >= RED or len(times) < self._limits.alerts or ts - times[0] > self._limits.within:
            return None
        flap = decision.flaps[key] = Flap(level, len(times), times[0])
        return flap

    def keep_to(self, rules: Mapping[int, Rule]) -> None:
        """Forget those of rules that are gone or never flap, and of devices that are gone; so does the store."""
        for key in list(self._known):
            rule = rules.get(key[0])
            fits = rule is not None and may_flap(rule) and bool(key[2]) == isinstance(rule, EventRule)
            if not fits or self._retired(key):
                self._forget(key)

    def due(self) -> Micros:
        """When a flapping alert is cleared next if nothing comes; NEVER: none is."""
        return min(self._readings.next(), self._events.next())

    def readings_due(self, slots: Slots, verdict: Verdict, until: Micros) -> dict[int, tuple[Key, Micros]]:
        """By slot the quiet alerts of which a batch has readings, and those that are cleared by a time if nothing
        comes; and when each is."""
        if not self._by_series:
            return {}
        keys = {*self._readings.until(until, len(self._known)), *self._of(_series(slots, verdict))}
        quiet = sorted(key for key in keys if self._known[key].quiet_since is not None)
        found = dict[int, tuple[Key, Micros]]()
        for slot, key in zip(find(slots, quiet).tolist(), quiet, strict=True):
            if slot < 0:
                self._readings.drop(key)  # its rule has nothing there now
            else:
                found[slot] = key, self.over(self._known[key])
        return found

    def events_due(self, until: Micros) -> list[tuple[Key, Micros]]:
        """The quiet alerts of events that are cleared by a time if nothing comes, and when each is."""
        return [(key, self.over(self._known[key])) for key in self._events.until(until, len(self._known))]

    def time(self, slots: Slots, decision: FlapDecision, verdict: Verdict) -> None:
        """Note when those end that a committed batch has changed, or had readings of: these may come later."""
        if self._known:
            self._time({*decision.flaps, *self._of(_series(slots, verdict))}, slots)

    def time_added(self, slots: Slots, added: Ints) -> None:
        """The same for new slots; of those that are gone nothing ends."""
        if self._known:
            self._time(self._of(slots.series[added].astype(np.int64)), slots)

    def time_all(self, slots: Slots) -> None:
        """The same for all, after `recall`."""
        self._time(list(self._known), slots)

    def _time(self, keys: Collection[Key], slots: Slots) -> None:
        wanted = list(keys)
        readings = [key for key in wanted if not key[2]]
        found = dict(zip(readings, find(slots, readings).tolist(), strict=True))
        for key in wanted:
            agenda, flap, slot = self._events if key[2] else self._readings, self._known.get(key), found.get(key, 0)
            if flap is None or flap.quiet_since is None or slot < 0 or not self._owned(key):
                agenda.drop(key)
            else:
                agenda.put(key, self.over(flap) + (0 if key[2] else int(slots.lag(slot))))

    def _keep(self, key: Key, flap: Flap) -> None:
        self._known[key] = flap
        if not key[2]:
            self._by_series.setdefault(key[1], set()).add(key)
            self._marked = grown(self._marked, key[1], False)
            self._marked[key[1]] = True

    def _forget(self, key: Key) -> None:
        self._known.pop(key, None)
        (self._events if key[2] else self._readings).drop(key)
        if key in (mine := self._by_series.get(key[1], set()) if not key[2] else set()):
            mine.discard(key)
            if not mine:
                del self._by_series[key[1]]
                self._marked[key[1]] = False

    def _of(self, series: Ints) -> set[Key]:
        """What is known of readings of some series."""
        mine = np.unique(series[(series < len(self._marked)) & self._marked.take(series, mode="clip")])
        return {key for each in mine.tolist() for key in self._by_series[each]}

    async def note(self, conn: Connection, decision: FlapDecision) -> None:
        """Store what a batch makes of it."""
        over = [key for key, each in decision.flaps.items() if each is None]
        if over:
            await conn.execute(SQL.forget, self._columns(over))
        kept = {key: each for key, each in decision.flaps.items() if each is not None}
        if kept:
            values = {
                "levels": [each.level for each in kept.values()],
                "counts": [each.times for each in kept.values()],
                "first": [each.first for each in kept.values()],
                "quiet": [each.quiet_since for each in kept.values()],
            }
            await conn.execute(SQL.keep, self._columns(kept) | values)

    def adopt(self, decision: FlapDecision) -> None:
        """Take over what a committed batch has made of it."""
        self._times |= decision.times
        for key, each in decision.flaps.items():
            if each is None:
                self._forget(key)
            else:
                self._keep(key, each)

    def restore_levels(self, slots: Slots, at: Ints) -> Ints:
        """Let these slots have the levels of their conditions; which of them had some."""
        keys = list(self._of(slots.series[at].astype(np.int64)))
        found = find(slots, keys)
        mine = np.isin(found, at) & (found >= 0)
        slots.level[found[mine]] = np.array([self._known[key].level for key in keys], np.int8)[mine]
        return found[mine]

    def _owned(self, key: Key) -> bool:
        device = self._device(key)
        return device is not None and device.state != "retired" and self.owns(device.code)

    def _retired(self, key: Key) -> bool:
        device = self._device(key)
        return device is not None and device.state == "retired"

    def _device(self, key: Key) -> Device | None:
        return self._registry.device(key[1]) if key[2] else self._registry.owner(key[1])

    def _columns(self, keys: Iterable[Key]) -> dict[str, Any]:
        wanted = list(keys)
        series = [None if place else target for _, target, place in wanted]
        devices = [target if place else int(self._registry.device_of[target]) for _, target, place in wanted]
        parts = [part_of(place) or "" for *_, place in wanted]
        return {"rules": [rule for rule, *_ in wanted], "devices": list(devices), "series": series, "parts": parts}


def _series(slots: Slots, verdict: Verdict) -> Ints:
    return slots.watches.series[verdict.watches(slots.watch)].astype(np.int64)


def may_flap(rule: Rule) -> bool:
    """Whether what a rule finds may flap: danger does not, nor does what has no end."""
    if isinstance(rule, EventRule):
        return rule.kind not in DANGER and rule.kind not in MOMENTARY
    return not rule.danger
