"""Threshold rules over arrays: levels with hysteresis and hold time, for all series at once.

Readings inside the band of what is watched cost a few array operations and no Python, whatever rules watch it. A
level that pends is reached when its hold time has passed, by the time of the readings: at the reading that comes just
then and is still beyond, or without one, if none came before: as much later as the newest reading took to come, for the
one that would end it may take as long. In the same way a level is left when the value has been back behind it for the
clear time. So it makes no difference when and in which batches readings come.
"""

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Waiting
from analytics.rules import growing, silence
from analytics.rules.expressions.rows import Rows, WaitingForSlots
from analytics.rules.slots import LONG_AGO, NEVER, Floats, Ints, Slots
from analytics.rules.verdict import Verdict
from analytics.rules.walk import ripen, walk
from analytics.rules.watches import stretches
from hub.models import Columns, Micros
from hub.quality import NEVER_JUDGED, UNJUDGED
from hub.signals import GROWING, LEARNED, Signals

_NUMBERS = np.arange(1, 5)
_SKIP = np.int16(UNJUDGED)
_SKIP_FLAGGED = np.int16(NEVER_JUDGED)
AT_ONCE = 250_000
"""Readings that slots look at one by one, at once: 80 bytes each."""


def evaluate(
    slots: Slots,
    readings: Columns,
    oldest: Micros,
    until: Micros,
    corrected: NDArray[np.bool_] | None = None,
    signals: Signals | None = None,
    waiting: Waiting | None = None,
    rows: Rows | None = None,
    since: Ints | None = None,
) -> Verdict:
    """Evaluate readings sorted by (series, ts), and hold and clear times ending by `until`; does not modify state.

    Skipped: flagged late or not usable, before `oldest`, not a number, and not newer than what the slot has seen (a
    redelivery, or late), unless it replaces just that: `corrected` is a mask of those that replace a stored one. A hold
    time that ended before `oldest` waits for the next reading. Rules that watch a signal see what `signals` tells of
    these readings where they would see the value; without it they see no readings. For rules on silence each reading
    counts that is not late; for those on flat series each that is usable, however old. No time ends before readings
    that are `waiting` and may be of before its end. `rows` are what rules with an expression see. `since` is what
    `oldest` is for each reading, and for what ends before it; left out, it is the same for all. A rule on `flagged`
    readings sees those too that are not usable, but for NEVER_JUDGED.
    """
    series, ts, value = readings.series, readings.ts, readings.value
    # What the newest reading of a slot must be older than: one that is replaced does not count.
    all_newer = newer = ts if corrected is None else ts + corrected
    all_since = since = np.broadcast_to(np.int64(oldest), ts.shape) if since is None else since
    good = ((readings.quality & _SKIP) == 0) & (ts >= since)
    if not good.all():
        series, ts, value, newer, since = series[good], ts[good], value[good], newer[good], since[good]
    verdict = Verdict()

    def of_signal(watch: NDArray[np.int32], at: Ints, newer: Ints, watched: Floats, since: Ints) -> None:
        before = len(verdict.seen)
        _evaluate_watched(slots, watch, at, newer, watched, since, verdict)
        verdict.signals += verdict.seen[before:]

    for signal, index in slots.watches.by_signal.items() if len(readings) else ():
        if signal == "flagged":
            judged = ((readings.quality & _SKIP_FLAGGED) == 0) & (readings.ts >= all_since)
            watch, rows_ = index.take(readings.series[judged], mode="clip"), readings.where(judged)
            of_signal(watch, rows_.ts, all_newer[judged], rows_.value, all_since[judged])
        elif signal in GROWING:
            growing.evaluate(slots, signal, readings, all_newer, all_since, verdict)
        elif signal == "value":
            _evaluate_watched(slots, index.take(series, mode="clip"), ts, newer, value, since, verdict)
        elif signal in LEARNED and signals is not None and len(signals):
            watched = signals.of(signal)[good]
            told = ~np.isnan(watched)
            watch = index.take(series[told], mode="clip")
            of_signal(watch, ts[told], newer[told], watched[told], since[told])
    if rows is not None and len(rows.slot):
        of_signal(slots.watch[rows.slot], rows.ts, rows.ts, rows.value, rows.since)
    if slots.next_due <= until:
        _let_ripen(slots, oldest, until, verdict, waiting or Waiting(), rows and rows.waiting)
    return verdict


