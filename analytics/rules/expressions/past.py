"""What expressions tell of stored readings, in the order of their times."""

from collections.abc import Mapping

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.elsewhere import Elsewhere, Whose
from analytics.rules.expressions.figures import figure_of, parts
from analytics.rules.expressions.newest_at import newest_at
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.own_series import NO_SERIES
from analytics.rules.expressions.rows import Rows
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.expressions.surroundings import Around
from analytics.rules.slots import LONG_AGO, Floats, Ints, Slots
from devices.expressions.inputs import Input, Scope
from devices.expressions.program import program_of
from devices.registry.arrays import grown
from hub.models import Columns, Micros
from hub.quality import WITHHELD, Quality
from hub.store.latest import NEVER

AT_ONCE = 500_000
"""Values of others that are calculated with at once, 8 MB."""
_LATE = np.int16(Quality.LATE)

Lists = Mapping[Input, Around]
"""By what is asked for, without the figure, the series of others, by their numbers; devices are those of the rule, from
0 on."""


def own_metrics(rule: ThresholdRule) -> list[str]:
    """The metrics of a device that a rule is decided from; its own one first."""
    return [rule.metric, *(metric for metric in _named(rule, "device") if metric != rule.metric)]


def gateway_metrics(rule: ThresholdRule) -> list[str]:
    """The metrics of its gateway that a rule is decided from."""
    return _named(rule, "gateway")


def of_neighbours(rule: ThresholdRule) -> list[Input]:
    """What a rule is decided from of neighbours, without figures."""
    if rule.expression is None:
        return []
    named = program_of(rule.expression).inputs
    return [*dict.fromkeys(each._replace(figure="") for each in named if each.scope == "neighbours")]


def _named(rule: ThresholdRule, scope: Scope) -> list[str]:
    if rule.expression is None:
        return []
    return [each.metric for each in program_of(rule.expression).inputs if each.scope == scope]


class PastNewest:
    """The newest readings of series before a stretch of the past; a Newest."""

    def __init__(self) -> None:
        self._ts = np.full(1024, NEVER, np.int64)
        self._value = np.zeros(1024)
        self._quality = np.zeros(1024, np.int16)

    def of(self, series: Ints) -> tuple[Ints, Floats, np.ndarray[tuple[int], np.dtype[np.int16]]]:
        """See Newest."""
        self._reserve(int(series.max(initial=0)))
        return self._ts[series], self._value[series], self._quality[series]

    def adopt(self, readings: Columns) -> None:
        """Take over a stretch, sorted by (series, ts); what is late does not count."""
        some = readings.where(readings.quality & _LATE == 0)
        ends = np.flatnonzero(np.append(some.series[1:] != some.series[:-1], True)[: len(some)])
        newest = some.where(ends)
        self._reserve(int(newest.series.max(initial=0)))
        self._ts[newest.series], self._value[newest.series] = newest.ts, newest.value
        self._quality[newest.series] = newest.quality

    def with_those(self, readings: Columns) -> Columns:
        """The readings of a stretch that are not late, and before those of each series the newest of before."""
        some = readings.where(readings.quality & _LATE == 0)
        known = np.flatnonzero(self._ts != NEVER)
        series = np.append(known.astype(np.int32), some.series)
        order = np.argsort(series, kind="stable")
        return Columns(
            np.append(self._ts[known], some.ts)[order], series[order], np.append(self._value[known], some.value)[order],
            np.append(self._quality[known], some.quality)[order],
        )  # fmt: skip

    def _reserve(self, series: int) -> None:
        self._ts, self._value = grown(self._ts, series, NEVER), grown(self._value, series, 0.0)
        self._quality = grown(self._quality, series, 0)


def rows_of_past(
    rule: ThresholdRule, slots: Slots, series: Ints, readings: Columns, newest: PastNewest, lists: Lists
) -> Rows:
    """What a rule with an expression sees of a stretch of the past; `newest` are those before it.

    `series` are those of `own_metrics`, shape (slots, metrics or more), -1 where there is none; the slots are those of
    the rule.
    """
    program = program_of(rule.expression or "")
    places = {metric: at for at, metric in enumerate(own_metrics(rule))}
    columns = [
        series[:, places[each.metric]] if each.scope == "device" else np.full(len(series), NO_SERIES)
        for each in program.inputs
    ]
    at = slots.find(np.full(len(series), rule.id), series[:, 0])
    whose = Whose(rule.profile_id, 0, np.arange(len(series))) if program.asks_others else None
    subjects = Subjects((Subject(program, rule.stale, 0, np.stack(columns, axis=1), whose),), at)
    _, in_time = np.unique(readings.ts, return_inverse=True)
    others = PastOthers(lists, newest.with_those(readings)) if program.asks_others else PastOthers({}, Columns.empty())
    return outcome_of(subjects, slots, newest, readings, in_time.astype(np.int32), None, elsewhere=others).rows()


class PastOthers(Elsewhere):
    """Knows what others had sent at any time of the past: the newest value of each then."""

    def __init__(self, lists: Lists, readings: Columns) -> None:
        """`readings` by (series, ts), none of them late."""
        most = max([int(around.members.max(initial=0)) for around in lists.values()], default=0)
        self._lists, self._ts = lists, readings.ts
        self._begins = np.searchsorted(readings.series, np.arange(most + 2))
        self._value = np.where(readings.quality & np.int16(WITHHELD) == 0, readings.value, np.nan)

    def column(self, name: Input, whose: Whose, at: Ints, stale: Micros) -> Floats:
        found = np.full(len(at), np.nan)
        around = self._lists.get(name._replace(figure=""))
        if around is None:
            return found
        sizes = around.starts[whose.devices + 1] - around.starts[whose.devices]
        known = np.flatnonzero(at > LONG_AGO)
        for part in parts(sizes[known], AT_ONCE):
            rows = known[part]
            which, values = newest_at(
                whose.devices[rows], at[rows], around.starts, around.members, self._begins, self._ts, self._value, stale
            )
            found[rows] = figure_of(name.figure or "max", which, values, len(rows))
        return found
