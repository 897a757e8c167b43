"""State of threshold rules per watched series ("slots"), in arrays updated in place.

A slot is one rule on one series. Inside, values are signed so that "beyond" always means "greater or equal": as
they are for rules that look above, negated for rules that look below. Each slot keeps the band of values and the
time in which nothing about it can change; what it has seen is with its watch (watches.py).
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import ThresholdRule, Watched
from analytics.rules.flat import Flats
from analytics.rules.watches import LONG_AGO as LONG_AGO
from analytics.rules.watches import Watches, stretches
from devices.registry.arrays import grown
from hub.models import Micros
from hub.signals import SIGNALS

NEVER = 1 << 62
"""A time that does not come: a level that is not pending."""
FEW = 2000
"""Pairs up to which it takes less time to look among the slots of each series."""
AT_ONCE = 500_000
"""Slots whose bands are made one at once, or slots with their readings: 100 bytes each."""

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

Worked = Callable[[int, Micros, Micros], Micros]
"""Of a series and a time when the last work on its device ends that goes on after its begin and up to its end;
LONG_AGO: none does."""

_NUMBERS = np.arange(1, 5)
_WATCHED: tuple[Watched, ...] = (*SIGNALS, "expression", "flagged")


def nobody_works(series: int, begin: Micros, end: Micros) -> Micros:
    """See Worked."""
    return LONG_AGO


class Slots:
    """Rules by row, of shape (rows, 4) by level; state by slot, of shape (n,) or (n, 4). Free slots are on no watch."""

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
        self.active: Ints = np.empty(0, np.int64)
        """By slot since when its device is in use again: what was not heard of it before is no silence."""
        self.worked: Worked = nobody_works
        self.flats = Flats()
        self.row: NDArray[np.int32] = np.empty(0, np.int32)
        """By slot the row of its rule; -1 where the slot is free."""
        self.series: NDArray[np.int32] = np.empty(0, np.int32)
        self.sign: Floats = np.empty(0)
        self.level: NDArray[np.int8] = np.empty(0, np.int8)
        self.since: Ints = np.empty((0, 4), np.int64)
        """From when on the value has been beyond a level that is not reached, or back from one that is; or NEVER."""
        self.watches = Watches()
        self.watch: NDArray[np.int32] = np.empty(0, np.int32)
        """By slot."""
        self.low: Floats = np.empty(0)
        self.high: Floats = np.empty(0)
        self.due: Ints = np.empty(0, np.int64)
        """When the first pending level is reached or left if no reading comes; NEVER or later if none is pending."""
        self.next_due: Micros = NEVER
        """No slot is due earlier."""
        self.expressed = 0
        """How often slots of rules with an expression were added or removed."""
        self._timed: NDArray[np.int32] = np.empty(0, np.int32)
        """Slots with a `due`, and others."""
        self._is_timed: NDArray[np.bool_] = np.empty(0, np.bool_)
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
        before, self.rules[row] = self.rules[row], rule
        silent = rule.signal == "silence"
        given = [None if silent else threshold for threshold in rule.thresholds]
        self.up[row] = [np.inf if threshold is None else sign * threshold for threshold in given]
        self.after[row] = [round(after * 1e6) if silent and after is not None else NEVER for after in rule.thresholds]
        self.tolerance[row] = rule.tolerance
        self.keep[row] = self.up[row] - rule.hysteresis
        self.hold[row], self.clear[row] = rule.hold, rule.clear
        at = np.flatnonzero(self.row == row)
        if before is not None and before.tolerance != rule.tolerance:
            self.flats.forget(at)  # as the store does
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
        self.level[at], self.since[at], self.active[at] = 0, NEVER, LONG_AGO
        self.flats.forget(at)
        watched = self._watched[self.row[at]]
        self._note_expressed(watched)
        for number in np.unique(watched).tolist():
            mine = watched == number
            alone = _WATCHED[number] == "expression"  # each sees what it computes, when its own metrics come
            keys = at[mine] if alone else series[mine]
            self.watch[at[mine]] = self.watches.enter(_WATCHED[number], keys, series[mine], at[mine])
        self.settle_bands(at)
        self.tighten(np.unique(self.watch[at]).astype(np.int64))
        return at

    def remove(self, at: Ints) -> None:
        """Free these slots."""
        if not len(at):
            return
        self._note_expressed(self._watched[self.row[at]])
        self.watches.leave(at, self.watch[at].astype(np.int64))
        self.row[at], self.due[at] = -1, NEVER
        self._free += at.tolist()

    def find(self, rule: Ints, series: Ints) -> Ints:
        """The slots of these (rule id, series id) pairs; -1 where there is none."""
        rows = self._rows_of(rule)
        if len(series) > FEW:
            return self._find_many(rows, series, np.flatnonzero(self.row >= 0))
        alone = self._alone()
        found = self._find_many(rows, series, alone) if len(alone) else np.full(len(series), -1)
        for signal in self.watches.by_signal:
            if signal == "expression":
                continue
            watch = self.watches.of(signal, series)
            known = np.flatnonzero(watch >= 0)
            slot, which = self.watches.slots(watch[known])
            mine = self.row[slot] == rows[known][which]
            found[known[which[mine]]] = slot[mine]
        return found

    def _alone(self) -> Ints:
        """The slots with a watch of their own."""
        return np.flatnonzero(self.watches.by_signal.get("expression", np.empty(0, np.int32)) >= 0)

    def _find_many(self, rows: NDArray[np.int32], series: Ints, there: Ints) -> Ints:
        """As `find`, by the rows of rules, among some slots."""
        keys = self.row[there].astype(np.int64) << 32 | self.series[there]
        order = np.argsort(keys)
        keys, wanted = keys[order], rows.astype(np.int64) << 32 | series
        if not len(there):
            return np.full(len(series), -1)
        place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        return np.where(keys[place] == wanted, there[order][place], -1)

    def of_rule(self, rule_id: int) -> Ints:
        """The slots of a rule."""
        return np.flatnonzero(self.row == self._rows.get(rule_id, -2))

    def of_series(self, series: Ints) -> Ints:
        """The slots on these series."""
        watches = [self.watches.of(each, series) for each in self.watches.by_signal if each != "expression"]
        found, alone = np.concatenate([np.empty(0, np.int64), *watches]), self._alone()
        return np.append(self.watches.slots(found[found >= 0])[0], alone[np.isin(self.series[alone], series)])

    def one_by_one(self, watch: Ints) -> Iterator[tuple[Ints, Ints]]:
        """Of rows sorted by what is watched, -1 where nothing is, each slot with each of its rows, by slot; so many at
        once."""
        rows = np.flatnonzero(watch >= 0)
        on = watch[rows]
        starts = np.flatnonzero(np.append(True, on[1:] != on[:-1])[: len(on)])
        lengths = np.diff(np.append(starts, len(on)))
        looks = np.cumsum(self.watches.count[on[starts]] * lengths)
        for some in np.split(np.arange(len(starts)), np.flatnonzero(np.diff(looks // AT_ONCE)) + 1) if len(on) else ():
            at, which = self.watches.slots(on[starts[some]])
            each = lengths[some][which]
            yield np.repeat(at, each), rows[stretches(starts[some][which], each)]

    def timed(self) -> Ints:
        """The slots of which something ends at a time."""
        ends = self.due[self._timed] < NEVER
        if not ends.all():
            self._is_timed[self._timed[~ends]] = False
            self._timed = self._timed[ends]
        return self._timed.astype(np.int64)

    def silent_from(self, at: Ints, last: Ints) -> Ints:
        """From when on slots are silent whose newest readings were at these times: what could not be heard is none."""
        return np.maximum(np.maximum(last, self.hears), self.active[at])

    def last(self, at: Ints) -> Ints:
        """When the newest readings of slots were that were evaluated."""
        last: Ints = self.watches.last[self.watch[at]]
        return last

    def lag(self, at: Ints | int) -> Ints:
        """How old the newest reading of slots was when it came."""
        lag: Ints = self.watches.lag[self.watch[at]]
        return lag

    def value(self, at: Ints) -> Floats:
        """The newest value that slots have seen, unsigned; NaN when it is not known."""
        value: Floats = self.watches.value[self.watch[at]]
        flat = self._watched[self.row[at]] == SIGNALS.index("flat")
        return np.where(flat, self.flats.seconds(at), value) if flat.any() else value

    def tighten(self, watches: Ints) -> None:
        """Compute anew in what band no slot of these watches changes."""
        w = self.watches
        watches = watches[w.count[watches] > 0]
        for some in np.array_split(watches, 1 + int(w.count[watches].sum()) // AT_ONCE):
            at = w.slots(some)[0]
            above = self.sign[at] > 0
            low = np.where(above, self.low[at], np.nextafter(-self.high[at], np.inf))
            high = np.where(above, np.nextafter(self.high[at], -np.inf), -self.low[at])
            starts = np.cumsum(w.count[some]) - w.count[some]
            if len(some):
                w.low[some], w.high[some] = np.maximum.reduceat(low, starts), np.minimum.reduceat(high, starts)
                w.due[some] = np.minimum.reduceat(self.due[at], starts)

    def pending(self) -> list[int]:
        """Slots of which a level is pending."""
        pending: list[int] = np.flatnonzero((self.row >= 0) & (self.since.min(axis=1, initial=NEVER) < NEVER)).tolist()
        return pending

    def check_pending(self, at: Ints) -> None:
        """Let the levels of these slots stop to pend that their rules have not, or that their values are not beyond."""
        at = at[self.after.min(axis=1, initial=NEVER)[self.row[at]] == NEVER]  # silence goes by no value
        row = self.row[at]
        value, reached = (self.value(at) * self.sign[at])[:, None], self.level[at, None] >= _NUMBERS
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
        self.note_timed(at[due < NEVER])
        self.watches.loosen(self.watch[at].astype(np.int64))

    def note_timed(self, at: Ints) -> None:
        """Something of these slots ends at a time."""
        timed = at[~self._is_timed[at]]
        if len(timed):
            self._timed, self._is_timed[timed] = np.append(self._timed, timed.astype(np.int32)), True

    def falls(self, at: Ints) -> NDArray[np.bool_]:
        """Of slots, whether the value has fallen back from its level."""
        level = self.level[at]
        number = np.maximum(level, 1).astype(np.int64) - 1
        return (level > 0) & (self.since[at, number] < NEVER)

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
        self.sign, self.watch = grown(self.sign, last, 1.0), grown(self.watch, last, 0)
        self.level, self.since = grown(self.level, last, 0), grown(self.since, last, NEVER)
        self.due, self.active = grown(self.due, last, NEVER), grown(self.active, last, LONG_AGO)
        self._is_timed = grown(self._is_timed, last, False)
        self.low, self.high = grown(self.low, last, -np.inf), grown(self.high, last, np.inf)
        return np.concatenate([np.array(taken, np.int64), fresh])
