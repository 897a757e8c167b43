"""Rules on silence and flat series, whose slots are looked at one by one: each rule has its own tolerance."""

import numpy as np

from analytics.rules import silence
from analytics.rules.slots import Floats, Ints, Slots
from analytics.rules.verdict import Verdict
from analytics.rules.walk import walk
from hub.models import Columns
from hub.quality import UNJUDGED, Quality
from hub.signals import Signal

_SKIP = np.int16(UNJUDGED)


def evaluate(slots: Slots, signal: Signal, readings: Columns, newer: Ints, since: Ints, verdict: Verdict) -> None:
    """Evaluate readings sorted by (series, ts); `newer` is what the newest one of a slot must be older than.

    Each tells what was reached from a time of its own on: `since`.
    """
    counts = (readings.quality & (_SKIP if signal == "flat" else Quality.LATE)) == 0
    ts, newer, value, since = readings.ts[counts], newer[counts], readings.value[counts], since[counts]
    for slot, row in slots.one_by_one(slots.watches.of(signal, readings.series[counts].astype(np.int64))):
        if signal == "silence":
            silence.evaluate(slots, slot, ts[row], newer[row], since[row], verdict)
        else:
            _evaluate_flat(slots, slot, ts[row], newer[row], value[row], since[row], verdict)


def _evaluate_flat(
    slots: Slots, slot: Ints, ts: Ints, newer: Ints, value: Floats, since: Ints, verdict: Verdict
) -> None:
    fresh, stays_at, seconds, kept = slots.flats.tell(slot, ts, newer, value, slots.tolerance[slots.row[slot]])
    verdict.kept.append(kept)
    slot, ts, newer, since, known = slot[fresh], ts[fresh], newer[fresh], since[fresh], len(verdict.transitions)
    recent = (ts >= since) & (newer > slots.last(slot))
    _walk_touched(slots, slot[recent], ts[recent], seconds[recent], since[recent], verdict)
    if changed := [each.slot for each in verdict.transitions[known:]]:
        of = np.isin(slot, changed)
        keys = zip(slot[of].tolist(), ts[of].tolist(), strict=True)
        verdict.stays_at.update(zip(keys, stays_at[of].tolist(), strict=True))


def _walk_touched(slots: Slots, slot: Ints, ts: Ints, value: Floats, since: Ints, verdict: Verdict) -> None:
    """Through the rows of each slot, from the first in which it may change."""
    if not len(slot):
        return
    signed = value * slots.sign[slot]
    calm = (signed >= slots.low[slot]) & (signed < slots.high[slot]) & (ts < slots.due[slot])
    ends = np.append(np.flatnonzero(slot[1:] != slot[:-1]) + 1, len(slot))
    verdict.seen.append((slots.watch[slot[ends - 1]].astype(np.int64), ts[ends - 1], value[ends - 1]))
    touched = np.flatnonzero(~calm)
    groups, first = np.unique(np.searchsorted(ends, touched, side="right"), return_index=True)
    for start, end in zip(touched[first].tolist(), ends[groups].tolist(), strict=True):
        one = int(slot[start])
        before = value[start - 1] if start and slot[start - 1] == one else slots.value(np.array([one]))[0]
        rows = slice(start, end)
        times, values, begins = ts[rows].tolist(), signed[rows].tolist(), since[rows].tolist()
        walk(slots, one, float(before), times, values, begins, verdict)
