"""What expressions tell of the readings of a batch.

Each message that brings a reading of a metric that an expression names is one moment: the expression is calculated
from the newest value of each of its metrics, in the order in which the messages came, and so the same for any batches.
The time of a moment is that of its reading, but not before that of the moment before: a reading that is older than
what came before of another metric is known from then on. Results at one time are a microsecond apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.newest import Newest
from analytics.rules.expressions.elsewhere import Elsewhere, Nowhere
from analytics.rules.expressions.own_series import NO_SERIES
from analytics.rules.expressions.rows import Rows
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.slots import LONG_AGO, NEVER, Floats, Ints, Slots
from devices.expressions.inputs import Input
from hub.models import Columns, Micros
from hub.quality import WITHHELD, Quality

NOWHERE = Nowhere()
_LATE = np.int16(Quality.LATE)


class Moments(NamedTuple):
    """Those of one subject that tell something, by (place, time); before them stands what was known of each place."""

    subject: Subject
    place: Ints
    ts: Ints
    values: dict[Input, Floats]
    """NaN where a value is missing, or too old at that time."""
    told: NDArray[np.bool_]
    """False of what stands before them."""
    result: Floats
    since: Ints
    """Results before it are stale."""


@dataclass(slots=True)
class Outcome:
    """Of a batch."""

    subjects: Subjects
    newest: Newest
    elsewhere: Elsewhere
    moments: list[Moments] = field(default_factory=list)

    def rows(self) -> Rows:
        """Results that are not stale."""
        parts = [
            (self.subjects.slots[each.place[good]], each.ts[good], each.result[good], each.since[good])
            for each in self.moments
            for good in [each.told & (each.ts >= each.since)]
        ]
        if not parts:
            return Rows(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64))
        return Rows(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def why(self, slot: int, value: float, ts: Micros) -> dict[str, Any] | None:
        """The values that a level goes by that changes at a time; None: the slot has no expression."""
        place = self.subjects.place(slot)
        if place is None:
            return None
        values = self._values(place, ts)
        metrics = {str(name): None if np.isnan(known) else known for name, known in values.items()}
        return {"signal": "expression", "value": value, "metrics": metrics}

    def _values(self, place: int, ts: Micros) -> dict[Input, float]:
        for each in self.moments:
            begin, end = np.searchsorted(each.place, (place, place + 1))
            if begin < end:
                at = max(begin, begin + int(np.searchsorted(each.ts[begin:end], ts, side="right")) - 1)
                return {name: float(values[at]) for name, values in each.values.items()}
        subject = self.subjects.subject(place)
        series = subject.series[place - subject.first]
        times, values = known(self.newest, series)
        fresh = np.where(ts - times > subject.stale, np.nan, values)
        found = dict(zip(subject.program.inputs, fresh.tolist(), strict=True))
        at, only = np.array([ts]), np.array([place])
        return found | {name: float(column[0]) for name, column in _of_others(subject, only, at, self.elsewhere)}


def outcome_of(
    subjects: Subjects,
    slots: Slots,
    newest: Newest,
    readings: Columns,
    message: NDArray[np.int32],
    corrected: NDArray[np.bool_] | None,
    since: Ints | None = None,
    elsewhere: Elsewhere = NOWHERE,
) -> Outcome:
    """Calculate the expressions that readings reach, sorted by (series, ts); changes nothing.

    `since` tells of each reading before which time it is stale; left out, none is. `elsewhere` knows values of other
    devices, at the times of moments.

    `newest` are the readings of all batches before; `message` is the order of arrival. Late readings, and what is not
    newer than the newest of its series, are skipped, unless it replaces that; one that is not usable makes its metric
    missing.
    """
    outcome = Outcome(subjects, newest, elsewhere)
    if not len(subjects) or not len(readings):
        return outcome
    row, place, which = subjects.reached(readings.series)
    if not len(row):
        return outcome
    series, ts = readings.series[row], readings.ts[row]
    before, _ = known(newest, series)
    fresh = (ts > before if corrected is None else ts + corrected[row] > before) & (readings.quality[row] & _LATE == 0)
    row, place, which, ts = row[fresh], place[fresh], which[fresh], ts[fresh]
    usable = readings.quality[row] & np.int16(WITHHELD) == 0
    value = np.where(usable, readings.value[row], np.nan)
    order = np.lexsort((ts, message[row], place))
    stale = np.full(len(row), LONG_AGO) if since is None else since[row]
    given = _Given(place[order], which[order], message[row][order], ts[order], value[order], stale[order])
    for subject in subjects.all:
        begin, end = np.searchsorted(given.place, (subject.first, subject.first + len(subject.series)))
        if begin < end:
            outcome.moments.append(_moments(subject, given.part(int(begin), int(end)), outcome, slots))
    return outcome


class _Given(NamedTuple):
    """Readings that reach inputs, by (place, message, ts)."""

    place: Ints
    which: Ints
    message: Ints
    ts: Ints
    value: Floats
    since: Ints

    def part(self, begin: int, end: int) -> "_Given":
        """Rows from `begin` to before `end`."""
        rows = slice(begin, end)
        place, which, message, ts, value, since = self
        return _Given(place[rows], which[rows], message[rows], ts[rows], value[rows], since[rows])


def _moments(subject: Subject, given: _Given, outcome: Outcome, slots: Slots) -> Moments:
    begins = np.append(True, given.place[1:] != given.place[:-1])
    another = begins | np.append(True, (given.message[1:] != given.message[:-1]) | (given.ts[1:] != given.ts[:-1]))
    # Before the moments of each place stands what was known of it.
    moment = np.cumsum(another) - 1 + np.cumsum(begins)
    heads = moment[begins] - 1
    count = int(moment[-1]) + 1
    place, ts, told = np.empty(count, np.int64), np.empty(count, np.int64), np.ones(count, np.bool_)
    place[moment], ts[moment] = given.place, given.ts
    place[heads], told[heads] = given.place[begins], False
    since = np.full(count, NEVER)
    np.minimum.at(since, moment, given.since)
    times, values = known(outcome.newest, subject.series[place[heads] - subject.first])
    ts[heads] = times.max(axis=1)
    at = _rising(ts, heads, 0)
    found: dict[Input, Floats] = {}
    for number, name in enumerate(subject.program.inputs):
        mine = given.which == number
        source, when = np.full(count, np.nan), np.full(count, LONG_AGO)
        source[heads], when[heads] = values[:, number], times[:, number]
        source[moment[mine]], when[moment[mine]] = given.value[mine], given.ts[mine]
        has = np.zeros(count, np.int64)
        has[heads], has[moment[mine]] = heads, moment[mine]
        from_ = np.maximum.accumulate(has)
        found[name] = np.where(at - when[from_] > subject.stale, np.nan, source[from_])
    found |= _of_others(subject, place, at, outcome.elsewhere)
    result = subject.program(found, count)
    kept = ~told | ~np.isnan(result)
    heads, place = np.flatnonzero(~told[kept]), place[kept]
    at = at[kept]
    at[heads] = slots.last(outcome.subjects.slots[place[heads]])
    values_kept = {name: column[kept] for name, column in found.items()}
    return Moments(subject, place, _rising(at, heads, 1), values_kept, told[kept], result[kept], since[kept])


def _of_others(subject: Subject, place: Ints, at: Ints, elsewhere: Elsewhere) -> Iterator[tuple[Input, Floats]]:
    """What is named of other devices, at times of places."""
    if subject.whose is not None:
        whose = subject.whose._replace(devices=subject.whose.devices[place - subject.first])
        for name in subject.program.inputs:
            if name.scope != "device":
                yield name, elsewhere.column(name, whose, at, subject.stale)


def _rising(ts: Ints, heads: Ints, step: Micros) -> Ints:
    """Times that rise by a step at least within each stretch that begins at a head."""
    stretch = np.zeros(len(ts), np.int64)
    stretch[heads] = 1
    stretch = np.cumsum(stretch) - 1
    number = step * (np.arange(len(ts)) - heads[stretch])
    distinct, rank = np.unique(ts - number, return_inverse=True)
    highest = np.maximum.accumulate(stretch * len(distinct) + rank) - stretch * len(distinct)
    rising: Ints = distinct[highest] + number
    return rising


def known(newest: Newest, series: Ints | NDArray[np.int32]) -> tuple[Ints, Floats]:
    """When the newest readings of series count (LONG_AGO: there is none), and their values: NaN where not usable."""
    times, values, quality = newest.of(np.maximum(series, 0))
    there = (series != NO_SERIES) & (times > LONG_AGO)
    return (
        np.where(there, times, LONG_AGO),
        np.where(there & (quality & np.int16(WITHHELD) == 0), values, np.nan),
    )
