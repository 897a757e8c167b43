"""From which series the slots of rules with an expression are calculated."""

import logging
from collections.abc import Mapping
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.expressions.elsewhere import Whose
from analytics.rules.expressions.own_series import NO_SERIES, OwnSeries
from analytics.rules.expressions.reach import ByDevice, Named, Reached
from analytics.rules.slots import Ints, Slots
from analytics.rules.watches import stretches
from devices.expressions.program import Program, program_of
from devices.expressions.refused import ExpressionRefused
from devices.registry.registry import Registry
from hub.models import Micros

log = logging.getLogger(__name__)


class Subject(NamedTuple):
    """An expression and its slots, which are places first .. first + n - 1 of `Subjects`."""

    program: Program
    stale: Micros
    first: int
    series: Ints
    """Shape (n, inputs): the series of each input; NO_SERIES where the device has none, or it is not its own."""
    whose: Whose | None = None
    """None: it asks for nothing of other devices."""


class Reach(Protocol):
    """Tells which readings reach which places."""

    def reached(self, series: NDArray[np.int32]) -> Reached:
        """Which rows of these reach which place, as which of its inputs."""


class Subjects:
    """All expressions; made anew when rules or their slots change."""

    def __init__(
        self, subjects: tuple[Subject, ...] = (), slots: Ints | None = None, reach: Reach | None = None
    ) -> None:
        """`reach` knows them by their devices; left out, by the series of each."""
        self.all = subjects
        self.slots = np.empty(0, np.int64) if slots is None else slots
        """By place, ascending places of a subject lie together."""
        self.reached = (reach or _BySeries(subjects)).reached
        self._places = np.full(int(self.slots.max(initial=-1)) + 1, -1, np.int32)
        self._places[self.slots] = np.arange(len(self.slots))

    def __len__(self) -> int:
        return len(self.slots)

    def places(self, slots: Ints) -> Ints:
        """The places of slots; -1 of those without an expression."""
        if not len(self._places):
            return np.full(len(slots), -1)
        known = slots < len(self._places)
        return np.where(known, self._places[np.where(known, slots, 0)], -1).astype(np.int64)

    def place(self, slot: int) -> int | None:
        """The place of a slot; None: it has no expression."""
        place = int(self._places[slot]) if slot < len(self._places) else -1
        return place if place >= 0 else None

    def subject(self, place: int) -> Subject:
        """The subject of a place."""
        return next(each for each in reversed(self.all) if each.first <= place)


class _BySeries:
    """Of few subjects: an entry for each series."""

    def __init__(self, subjects: tuple[Subject, ...]) -> None:
        pairs = [_inputs_of(subject) for subject in subjects]
        columns = np.concatenate([np.empty((3, 0), np.int64), *pairs], axis=1)
        self._series, self._place, self._input = columns[:, np.argsort(columns[0], kind="stable")]

    def reached(self, series: NDArray[np.int32]) -> Reached:
        """See Reach."""
        begin = np.searchsorted(self._series, series, side="left")
        count = np.searchsorted(self._series, series, side="right") - begin
        at = stretches(begin, count)
        return np.repeat(np.arange(len(series)), count), self._place[at], self._input[at]


class _Known(NamedTuple):
    """A rule as it was taken over."""

    rule: ThresholdRule
    slots: Ints
    devices: Ints
    """Of the slots."""
    subject: Subject

    def stays(self, rule: ThresholdRule, slots: Ints, devices: Ints, whose: Whose | None) -> bool:
        """Whether it has the same places still."""
        return (
            self.rule == rule
            and np.array_equal(self.slots, slots)
            and np.array_equal(self.devices, devices)
            and (whose and whose[:2]) == (self.subject.whose and self.subject.whose[:2])
        )


class FollowedSubjects:
    """Those of the rules in force: a changed device costs what its own places cost, if its slots stay."""

    def __init__(self, registry: Registry) -> None:
        self.now = Subjects()
        self._registry, self._own = registry, OwnSeries(registry)
        self._known: list[_Known] = []
        self._quantities = 0
        """How many there were then."""

    def follow(self, rules: Mapping[int, Rule], slots: Slots) -> None:
        """Take over changed rules and devices, between two batches. An expression that cannot be used any more sees no
        readings, and is logged."""
        changed = self._own.follow()
        before = {} if changed is None else {each.rule.id: each for each in self._known}
        expressed = (rule for rule in rules.values() if isinstance(rule, ThresholdRule) and rule.expression is not None)
        found = [each for rule in expressed if (each := self._taken(rule, slots, before, changed)) is not None]
        quantities, self._quantities = self._quantities, len(self._registry.quantities)
        if quantities == self._quantities and [*map(id, found)] == [*map(id, self._known)]:
            return
        self._known, subjects, first = found, list[Subject](), 0
        for each in found:
            subjects.append(each.subject._replace(first=first))
            first += len(each.slots)
        named = [Named(each.rule.profile_id, _own_metrics(each.subject.program), each.devices) for each in found]
        where = np.concatenate([np.empty(0, np.int64), *(each.slots for each in found)])
        self.now = Subjects(tuple(subjects), where, ByDevice(self._registry, named))

    def _taken(
        self, rule: ThresholdRule, slots: Slots, before: Mapping[int, _Known], changed: NDArray[np.int32] | None
    ) -> _Known | None:
        at = np.sort(slots.of_rule(rule.id))
        program = _program(rule) if len(at) else None
        if program is None:
            return None
        devices = self._registry.device_of[slots.series[at]].astype(np.int64)
        whose = _whose(rule.profile_id, devices, self._registry) if program.asks_others else None
        known = before.get(rule.id)
        if known is not None and changed is not None and known.stays(rule, at, devices, whose):
            mine = np.flatnonzero(np.isin(devices, changed))
            self._fill(rule, known.subject, mine, devices[mine])
            return known
        series = np.full((len(at), len(program.inputs)), NO_SERIES, np.int64)
        subject = Subject(program, rule.stale, 0, series, whose)
        self._fill(rule, subject, np.arange(len(at)), devices)
        return _Known(rule, at, devices, subject)

    def _fill(self, rule: ThresholdRule, subject: Subject, places: Ints, devices: Ints) -> None:
        """Set the series of some places of a subject."""
        for number, metric in enumerate(_own_metrics(subject.program)):
            if metric is not None and len(places):
                subject.series[places, number] = self._own.of((rule.profile_id, metric), devices)


def _own_metrics(program: Program) -> list[str | None]:
    return [each.metric if each.scope == "device" else None for each in program.inputs]


def _program(rule: ThresholdRule) -> Program | None:
    try:
        return program_of(rule.expression or "")
    except ExpressionRefused as error:
        log.error("rule %s sees no readings: %s", rule.code, error.sentence)
        return None


def _whose(profile: int, devices: Ints, registry: Registry) -> Whose:
    first = registry.device(int(devices[0]))
    return Whose(profile, 0 if first is None else first.max_future, devices)


def _inputs_of(subject: Subject) -> Ints:
    """Rows (series, place, input) of a subject, shape (3, n)."""
    place, number = np.nonzero(subject.series != NO_SERIES)
    return np.stack([subject.series[place, number], place + subject.first, number])
