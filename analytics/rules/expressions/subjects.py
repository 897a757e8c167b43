"""From which series the slots of rules with an expression are calculated."""

import logging
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.expressions.elsewhere import Whose
from analytics.rules.slots import Ints, Slots
from devices.expressions.inputs import Input
from devices.expressions.program import Program, program_of
from devices.expressions.refused import ExpressionRefused
from devices.registry.registry import Registry
from hub.models import Micros

log = logging.getLogger(__name__)
NO_SERIES = -1


class Subject(NamedTuple):
    """An expression and its slots, which are places first .. first + n - 1 of `Subjects`."""

    program: Program
    stale: Micros
    first: int
    series: Ints
    """Shape (n, inputs): the series of each input; NO_SERIES where the device has none, or it is not its own."""
    whose: Whose | None = None
    """None: it asks for nothing of other devices."""


class Subjects:
    """All expressions; immutable, made anew when rules or their devices change."""

    def __init__(self, subjects: tuple[Subject, ...] = (), slots: Ints | None = None) -> None:
        self.all = subjects
        self.slots = np.empty(0, np.int64) if slots is None else slots
        """By place, ascending places of a subject lie together."""
        pairs = [_inputs_of(subject) for subject in subjects]
        columns = np.concatenate([np.empty((3, 0), np.int64), *pairs], axis=1)
        self._series, self._place, self._input = columns[:, np.argsort(columns[0], kind="stable")]
        self._order = np.argsort(self.slots)

    def __len__(self) -> int:
        return len(self.slots)

    def reached(self, series: NDArray[np.int32]) -> tuple[Ints, Ints, Ints]:
        """Which rows of these reach which place, as which of its inputs."""
        begin = np.searchsorted(self._series, series, side="left")
        count = np.searchsorted(self._series, series, side="right") - begin
        row = np.repeat(np.arange(len(series)), count)
        at = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count) + np.repeat(begin, count)
        return row, self._place[at], self._input[at]

    def place(self, slot: int) -> int | None:
        """The place of a slot; None: it has no expression."""
        at = int(np.searchsorted(self.slots, slot, sorter=self._order))
        place = int(self._order[at]) if at < len(self.slots) else -1
        return place if place >= 0 and self.slots[place] == slot else None

    def subject(self, place: int) -> Subject:
        """The subject of a place."""
        return next(each for each in reversed(self.all) if each.first <= place)


def subjects_of(rules: Mapping[int, Rule], slots: Slots, registry: Registry) -> Subjects:
    """Those of the rules in force. An expression that cannot be used any more sees no readings, and is logged."""
    found: list[Subject] = []
    where: list[Ints] = []
    count = 0
    for rule in rules.values():
        if not isinstance(rule, ThresholdRule) or rule.expression is None:
            continue
        at = np.sort(slots.of_rule(rule.id))
        program = _program(rule)
        if program is None or not len(at):
            continue
        devices = registry.device_of[slots.series[at]]
        columns = [_series_of(each, rule.profile_id, devices, registry) for each in program.inputs]
        whose = _whose(rule.profile_id, devices, registry) if program.asks_others else None
        found.append(Subject(program, rule.stale, count, np.stack(columns, axis=1), whose))
        where.append(at)
        count += len(at)
    return Subjects(tuple(found), np.concatenate([np.empty(0, np.int64), *where]))


def _program(rule: ThresholdRule) -> Program | None:
    try:
        return program_of(rule.expression or "")
    except ExpressionRefused as error:
        log.error("rule %s sees no readings: %s", rule.code, error.sentence)
        return None


def _whose(profile: int, devices: NDArray[np.int32], registry: Registry) -> Whose:
    first = registry.device(int(devices[0]))
    return Whose(profile, 0 if first is None else first.max_future, devices.astype(np.int64))


def _series_of(wanted: Input, profile: int, devices: NDArray[np.int32], registry: Registry) -> Ints:
    """Of each device the series of an input."""
    found = np.full(len(devices), NO_SERIES, np.int64)
    if wanted.scope != "device":
        return found
    series = registry.series_of_quantities({(profile, wanted.metric)}).get((profile, wanted.metric))
    if series is None:
        return found
    order = np.argsort(registry.device_of[series], kind="stable")
    owners = registry.device_of[series][order]
    at = np.minimum(np.searchsorted(owners, devices), len(owners) - 1)
    mine = owners[at] == devices
    found[mine] = series[order][at[mine]]
    return found


def _inputs_of(subject: Subject) -> Ints:
    """Rows (series, place, input) of a subject, shape (3, n)."""
    place, number = np.nonzero(subject.series != NO_SERIES)
    return np.stack([subject.series[place, number], place + subject.first, number])
