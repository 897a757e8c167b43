"""State of threshold rules per watched series ("slots"), in arrays updated in place.

A slot is one rule on one series. Inside, values are signed so that "beyond" always means "greater or equal": as
they are for rules that look above, negated for rules that look below. Each slot keeps the band of values and the
time in which nothing about it can change.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import ThresholdRule, Watched
from analytics.rules.flat import Flats
from devices.registry.arrays import grown
from hub.models import Micros
from hub.signals import SIGNALS

NEVER = 1 << 62
"""A time that does not come: a level that is not pending."""
LONG_AGO = -(1 << 62)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_NUMBERS = np.arange(1, 5)
_WATCHED: tuple[Watched, ...] = (*SIGNALS, "expression")


class Slots:
    """Rules by row, of shape (rows, 4) by level; state by slot, of shape (n,) or (n, 4). Free slots are in no layer."""

    def __init__(self) -> None:
        self.rules: list[ThresholdRule | None] = []
        """By row."""
        self.up: Floats = np.empty((0, 4))
        """Signed thresholds by row; +inf where a rule has no such level."""
        self.keep: Floats = np.empty((0, 4))
        """Where a level is left: the value must be smaller."""
        self.hold: Ints = np.empty(0, np.int64)
        self.clear: Ints = np.empty(0, np.int64)
        self.after: Ints = np.empty((0, 4), np.int64)
        """Times of rules on silence, whose thresholds are no values; NEVER where a rule has no such level."""
        self.tolerance: Floats = np.empty(0)
        """Of rules on flat series."""
        self.hears: Micros = LONG_AGO
        """Since when all that is sent is received; NEVER: it is not."""
        self.flats = Flats()
        self.row: NDArray[np.int32] = np.empty(0, np.int32)
        """By slot the row of its rule; -1 where the slot is free."""
        self.series: NDArray[np.int32] = np.empty(0, np.int32)
        self.sign: Floats = np.empty(0)
        self.level: NDArray[np.int8] = np.empty(0, np.int8)
        self.since: Ints = np.empty((0, 4), np.int64)
        """From when on the value has been beyond a level that is not reached, or back from one that is; or NEVER."""
        self.last: Ints = np.empty(0, np.int64)
        """Time of the newest reading that was evaluated."""
        self.lag: Ints = np.empty(0, np.int64)
        """How old that reading was when it came: its clock is slow, or it was buffered."""
        self.value: Floats = np.empty(0)
        """The value of that reading, unsigned; NaN when it is not known."""
        self.low: Floats = np.empty(0)
        self.high: Floats = np.empty(0)
        self.due: Ints = np.empty(0, np.int64)
        """When the first pending level is reached or left if no reading comes; NEVER or later if none is pending."""
        self.next_due: Micros = NEVER
        """No slot is due earlier."""
        self.layers: list[NDArray[np.int32]] = []
        """By series id, the slot; -1 for none, as in the last place. Several rules on a series take several layers."""
        self.signals: list[Watched] = []
        """Of each layer, what its rules watch of a reading."""
        self.expressed = 0
        """How often slots of rules with an expression were added or removed."""
        self._rows: dict[int, int] = {}
        self._signs: Floats = np.empty(0)
        self._watched: NDArray[np.int8] = np.empty(0, np.int8)
        """By row the number of what it watches."""
        self._free_rows: list[int] = []
        self._free: list[int] = []
        self._used = 0
        """Slots that are in use or among the free ones; what follows was never used."""

    def __len__(self) -> int:
        return self._used - len(self._free)

    def rule(self, slot: int) -> ThresholdRule:
        """The rule of a slot that is not free."""
        rule = self.rules[int(self.row[slot])]
        assert rule is not None  # noqa: S101 for the type checker
        return rule

    def put(self, rule: ThresholdRule) -> None:
        """Add a rule, or change it: its slots go by it at once. A level that the value is not beyond stops to pend.

        A rule that now watches another signal or expression is to be dropped first.
        """
        row = self._rows.get(rule.id)
        if row is None:
            row = self._rows[rule.id] = self._free_rows.pop() if self._free_rows else len(self.rules)
            if row == len(self.rules):
                self.rules.append(None)
                self.up, self.keep = grown(self.up, row, np.inf), grown(self.keep, row, np.inf)
                self.hold, self.clear = grown(self.hold, row, 0), grown(self.clear, row, 0)
                self._signs, self._watched = grown(self._signs, row, 1.0), grown(self._watched, row, 0)
                self.after, self.tolerance = grown(self.after, row, NEVER), grown(self.tolerance, row, 0.0)
            self._watched[row] = _WATCHED.index(rule.watched)
        sign = self._signs[row] = 1.0 if rule.above else -1.0
        self.rules[row] = rule
        silent = rule.signal == "silence"
        given = [None if silent else threshold for threshold in rule.thresholds]
        self.up[row] = [np.inf if threshold is None else sign * threshold for threshold in given]
        self.after[row] = [round(after * 1e6) if silent and after is not None else NEVER for after in rule.thresholds]
        self.tolerance[row] = rule.tolerance
        self.keep[row] = self.up[row] - rule.hysteresis
        self.hold[row], self.clear[row] = rule.hold, rule.clear
        at = np.flatnonzero(self.row == row)
        if len(at) and not silent:
            self.sign[at] = sign
            self.check_pending(at)

    def drop(self, rule_id: int) -> None:
        """Remove a rule with its slots."""
        row = self._rows.pop(rule_id)
        self.remove(np.flatnonzero(self.row == row))
        self.rules[row] = None
        self._free_rows.append(row)

    def add(self, rule: Ints, series: Ints) -> Ints:
        """Fresh slots of these (rule id, series id) pairs, none of which is there; returned in their order."""
        at = self._reserve(len(series))
        if not len(at):
            return at
        self.row[at], self.series[at] = self._rows_of(rule), series
        self.sign[at] = self._signs[self.row[at]]
        self.level[at], self.since[at], self.last[at], self.value[at] = 0, NEVER, LONG_AGO, np.nan
        self.lag[at] = 0
        self.flats.forget(at)
        self.settle_bands(at)
        watched = self._watched[self.row[at]]
        self._note_expressed(watched)
        for number in np.unique(watched).tolist():
            mine = watched == number
            self._enter(at[mine], series[mine], _WATCHED[number])
        return at

    def remove(self, at: Ints) -> None:
        """Free these slots."""
        series = self.series[at]
        self._note_expressed(self._watched[self.row[at]])
        for layer in self.layers:
            mine = layer.take(series, mode="clip") == at
            layer[series[mine]] = -1
        self.row[at], self.due[at] = -1, NEVER
        self._free += at.tolist()
        while self.layers and self.layers[-1].max() < 0:
            self.layers.pop()
            self.signals.pop()

    def find(self, rule: Ints, series: Ints) -> Ints:
        """The slots of these (rule id, series id) pairs; -1 where there is none."""
        rows, found = self._rows_of(rule), np.full(len(series), -1)
        for layer in self.layers:
            slot = layer.take(series, mode="clip")
            mine = (slot >= 0) & (self.row.take(slot, mode="clip") == rows)
            found[mine] = slot[mine]
        return found

    def of_rule(self, rule_id: int) -> Ints:
        """The slots of a rule."""
        return np.flatnonzero(self.row == self._rows.get(rule_id, -2))

    def of_series(self, series: Ints) -> Ints:
        """The slots on these series."""
        found = np.array([layer.take(series, mode="clip") for layer in self.layers], np.int64).ravel()
        return found[found >= 0]

    def pending(self) -> list[int]:
        """Slots of which a level is pending."""
        pending: list[int] = np.flatnonzero((self.row >= 0) & (self.since.min(axis=1, initial=NEVER) < NEVER)).tolist()
        return pending

    def check_pending(self, at: Ints) -> None:
        """Let the levels of these slots stop to pend that their rules have not, or that their values are not beyond."""
        at = at[self.after.min(axis=1, initial=NEVER)[self.row[at]] == NEVER]  # silence goes by no value
        row = self.row[at]
        value, reached = (self.value[at] * self.sign[at])[:, None], self.level[at, None] >= _NUMBERS
        missing = self.up[row] == np.inf
        stops = missing | np.where(reached, ~(value < self.keep[row]), value < self.up[row])
        self.since[at] = np.where(stops, NEVER, self.since[at])
        self.settle_bands(at)

    def give_up(self, at: list[int]) -> None:
        """Let no level of these slots be pending."""
        self.since[at] = NEVER
        self.settle_bands(np.array(at, np.int64))

    def settle_bands(self, at: Ints) -> None:
        """Compute anew, for the slots `at`, within which values and until when nothing can change."""
        row = self.row[at]
        level, up, keep, since = self.level[at, None], self.up[row], self.keep[row], self.since[at]
        pending, reached, given = since != NEVER, level >= _NUMBERS, np.isfinite(keep)
        low = np.where(
            pending & ~reached, up, np.where(~pending & reached & (given | (level == _NUMBERS)), keep, -np.inf)
        )
        high = np.where(~pending & ~reached, up, np.where(pending & reached & given, keep, np.inf))
        self.low[at], self.high[at] = low.max(axis=1, initial=-np.inf), high.min(axis=1, initial=np.inf)
        ends = since + np.where(reached, self.clear[row][:, None], self.hold[row][:, None])
        due = self.due[at] = np.where(level > _NUMBERS, NEVER, ends).min(axis=1, initial=NEVER)
        self.next_due = min(self.next_due, int(due.min(initial=NEVER)))

    def falls(self) -> NDArray[np.bool_]:
        """Of each slot, whether the value has fallen back from its level."""
        number = np.maximum(self.level, 1).astype(np.int64) - 1
        return (self.level > 0) & (np.take_along_axis(self.since, number[:, None], axis=1)[:, 0] < NEVER)

    def _note_expressed(self, watched: NDArray[np.int8]) -> None:
        if (watched == _WATCHED.index("expression")).any():
            self.expressed += 1

    def _rows_of(self, rule: Ints) -> NDArray[np.int32]:
        """By rule id; -2 for one that is not there."""
        ids, which = np.unique(rule, return_inverse=True)
        return np.array([self._rows.get(id_, -2) for id_ in ids.tolist()], np.int32)[which]

    def _reserve(self, count: int) -> Ints:
        """That many slots: free ones first."""
        taken = [self._free.pop() for _ in range(min(count, len(self._free)))]
        fresh = np.arange(self._used, self._used + count - len(taken))
        self._used += len(fresh)
        last = self._used - 1
        self.row, self.series = grown(self.row, last, -1), grown(self.series, last, 0)
        self.sign, self.value = grown(self.sign, last, 1.0), grown(self.value, last, np.nan)
        self.level, self.since = grown(self.level, last, 0), grown(self.since, last, NEVER)
        self.last, self.due = grown(self.last, last, LONG_AGO), grown(self.due, last, NEVER)
        self.lag = grown(self.lag, last, 0)
        self.low, self.high = grown(self.low, last, -np.inf), grown(self.high, last, np.inf)
        return np.concatenate([np.array(taken, np.int64), fresh])

    def _enter(self, at: Ints, series: Ints, signal: Watched) -> None:
        """Put slots of one signal into the first layers that have room for them."""
        number = 0
        while len(at):
            if number == len(self.layers):
                self.layers.append(np.empty(0, np.int32))
                self.signals.append(signal)
            if self.signals[number] != signal:
                number += 1
                continue
            layer = self.layers[number] = grown(self.layers[number], int(series.max()) + 1, -1)
            taken = layer[series] >= 0
            taken[~taken] = ~_first(series[~taken])
            layer[series[~taken]] = at[~taken]
            at, series, number = at[taken], series[taken], number + 1


def _first(values: Ints) -> NDArray[np.bool_]:
    """Where a value stands for the first time."""
    first = np.zeros(len(values), np.bool_)
    first[np.unique(values, return_index=True)[1]] = True
    return first