def _evaluate_watched(
    slots: Slots, index: NDArray[np.int32], ts: Ints, newer: Ints, value: Floats, since: Ints, verdict: Verdict
) -> None:
    watch: Ints = index.astype(np.int64)  # numpy indexes by it three times as fast as by int32
    w = slots.watches
    fresh = (watch >= 0) & (newer > w.last.take(watch, mode="clip"))
    if not fresh.all():
        watch, ts, value, newer, since = watch[fresh], ts[fresh], value[fresh], newer[fresh], since[fresh]
    if not len(watch):
        return
    calm = (value >= w.low[watch]) & (value <= w.high[watch]) & (ts < w.due[watch])
    ends = np.append(np.flatnonzero(watch[1:] != watch[:-1]) + 1, len(watch))
    newest = ends - 1 if len(ends) < len(watch) else slice(None)
    verdict.seen.append((watch[newest], ts[newest], value[newest]))
    if calm.all():
        return
    _evaluate_slots(slots, (watch, ts, value, since), np.flatnonzero(~calm), ends, verdict)


def _evaluate_slots(
    slots: Slots,
    columns: tuple[Ints, Ints, Floats, Ints],
    touched: Ints,
    ends: Ints,
    verdict: Verdict,
) -> None:
    """Slot by slot through what is watched, from the first of the rows `touched` in which one may change.

    Columns are watch, time, value, and since when times end; `ends` are those of the rows of a watch.
    """
    watch, ts, value, since = columns
    runs, first = np.unique(np.searchsorted(ends, touched, side="right"), return_index=True)
    verdict.touched.append(watch[touched[first]])
    counts = np.diff(np.append(first, len(touched)))
    looks = np.cumsum(slots.watches.count[watch[touched[first]]] * counts)
    for some in np.split(np.arange(len(runs)), np.flatnonzero(np.diff(looks // AT_ONCE)) + 1):
        at, which = slots.watches.slots(watch[touched[first[some]]])
        lengths = counts[some][which]
        row, slot = touched[stretches(first[some][which], lengths)], np.repeat(at, lengths)
        signed = value[row] * slots.sign[slot]
        calm = (signed >= slots.low[slot]) & (signed < slots.high[slot]) & (ts[row] < slots.due[slot])
        changed = np.flatnonzero(~calm)
        pairs, begin = np.unique(np.searchsorted(np.cumsum(lengths), changed, side="right"), return_index=True)
        starts, stops = row[changed[begin]], ends[runs[some][which[pairs]]]
        for one, start, stop in zip(at[pairs].tolist(), starts.tolist(), stops.tolist(), strict=True):
            inside = start > 0 and watch[start - 1] == watch[start]
            before = value[start - 1] if inside else slots.value(np.array([one]))[0]
            rows = value[start:stop] * slots.sign[one]
            walk(slots, one, float(before), ts[start:stop].tolist(), rows.tolist(), since[start:stop].tolist(), verdict)


def _let_ripen(
    slots: Slots, oldest: Micros, until: Micros, verdict: Verdict, waiting: Waiting, of_slots: WaitingForSlots | None
) -> None:
    """Slots that are due; those that have readings in this batch wait for the next one. `waiting` is by series, and
    `of_slots` of those with an expression."""
    timed = slots.timed()
    ripe = timed[(slots.due[timed] + slots.lag(timed) <= until) & _may_ripen(slots, timed, oldest)]
    seen = np.concatenate([np.empty(0, np.int64), *(watches for watches, *_ in verdict.seen)])
    ripe = np.sort(ripe[~np.isin(slots.watch[ripe], seen)])
    first = waiting.begins(slots.series[ripe])
    ends = waiting.ends(slots.series[ripe], slots.due[ripe])
    if of_slots is not None:
        first = np.minimum(first, of_slots.begins(ripe))
        ends = np.maximum(ends, of_slots.ends(ripe, slots.due[ripe]))
    if len(ripe):
        waits = ends > LONG_AGO
        verdict.waits.append((ripe[waits], ends[waits] - slots.due[ripe[waits]]))
        ripe, first = ripe[~waits], first[~waits]
    grows = set(silence.silent(slots, ripe).tolist())
    for slot, ends in zip(ripe.tolist(), first.tolist(), strict=True):
        by = min(until - int(slots.lag(slot)), ends - 1)
        if slot in grows:
            silence.ripen(slots, slot, by, verdict)
        else:
            ripen(slots, slot, oldest - int(slots.lag(slot)), by, verdict)


def _may_ripen(slots: Slots, at: Ints, oldest: Micros) -> NDArray[np.bool_]:
    """Of some slots; not hold times that ended before `oldest`, by the clock."""
    may: NDArray[np.bool_] = (slots.due[at] + slots.lag(at) >= oldest) | slots.falls(at)
    if not may.all() and "silence" in slots.watches.by_signal:
        may |= np.isin(at, silence.silent(slots, at[~may]))
    return may


def adopt(slots: Slots, verdict: Verdict, now: Micros = LONG_AGO) -> None:
    """Adopt the state after a committed batch, which had been received by `now`."""
    w = slots.watches
    for at, ts, value in verdict.seen:
        w.last[at] = ts
        w.lag[at] = np.maximum(now - ts, 0)
        w.value[at] = value
    for at in verdict.heard:
        silence.adopt(slots, at)
    for kept in verdict.kept:
        slots.flats.adopt(kept)
    for at, lag in verdict.waits:
        np.maximum.at(w.lag, slots.watch[at], lag)
    if verdict.walked:
        settled = np.array([walked.slot for walked in verdict.walked])
        slots.level[settled] = [walked.level for walked in verdict.walked]
        slots.since[settled] = [walked.since for walked in verdict.walked]
        slots.settle_bands(settled)
        verdict.touched.append(slots.watch[settled].astype(np.int64))
    if verdict.touched:
        slots.tighten(np.unique(np.concatenate(verdict.touched)))


def next_due(slots: Slots, oldest: Micros) -> Micros | None:
    """When a hold or clear time ends next, without holds that ended before `oldest`; None: none is under way."""
    timed = slots.timed()
    ahead = (slots.due[timed] + slots.lag(timed))[_may_ripen(slots, timed, oldest)]
    slots.next_due = int(ahead.min(initial=NEVER))
    return None if slots.next_due >= NEVER else slots.next_due


def warm_up(slots: Slots, readings: Columns) -> None:
    """Derive pending levels of values from stored readings sorted by (series, ts); levels are unchanged."""
    good = (readings.quality & _SKIP) == 0
    series, ts, value = readings.series[good], readings.ts[good], readings.value[good]
    watch, w = slots.watches.of("value", series), slots.watches
    newest = np.flatnonzero(np.append(watch[1:] != watch[:-1], True)[: len(watch)] & (watch >= 0))
    w.last[watch[newest]] = np.maximum(w.last[watch[newest]], ts[newest])
    w.value[watch[newest]] = value[newest]
    for slot, row in slots.one_by_one(watch):
        held = np.maximum(slots.hold, slots.clear)[slots.row[slot]] > 0
        if held.any():
            _warm_up(slots, slot[held], ts[row[held]], value[row[held]])


def _warm_up(slots: Slots, slot: Ints, ts: Ints, value: Floats) -> None:
    starts = np.append(0, np.flatnonzero(slot[1:] != slot[:-1]) + 1)
    ends = np.append(starts[1:], len(slot))
    at = slot[starts]
    row, signed, reached = slots.row[slot], (value * slots.sign[slot])[:, None], slots.level[slot, None] >= _NUMBERS
    held, back = slots.hold[row, None] > 0, (slots.clear[row, None] > 0) & np.isfinite(slots.keep[row])
    goes = np.where(
        reached, back & (signed < slots.keep[row]), held & (signed >= slots.up[row]) & np.isfinite(slots.up[row])
    )
    rows = np.arange(len(slot))[:, None]
    # Where the run of readings beyond a level, or back from it, that lasts until the end begins, per slot and level.
    begin = np.maximum.reduceat(np.where(goes, starts.repeat(ends - starts)[:, None], rows + 1), starts)
    slots.since[at] = np.where(begin < ends[:, None], ts[np.minimum(begin, len(ts) - 1)], NEVER)
    slots.settle_bands(at)
