"""The expressions of the rules in force, following rules and devices."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncConnection

from analytics.reordering.clock import Decided, asked_at
from analytics.reordering.judged import Judged as JudgedReadings
from analytics.reordering.newest import Newest
from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.expressions.held import Held, Known
from analytics.rules.expressions.judged import Judged, read_rows, read_waiting
from analytics.rules.expressions.look import Look, look
from analytics.rules.expressions.outcome import Outcome, known, outcome_of
from analytics.rules.expressions.subjects import FollowedSubjects
from analytics.rules.expressions.surroundings import asked_by, surroundings_of
from analytics.rules.expressions.turn import EACH, WAIT, Clock
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import LONG_AGO, Ints, Slots
from devices.registry.registry import Registry
from hub.models import Micros, now_micros

CLOSE: Micros = 1_000
"""So long after a reading there may be results of those that came after it and are older: a microsecond each."""
FEW = 100
"""Changed devices up to which it is looked whether a rule with an expression is about any of them."""


class Expressions:
    """What they are calculated from is known of each batch; the newest values of before are those that are judged, but
    for readings that wait for other metrics of their device (turn.py). Values of other devices are those of the last
    look.
    """

    def __init__(self, registry: Registry, newest: Newest) -> None:
        self._registry, self._newest = registry, newest
        self._followed = FollowedSubjects(registry)
        self._profiles: dict[int, int] = {}
        """Profiles of rules with an expression, by rule id."""
        self._generation = -1
        self._slots = 0
        self._look = Look()
        self._looked_at: tuple[int, int] | None = None
        """Generations of the registry and of the subjects that the surroundings of the last look are of."""
        self._stale: Micros = 0
        """How old the oldest value is that any rule goes by."""
        self._made = 0
        """How often subjects were made."""
        self._held, self._judged = Held(), Judged()
        self._texts: dict[int, tuple[str | None, Micros]] = {}
        """Expressions of rules, and how old values may be."""
        self._recalled: list[tuple[int, int, Micros]] = []
        """Rows of the store, until their slots are there."""

    def follow(self, rules: RuleSet, news: Mapping[int, Rule | None]) -> None:
        """Take over changed rules (None: gone) and devices, after `rules` has."""
        before, self._slots = self._slots, rules.slots.expressed
        self._forget(rules, news)
        devices = self._registry.changed_since(self._generation)
        self._generation = self._registry.generation
        if any(_has(rule) or id_ in self._profiles for id_, rule in news.items()):
            given = (rule for rule in rules.rules.values() if isinstance(rule, ThresholdRule))
            self._profiles = {rule.id: rule.profile_id for rule in given if rule.expression is not None}
        elif before == self._slots and not (self._profiles and self._concerns(devices)):
            return
        self._followed.follow(rules.rules, rules.slots)
        self._made += 1

    def know_newest(self, slots: Slots, added: Ints) -> None:
        """Let slots that are new know up to when what they are calculated from is known."""
        subjects, w = self._followed.now, slots.watches
        for subject in subjects.all:
            at = subjects.slots[subject.first : subject.first + len(subject.series)]
            mine = np.flatnonzero(np.isin(at, added))
            times, _ = known(self._newest, subject.series[mine])
            watch = slots.watch[at[mine]]
            w.last[watch] = np.maximum(w.last[watch], times.max(axis=1, initial=LONG_AGO))
        self._begin_where_left(slots)

    def know_told(self, slots: Slots, told: Sequence[tuple[int, int, Micros]]) -> None:
        """Let slots know of results that changed an alert: (rule id, series id, when). The next one is told after it.

        Where it is much later than what is known, a time has ended then.
        """
        columns = np.array(told, np.int64).reshape(-1, 3)
        at = slots.find(columns[:, 0], columns[:, 1])
        at[~np.isin(at, self._followed.now.slots)] = -1
        at, when = at[at >= 0], columns[at >= 0, 2]
        last = slots.last(at)
        close = (when > last) & (when <= last + CLOSE)
        slots.watches.last[slots.watch[at[close]]] = when[close]

    @property
    def ask_others(self) -> bool:
        """Whether any of them is calculated from values of other devices."""
        return any(subject.whose is not None for subject in self._followed.now.all)

    async def look(self, conn: AsyncConnection, rules: RuleSet) -> None:
        """Read what is committed of other devices, of those that are near or a gateway now.

        Batches from now on go by it. Where no rule asks for it, nothing is read.
        """
        if not self.ask_others:
            self._look, self._looked_at = Look(), None
            return
        now = self._registry.generation, self._made
        surroundings = self._look.surroundings
        if now != self._looked_at:
            asked, self._stale = asked_by(rules.rules, rules.slots, self._registry)
            surroundings = await asyncio.to_thread(surroundings_of, asked, self._registry)
        self._look = await look(conn, surroundings, self._stale)
        self._looked_at = now

    async def recall(self, conn: AsyncConnection) -> None:
        """Read how far slots are calculated; before they are there."""
        self._recalled = await read_rows(conn)

    async def read_waiting(self, conn: AsyncConnection, slots: Slots, owned: Callable[[int], bool]) -> None:
        """Read what waits of the slots whose series are `owned`, once they are there. It waits as if it came now."""
        at, until = self._judged.recall(slots, self._recalled)
        self._recalled, self._held = [], Held()
        mine = np.array([owned(series) for series in slots.series[at].tolist()], np.bool_)
        places = self._followed.now.places(at[mine])
        for subject in self._followed.now.all:
            of = (places >= subject.first) & (places < subject.first + len(subject.series)) & subject.program.several
            if of.any():
                series = subject.series[places[of] - subject.first]
                times, values = known(self._newest, series)
                now = Known(until[mine][of], times, values)
                behind = now.until < times.max(axis=1)
                slot, series, now = at[mine][of][behind], series[behind], now.where(behind)
                rows, now = await read_waiting(conn, slot, series, now, now_micros() + WAIT, EACH)
                there = np.isin(slot, rows.place)
                self._held = self._held.joined(rows, slot[there], now.where(there))

    def _begin_where_left(self, slots: Slots) -> None:
        """Let slots know that not all is calculated that is known."""
        columns = np.array(self._recalled, np.int64).reshape(-1, 3)
        at = slots.find(columns[:, 0], columns[:, 1])
        there = (at >= 0) & (self._followed.now.places(at) >= 0)
        slots.watches.last[slots.watch[at[there]]] = columns[there, 2]

    def outcome(
        self, rules: RuleSet, judged: JudgedReadings, since: NDArray[np.int64], now: Micros, until: Micros
    ) -> Outcome:
        """See `outcome_of`; what has waited until a time has waited long enough."""
        clock = Clock(self._held, now, until, judged.waiting)
        return outcome_of(
            self._followed.now, rules.slots, self._newest, judged.readings, judged.message, judged.corrected, since,
            self._look, clock,
        )  # fmt: skip

    async def write(self, conn: AsyncConnection, slots: Slots, outcome: Outcome) -> None:
        """Store how far slots are calculated with a batch."""
        await self._judged.write(conn, self._judged.changed_by(outcome.news), slots)

    def adopt(self, slots: Slots, outcome: Outcome) -> None:
        """Take over what waits after a committed batch."""
        self._judged.adopt(self._judged.changed_by(outcome.news), slots)
        self._held = outcome.held

    def due(self, now: Micros, decided_until: Decided) -> Micros | None:
        """When the first reading has waited long enough; None: none waits."""
        return asked_at(self._held.soonest, now, decided_until) if len(self._held.rows) else None

    def _forget(self, rules: RuleSet, news: Mapping[int, Rule | None]) -> None:
        """Let nothing wait of rules and slots that are gone, or are something else."""
        other = {id_ for id_, rule in news.items() if _text(rule) != self._texts.get(id_, _text(None))}
        self._texts |= {id_: _text(rule) for id_, rule in news.items() if _has(rule)}
        for id_ in other & {id_ for id_, rule in news.items() if not _has(rule)}:
            self._texts.pop(id_, None)
        if len(lost := self._judged.follow(rules.slots, other)):
            self._held = self._held.without(lost)

    def _concerns(self, changed: NDArray[np.int32] | None) -> bool:
        if changed is None or len(changed) > FEW:
            return True
        profiles = set(self._profiles.values())
        devices = map(self._registry.device, changed.tolist())
        return any(device is not None and device.profile.id in profiles for device in devices)


def _text(rule: Rule | None) -> tuple[str | None, Micros]:
    return (rule.expression, rule.stale) if isinstance(rule, ThresholdRule) and rule.expression else (None, 0)


def _has(rule: Rule | None) -> bool:
    return isinstance(rule, ThresholdRule) and rule.expression is not None
