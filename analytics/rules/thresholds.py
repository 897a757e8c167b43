"""Threshold rules over arrays: levels with hysteresis and hold time, for all series at once.

A slot is one rule on one series. Inside, values are signed so that "beyond" always means "greater or equal": as
they are for rules that look above, negated for rules that look below. Each slot keeps the band of values and the
time in which nothing about it can change; readings inside it cost a few array operations and no Python.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import ThresholdRule
from hub.models import Columns, Micros
from hub.quality import UNUSABLE, Quality

NEVER = 1 << 62
"""A time that does not come: a level that is not pending."""
LONG_AGO = -(1 << 62)

_SKIP = np.int16(Quality.LATE | UNUSABLE)

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Transition(NamedTuple):
    """A slot's level (0 none .. 4 red) changed with this reading."""

    slot: int
    ts: Micros
    value: float
    before: int
    after: int


class Walked(NamedTuple):
    """A slot's state after the readings of a batch."""

    slot: int
    level: int
    since: list[Micros]


class Verdict(NamedTuple):
    """What a batch of readings means: transitions (per slot ascending in time) and the state after it."""

    transitions: list[Transition]
    walked: list[Walked]
    seen: list[tuple[Ints, Ints]]
    """Slots and the time of their last evaluated reading."""


@dataclass(slots=True)
class Slots:
    """Parameters and state of n slots, sorted by (series, rule); arrays of shape (n,), or (n, 4) by level."""

    rule: Ints
    series: Ints
    sign: Floats
    up: Floats
    """Signed thresholds; +inf where a rule has no such level."""
    keep: Floats
    """Where a level is left: the value must be smaller."""
    hold: Ints
    level: NDArray[np.int8]
    since: Ints
    """From when on the value has been beyond a level that is not reached yet; NEVER if it is not beyond."""
    last: Ints
    low: Floats
    high: Floats
    due: Ints
    layers: list[NDArray[np.int32]]
    """By series id, the slot; -1 for none. A series with several rules is in several layers."""

    def __len__(self) -> int:
        return len(self.rule)

    @classmethod
    def build(cls, rules: Sequence[ThresholdRule], watched: Sequence[Sequence[int] | NDArray[np.int64]]) -> "Slots":
        """Fresh slots of each rule on the series ids watched[i]."""
        sizes = [len(some) for some in watched]
        series = np.concatenate([np.empty(0, np.int64), *(np.asarray(some, np.int64) for some in watched)])
        which = np.repeat(np.arange(len(rules)), sizes)
        ids = np.array([rule.id for rule in rules], np.int64)
        order = np.lexsort((ids[which], series))
        which, series = which[order], series[order]
        signs = np.array([1.0 if rule.above else -1.0 for rule in rules])
        given = np.array([[np.nan if t is None else t for t in rule.thresholds] for rule in rules]).reshape(-1, 4)
        up = given * signs[:, None]
        up[np.isnan(up)] = np.inf
        keep = up - np.array([rule.hysteresis for rule in rules])[:, None]
        n = len(series)
        slots = cls(
            rule=ids[which],
            series=series,
            sign=signs[which],
            up=up[which],
            keep=keep[which],
            hold=np.array([rule.hold for rule in rules], np.int64)[which],
            level=np.zeros(n, np.int8),
            since=np.full((n, 4), NEVER),
            last=np.full(n, LONG_AGO),
            low=np.empty(n),
            high=np.empty(n),
            due=np.empty(n, np.int64),
            layers=list(_layers(series)),
        )
        slots.settle_bands(np.arange(n))
        return slots

    def find(self, rule: Ints, series: Ints) -> Ints:
        """The slots of these (rule, series) pairs; -1 where there is none."""
        if not len(self):
            return np.full(len(rule), -1)
        mine, theirs = self.series << 32 | self.rule, series << 32 | rule
        at = np.minimum(np.searchsorted(mine, theirs), len(mine) - 1)
        return np.where(mine[at] == theirs, at, -1)

    def inherit(self, before: "Slots") -> NDArray[np.bool_]:
        """Take over the state of the same slots in `before`; true where there was one."""
        origin = before.find(self.rule, self.series)
        known = origin >= 0
        self.level[known] = before.level[origin[known]]
        self.since[known] = before.since[origin[known]]
        self.last[known] = before.last[origin[known]]
        self.settle_bands(np.flatnonzero(known))
        return known

    def settle_bands(self, at: Ints) -> None:
        """Compute anew, for the slots `at`, within which values and until when nothing can change."""
        level, up, since = self.level[at, None], self.up[at], self.since[at]
        number = np.arange(1, 5)
        pending = since != NEVER
        low = np.where(pending, up, -np.inf).max(axis=1, initial=-np.inf)
        held = np.where(number == level, self.keep[at], -np.inf).max(axis=1, initial=-np.inf)
        self.low[at] = np.maximum(low, held)
        self.high[at] = np.where((number > level) & ~pending, up, np.inf).min(axis=1, initial=np.inf)
        self.due[at] = since.min(axis=1, initial=NEVER) + self.hold[at]

    def evaluate(self, readings: Columns, now: Micros, stale_after: Micros) -> Verdict:
        """Judge readings sorted by (series, ts); changes nothing here.

        Skipped: flagged late or not usable, older than `now` by more than `stale_after`, not a number, and not
        newer than what the slot has seen (a redelivery, or late).
        """
        series, ts, value = readings.series, readings.ts, readings.value
        good = ((readings.quality & _SKIP) == 0) & (ts >= now - stale_after)
        if not good.all():
            series, ts, value = series[good], ts[good], value[good]
        verdict = Verdict([], [], [])
        if len(ts):
            for layer in self.layers:
                self._evaluate_layer(layer.take(series, mode="clip"), ts, value, verdict)
        return verdict

    def _evaluate_layer(self, slot: NDArray[np.int32], ts: Ints, value: Floats, verdict: Verdict) -> None:
        fresh = (slot >= 0) & (ts > self.last.take(slot, mode="clip"))
        if not fresh.all():
            slot, ts, value = slot[fresh], ts[fresh], value[fresh]
        if not len(slot):
            return
        signed = value * self.sign[slot]
        calm = (signed >= self.low[slot]) & (signed < self.high[slot]) & (ts < self.due[slot])
        ends = np.append(np.flatnonzero(slot[1:] != slot[:-1]) + 1, len(slot))
        verdict.seen.append((slot[ends - 1].astype(np.int64), ts[ends - 1]))
        if calm.all():
            return
        touched = np.flatnonzero(~calm)
        groups, first = np.unique(np.searchsorted(ends, touched, side="right"), return_index=True)
        for start, end in zip(touched[first].tolist(), ends[groups].tolist(), strict=True):
            self._walk(int(slot[start]), ts[start:end].tolist(), signed[start:end].tolist(), verdict)

    def _walk(self, slot: int, ts: list[int], signed: list[float], verdict: Verdict) -> None:
        """Row by row through what one slot got, from the first reading that may change something."""
        up, keep, hold = self.up[slot].tolist(), self.keep[slot].tolist(), int(self.hold[slot])
        level, since, sign = int(self.level[slot]), self.since[slot].tolist(), float(self.sign[slot])
        for at, value in zip(ts, signed, strict=True):
            if value != value:
                continue
            before = reached = level
            for number in range(level + 1, 5):
                if value < up[number - 1]:
                    since[number - 1] = NEVER
                    continue
                since[number - 1] = min(since[number - 1], at)
                if at - since[number - 1] >= hold:
                    reached = number
            if reached > level:
                level = reached
            else:
                while level and value < keep[level - 1]:
                    level -= 1
            if level != before:
                since[:level] = [NEVER] * level
                verdict.transitions.append(Transition(slot, at, value * sign, before, level))
        verdict.walked.append(Walked(slot, level, since))

    def adopt(self, verdict: Verdict) -> None:
        """Make the state after a committed batch the state."""
        for slots, ts in verdict.seen:
            self.last[slots] = ts
        if verdict.walked:
            at = np.array([walked.slot for walked in verdict.walked])
            self.level[at] = [walked.level for walked in verdict.walked]
            self.since[at] = [walked.since for walked in verdict.walked]
            self.settle_bands(at)

    def warm_up(self, readings: Columns) -> None:
        """From stored readings, sorted by (series, ts), see what is pending; levels stay as they are."""
        good = (readings.quality & _SKIP) == 0
        series, ts, value = readings.series[good], readings.ts[good], readings.value[good]
        for layer in self.layers if len(ts) else []:
            slot = layer.take(series, mode="clip")
            known = slot >= 0
            known[known] = self.hold[slot[known]] > 0
            if known.any():
                self._warm_up_layer(slot[known], ts[known], value[known])

    def _warm_up_layer(self, slot: NDArray[np.int32], ts: Ints, value: Floats) -> None:
        starts = np.append(0, np.flatnonzero(slot[1:] != slot[:-1]) + 1)
        ends = np.append(starts[1:], len(slot))
        at = slot[starts].astype(np.int64)
        beyond = (value * self.sign[slot])[:, None] >= self.up[slot]
        rows = np.arange(len(slot))[:, None]
        # Where the run of readings beyond a level that lasts until the end begins, per slot and level.
        begin = np.maximum.reduceat(np.where(beyond, starts.repeat(ends - starts)[:, None], rows + 1), starts)
        pending = (begin < ends[:, None]) & (np.arange(1, 5) > self.level[at, None])
        self.since[at] = np.where(pending, ts[np.minimum(begin, len(ts) - 1)], NEVER)
        self.last[at] = np.maximum(self.last[at], ts[ends - 1])
        self.settle_bands(at)


def _layers(series: Ints) -> Iterator[NDArray[np.int32]]:
    """Maps from series id to slot, as many as the most rules on one series; the last entry stands for beyond."""
    if not len(series):
        return
    fresh = np.append(True, series[1:] != series[:-1])
    rank = np.arange(len(series)) - np.flatnonzero(fresh)[np.cumsum(fresh) - 1]
    for number in range(int(rank.max()) + 1):
        layer = np.full(int(series[-1]) + 2, -1, np.int32)
        at = np.flatnonzero(rank == number)
        layer[series[at]] = at
        yield layer
