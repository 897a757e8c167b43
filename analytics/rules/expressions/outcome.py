"""What expressions tell of the readings of a batch.

Each time at which a device has a reading of a metric that an expression names is one moment: the expression is
calculated from the newest value of each of its metrics then, in the order of times (turn.py). A reading that comes when
a later moment is calculated already, or replaces what it was calculated with, is known from that one on. Results at one
time are a microsecond apart.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import NEVER as NONE_WAITS
from analytics.reordering.judged import Waiting
from analytics.reordering.newest import Newest
from analytics.rules.expressions.elsewhere import Elsewhere, Nowhere
from analytics.rules.expressions.held import Given, Held, Known
from analytics.rules.expressions.judged import News
from analytics.rules.expressions.own_series import NO_SERIES
from analytics.rules.expressions.rows import Rows, WaitingForSlots
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.expressions.turn import WAIT, Clock, turn_of
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
    known: Known
    """After them, by place, ascending."""


@dataclass(slots=True)
class Outcome:
    """Of a batch."""

    subjects: Subjects
    newest: Newest
    elsewhere: Elsewhere
    held: Held = field(default_factory=Held)
    """What waits after it."""
    to_order: Waiting = field(default_factory=Waiting)
    """By series: what is to be put in order before."""
    moments: list[Moments] = field(default_factory=list)
    news: list[News] = field(default_factory=list)
    """How far slots are calculated of which readings waited, or do."""

    def rows(self) -> Rows:
        """Results that are not stale."""
        parts = [
            (self.subjects.slots[each.place[good]], each.ts[good], each.result[good], each.since[good])
            for each in self.moments
            for good in [each.told & (each.ts >= each.since)]
        ]
        none = np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), np.empty(0, np.int64)
        slot, ts, value, since = (np.concatenate(column) for column in zip(none, *parts, strict=True))
        return Rows(slot, ts, value, since, self.waiting())

    def waiting(self) -> WaitingForSlots:
        """What waits of slots after it."""
        return WaitingForSlots(self.subjects, self.held.waiting(), self.to_order)

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
        subject, only = self.subjects.subject(place), np.array([place])
        known = known_of(self, subject, only, self.held)
        fresh = np.where(ts - known.times[0] > subject.stale, np.nan, known.values[0])
        found = dict(zip(subject.program.inputs, fresh.tolist(), strict=True))
        return found | {
            name: float(each[0]) for name, each in _of_others(subject, only, np.array([ts]), self.elsewhere)
        }


def outcome_of(
    subjects: Subjects,
    slots: Slots,
    newest: Newest,
    readings: Columns,
    message: NDArray[np.int32],
    corrected: NDArray[np.bool_] | None,
    since: Ints | None = None,
    elsewhere: Elsewhere = NOWHERE,
    clock: Clock | None = None,
) -> Outcome:
    """Calculate the expressions that readings reach, sorted by (series, ts); changes nothing.

    `since` tells of each reading before which time it is stale; left out, none is. `elsewhere` knows values of other
    devices, at the times of moments. `clock` tells what waits, and what has waited long enough; left out, nothing
    waits.

    `newest` are the readings of all batches before; `message` is the order of arrival. Late readings, and what is not
    newer than the newest of its series, are skipped, unless it replaces that; one that is not usable makes its metric
    missing.
    """
    outcome = Outcome(subjects, newest, elsewhere)
    if clock is not None:
        outcome.held, outcome.to_order = clock.held, clock.waiting
    if not len(subjects):
        return outcome
    given = _given(outcome, readings, message, corrected, since, clock)
    held = _by_place(subjects, clock)
    if not len(given) and not len(held):
        return outcome
    for subject in subjects.all:
        ends = subject.first, subject.first + len(subject.series)
        some = given.where(slice(*np.searchsorted(given.place, ends).tolist()))
        if clock is None or not subject.program.several:
            if len(some):
                before = known_of(outcome, subject, np.unique(some.place), outcome.held)
                outcome.moments.append(_moments(subject, some, before, outcome, slots))
        else:
            waits = held.where(slice(*np.searchsorted(held.place, ends).tolist()))
            _take_turns(subject, some, waits, outcome, slots, clock)
    return outcome


def _given(
    outcome: Outcome,
    readings: Columns,
    message: NDArray[np.int32],
    corrected: NDArray[np.bool_] | None,
    since: Ints | None,
    clock: Clock | None,
) -> Given:
    """Readings of a batch that reach places."""
    row, place, which = outcome.subjects.reached(readings.series)
    if not len(row):
        return Given()
    series, ts = readings.series[row], readings.ts[row]
    before, _ = known(outcome.newest, series)
    fresh = (ts > before if corrected is None else ts + corrected[row] > before) & (readings.quality[row] & _LATE == 0)
    row, place, which, ts = row[fresh], place[fresh], which[fresh], ts[fresh]
    usable = readings.quality[row] & np.int16(WITHHELD) == 0
    value = np.where(usable, readings.value[row], np.nan)
    stale = np.full(len(row), LONG_AGO) if since is None else since[row]
    over = np.full(len(row), NEVER if clock is None else clock.now + WAIT)
    return Given(place, which, ts, value, stale, over).where(np.lexsort((message[row], ts, place)))


def _by_place(subjects: Subjects, clock: Clock | None) -> Given:
    """What waits, by (place, ts)."""
    if clock is None or not len(clock.held.rows):
        return Given()
    rows = clock.held.rows
    rows = rows.at(subjects.places(rows.place))
    return rows.where(np.argsort(rows.place, kind="stable")).where(slice(int((rows.place < 0).sum()), None))


def _take_turns(subject: Subject, given: Given, waits: Given, outcome: Outcome, slots: Slots, clock: Clock) -> None:
    """Calculate with those whose turn it is, of the places that are reached or have waited long enough."""
    count = len(given)
    if len(waits):
        over = waits.place[(waits.over <= clock.until) | clock.full]
        touched = np.unique(np.append(given.place, over))
        waits = waits.where(np.isin(waits.place, touched))
    if not count and not len(waits):
        return
    fresh = np.arange(len(waits) + count) >= len(waits)
    if len(waits):
        given = waits.followed_by(given)
        order = np.lexsort((given.ts, given.place))
        given, fresh = given.where(order), fresh[order]
    places = np.unique(given.place)
    series = subject.series[places - subject.first]
    heard, _ = known(outcome.newest, series)
    before = known_of(outcome, subject, places, clock.held)
    begins = _begins(series, clock.waiting)
    turn = turn_of(given, fresh, before.until, heard, begins, subject.stale, clock)
    at = outcome.subjects.slots[places]
    if not len(waits) and turn.goes.all():
        moments = _moments(subject, given, before, outcome, slots)
        outcome.moments.append(moments)
        outcome.news.append(News(at, moments.known.until, turn.forced, turn.last, turn.forced))
        return
    goes, stays = given.where(turn.goes), given.where(~turn.goes)
    stays = stays.at_earliest(_ends(subject.series[stays.place - subject.first], stays.ts, clock.waiting))
    after = before
    if len(goes):
        mine = np.isin(places, goes.place)
        moments = _moments(subject, goes, before.where(mine), outcome, slots)
        outcome.moments.append(moments)
        after = _replaced(before, mine, moments.known)
    kept = np.isin(places, stays.place)
    rest = outcome.held.without(at) if len(outcome.held.slots) else outcome.held
    outcome.held = rest.joined(stays.at(outcome.subjects.slots[stays.place]), at[kept], after.where(kept))
    outcome.news.append(News(at, after.until, kept, turn.last, turn.forced | np.isin(places, waits.place)))


def _begins(series: Ints, waiting: Waiting) -> Ints:
    """When the first reading counts of any of the series of places that is to be put in order before."""
    if not len(waiting.series):
        return np.full(len(series), NONE_WAITS)
    begins: Ints = waiting.begins(series.ravel().astype(np.int32)).reshape(series.shape).min(axis=1)
    return begins


def _ends(series: Ints, ts: Ints, waiting: Waiting) -> Ints:
    """When that is judged at the latest that is to be put in order before times of places."""
    if not len(waiting.series) or not len(ts):
        return np.full(len(ts), LONG_AGO)
    ends = waiting.ends(series.ravel().astype(np.int32), np.repeat(ts, series.shape[1]))
    latest: Ints = ends.reshape(series.shape).max(axis=1)
    return latest


def _replaced(known: Known, which: NDArray[np.bool_], by: Known) -> Known:
    until, times, values = known.until.copy(), known.times.copy(), known.values.copy()
    until[which], times[which], values[which] = by.until, by.times, by.values
    return Known(until, times, values)


def known_of(outcome: Outcome, subject: Subject, places: Ints, held: Held) -> Known:
    """What expressions of some places of a subject go by before a batch, or after it."""
    times, values = known(outcome.newest, subject.series[places - subject.first])
    return held.recalled(outcome.subjects.slots[places], Known(times.max(axis=1), times, values))


def _moments(subject: Subject, given: Given, before: Known, outcome: Outcome, slots: Slots) -> Moments:
    begins = np.append(True, given.place[1:] != given.place[:-1])
    another = begins | np.append(True, given.ts[1:] != given.ts[:-1])
    # Before the moments of each place stands what was known of it.
    moment = np.cumsum(another) - 1 + np.cumsum(begins)
    heads = moment[begins] - 1
    count = int(moment[-1]) + 1
    place, ts, told = np.empty(count, np.int64), np.empty(count, np.int64), np.ones(count, np.bool_)
    place[moment], ts[moment] = given.place, given.ts
    place[heads], told[heads] = given.place[begins], False
    since = np.full(count, NEVER)
    np.minimum.at(since, moment, given.since)
    ts[heads] = before.until
    at, last = _rising(ts, heads, 0), np.append(heads[1:], count) - 1
    found: dict[Input, Floats] = {}
    times, values = before.times.copy(), before.values.copy()
    for number, name in enumerate(subject.program.inputs):
        mine = given.which == number
        source, when = np.full(count, np.nan), np.full(count, LONG_AGO)
        source[heads], when[heads] = values[:, number], times[:, number]
        source[moment[mine]], when[moment[mine]] = given.value[mine], given.ts[mine]
        has = np.zeros(count, np.int64)
        has[heads], has[moment[mine]] = heads, moment[mine]
        from_ = np.maximum.accumulate(has)
        found[name] = np.where(at - when[from_] > subject.stale, np.nan, source[from_])
        times[:, number], values[:, number] = when[from_[last]], source[from_[last]]
    after = Known(at[last], times, values)
    found |= _of_others(subject, place, at, outcome.elsewhere)
    result = subject.program(found, count)
    kept = ~told | ~np.isnan(result)
    heads, place = np.flatnonzero(~told[kept]), place[kept]
    at = at[kept]
    at[heads] = slots.last(outcome.subjects.slots[place[heads]])
    values_kept = {name: column[kept] for name, column in found.items()}
    return Moments(subject, place, _rising(at, heads, 1), values_kept, told[kept], result[kept], since[kept], after)


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
