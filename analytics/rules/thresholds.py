"""Threshold rules over arrays: levels with hysteresis and hold time, for all series at once.

Readings inside the band of their slot cost a few array operations and no Python. A level that pends is reached when
its hold time has passed, by the time of the readings: at the reading that comes just then and is still beyond, or
without one, if none came before: as much later as the newest reading took to come, for the one that would end it may
take as long. In the same way a level is left when the value has been back behind it for the clear time. So it makes no
difference when and in which batches readings come.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Waiting
from analytics.rules import silence
from analytics.rules.expressions.rows import Rows
from analytics.rules.slots import LONG_AGO, NEVER, Floats, Ints, Slots
from analytics.rules.verdict import Transition, Verdict, Walked
from hub.models import Columns, Micros
from hub.quality import UNUSABLE, Quality
from hub.signals import GROWING, Signal, Signals

_NUMBERS = np.arange(1, 5)
_SKIP = np.int16(Quality.LATE | UNUSABLE)


def evaluate(
    slots: Slots,
    readings: Columns,
    oldest: Micros,
    until: Micros,
    corrected: NDArray[np.bool_] | None = None,
    signals: Signals | None = None,
    waiting: Waiting | None = None,
    rows: Rows | None = None,
) -> Verdict:
    """Evaluate readings sorted by (series, ts), and hold and clear times ending by `until`; does not modify state.

    Skipped: flagged late or not usable, before `oldest`, not a number, and not newer than what the slot has seen (a
    redelivery, or late), unless it replaces just that: `corrected` is a mask of those that replace a stored one. A hold
    time that ended before `oldest` waits for the next reading. Rules that watch a signal see what `signals` tells of
    these readings where they would see the value; without it they see no readings. For rules on silence each reading
    counts that is not late; for those on flat series each that is usable, however old. No time ends before readings
    that are `waiting` and may be of before its end. `rows` are what rules with an expression see.
    """
    series, ts, value = readings.series, readings.ts, readings.value
    # What the newest reading of a slot must be older than: one that is replaced does not count.
    newer = ts if corrected is None else ts + corrected
    good = ((readings.quality & _SKIP) == 0) & (ts >= oldest)
    if not good.all():
        series, ts, value, newer = series[good], ts[good], value[good], newer[good]
    verdict = Verdict()
    for layer, signal in zip(slots.layers, slots.signals, strict=True) if len(readings) else ():
        if signal in GROWING:
            _evaluate_growing(slots, layer, signal, readings, corrected, oldest, verdict)
        elif signal == "value":
            _evaluate_layer(slots, layer.take(series, mode="clip"), ts, newer, value, oldest, verdict)
        elif signal != "expression" and signals is not None and len(signals):
            watched = signals.of(signal)[good]
            told = ~np.isnan(watched)
            slot = layer.take(series[told], mode="clip")
            _evaluate_layer(slots, slot, ts[told], newer[told], watched[told], oldest, verdict)
    if rows is not None and len(rows.slot):
        _evaluate_layer(slots, rows.slot, rows.ts, rows.ts, rows.value, oldest, verdict)
    if slots.next_due <= until:
        _let_ripen(slots, oldest, until, verdict, waiting)
    return verdict


def _evaluate_growing(
    slots: Slots,
    layer: NDArray[np.int32],
    signal: Signal,
    readings: Columns,
    corrected: NDArray[np.bool_] | None,
    oldest: Micros,
    verdict: Verdict,
) -> None:
    newer = readings.ts if corrected is None else readings.ts + corrected
    counts = (readings.quality & (_SKIP if signal == "flat" else Quality.LATE)) == 0
    series, ts, newer = readings.series[counts], readings.ts[counts], newer[counts]
    slot = layer.take(series, mode="clip").astype(np.int64)
    if signal == "silence":
        silence.evaluate(slots, slot, ts, newer, oldest, verdict)
        return
    value, tolerance = readings.value[counts], slots.tolerance.take(slots.row.take(slot, mode="clip"), mode="clip")
    fresh, stays_at, seconds, kept = slots.flats.tell(slot, ts, newer, value, tolerance)
    verdict.kept.append(kept)
    slot, ts, newer, known = slot[fresh], ts[fresh], newer[fresh], len(verdict.transitions)
    recent = ts >= oldest
    _evaluate_layer(slots, slot[recent], ts[recent], newer[recent], seconds[recent], oldest, verdict)
    if changed := [each.slot for each in verdict.transitions[known:]]:
        of = np.isin(slot, changed)
        keys = zip(slot[of].tolist(), ts[of].tolist(), strict=True)
        verdict.stays_at.update(zip(keys, stays_at[of].tolist(), strict=True))


def _evaluate_layer(
    slots: Slots, layer: NDArray[Any], ts: Ints, newer: Ints, value: Floats, oldest: Micros, verdict: Verdict
) -> None:
    slot: Ints = layer.astype(np.int64)  # numpy indexes by it three times as fast as by int32
    fresh = (slot >= 0) & (newer > slots.last.take(slot, mode="clip"))
    if not fresh.all():
        slot, ts, value = slot[fresh], ts[fresh], value[fresh]
    if not len(slot):
        return
    signed = value * slots.sign[slot]
    calm = (signed >= slots.low[slot]) & (signed < slots.high[slot]) & (ts < slots.due[slot])
    ends = np.append(np.flatnonzero(slot[1:] != slot[:-1]) + 1, len(slot))
    newest = ends - 1 if len(ends) < len(slot) else slice(None)
    verdict.seen.append((slot[newest], ts[newest], value[newest]))
    if calm.all():
        return
    touched = np.flatnonzero(~calm)
    groups, first = np.unique(np.searchsorted(ends, touched, side="right"), return_index=True)
    for start, end in zip(touched[first].tolist(), ends[groups].tolist(), strict=True):
        one = int(slot[start])
        before = value[start - 1] if start and slot[start - 1] == one else slots.value[one]
        _walk(slots, one, float(before), ts[start:end].tolist(), signed[start:end].tolist(), oldest, verdict)


def _walk(
    slots: Slots, slot: int, known: float, ts: Sequence[int], signed: Sequence[float], oldest: Micros, verdict: Verdict
) -> None:
    """Row by row through what one slot got, from the first reading that may change something.

    `known` is the value before that, not signed.
    """
    row, sign = slots.row[slot], float(slots.sign[slot])
    times = _Times(slots.up[row].tolist(), slots.keep[row].tolist(), int(slots.hold[row]), int(slots.clear[row]))
    level, since, known = int(slots.level[slot]), slots.since[slot].tolist(), known * sign
    low, high, due = np.inf, -np.inf, LONG_AGO  # the band is not known: nothing is inside
    for at, value in zip(ts, signed, strict=True):
        if low <= value < high and at < due:
            known = value
            continue
        if value != value:
            continue
        level = _ripened(slot, level, since, times, oldest, at - 1, known * sign, verdict)
        known, before = value, level
        level = _stepped(level, since, times, at, value)
        if level != before:
            verdict.transitions.append(Transition(slot, at, value * sign, before, level))
        low, high, due = _band(level, since, times)
    verdict.walked.append(Walked(slot, level, since))


class _Times(NamedTuple):
    """A rule for one slot."""

    up: list[float]
    keep: list[float]
    hold: Micros
    clear: Micros


def _stepped(level: int, since: list[Micros], rule: _Times, at: Micros, value: float) -> int:
    """The level after a reading; changes `since`."""
    for number in range(1, level + 1):
        back = value < rule.keep[number - 1] < np.inf
        since[number - 1] = min(since[number - 1], at) if back else NEVER
    reached = level
    for number in range(level + 1, 5):
        if value < rule.up[number - 1] or rule.up[number - 1] == np.inf:
            since[number - 1] = NEVER
            continue
        since[number - 1] = min(since[number - 1], at)
        if at - since[number - 1] >= rule.hold:
            reached = number
    if reached == level:
        return _fallen(level, since, rule, at)
    since[:reached] = [NEVER] * reached
    return reached


def _fallen(level: int, since: list[Micros], rule: _Times, at: Micros) -> int:
    """The level once clear times that end by `at` have passed; one that the rule has not is left. Changes `since`."""
    while level and (rule.keep[level - 1] == np.inf or since[level - 1] + rule.clear <= at):
        since[level - 1] = NEVER
        level -= 1
    return level


def _ends(level: int, since: Sequence[Micros], rule: _Times) -> tuple[Micros, bool]:
    """When the first time ends, and whether the level is left then."""
    rises = min(since[level:], default=NEVER) + rule.hold
    falls = since[level - 1] + rule.clear if level else NEVER
    return (falls, True) if falls < rises else (rises, False)


def _band(level: int, since: Sequence[Micros], rule: _Times) -> tuple[float, float, Micros]:
    """As Slots.settle_bands, of one slot."""
    low, high = -np.inf, np.inf
    for number, (start, up, keep) in enumerate(zip(since, rule.up, rule.keep, strict=True), 1):
        if number > level:
            low, high = (max(low, up), high) if start != NEVER else (low, min(high, up))
        elif keep < np.inf or number == level:  # one that the rule has not is left with the next reading
            low, high = (low, min(high, keep)) if start != NEVER else (max(low, keep), high)
    return low, high, _ends(level, since, rule)[0]


def _ripened(
    slot: int,
    level: int,
    since: list[Micros],
    rule: _Times,
    oldest: Micros,
    until: Micros,
    value: float,
    verdict: Verdict,
) -> int:
    """The level once hold times that end from `oldest` to `until`, and clear times, have passed; changes `since`."""
    while True:
        due, falls = _ends(level, since, rule)
        if due > until or (due < oldest and not falls):
            return level
        if falls:
            after = _fallen(level, since, rule, due)
        else:
            after = max(number for number in range(level + 1, 5) if since[number - 1] + rule.hold == due)
            since[:after] = [NEVER] * after
        verdict.transitions.append(Transition(slot, due, value, level, after))
        level = after


def _let_ripen(slots: Slots, oldest: Micros, until: Micros, verdict: Verdict, waiting: Waiting | None) -> None:
    """Slots that are due; those that have readings in this batch wait for the next one."""
    due = (slots.due + slots.lag <= until) & _may_ripen(slots, oldest)
    for seen, *_ in verdict.seen:
        due[seen] = False
    ripe = np.flatnonzero(due)
    if waiting is not None and len(waiting.series):
        ends = waiting.ends(slots.series[ripe], slots.due[ripe])
        waits = ends > LONG_AGO
        verdict.waits = ripe[waits], ends[waits] - slots.due[ripe[waits]]
        ripe = ripe[~waits]
    grows = set(silence.silent(slots, ripe).tolist())
    for slot in ripe.tolist():
        by = until - int(slots.lag[slot])
        if slot in grows:
            silence.ripen(slots, slot, by, verdict)
            continue
        row, since = slots.row[slot], slots.since[slot].tolist()
        times = _Times(slots.up[row].tolist(), slots.keep[row].tolist(), int(slots.hold[row]), int(slots.clear[row]))
        level = int(slots.level[slot])
        level = _ripened(slot, level, since, times, oldest, by, float(slots.value[slot]), verdict)
        verdict.walked.append(Walked(slot, level, since))


def _may_ripen(slots: Slots, oldest: Micros) -> NDArray[np.bool_]:
    """Not hold times that ended before `oldest`."""
    may = (slots.due >= oldest) | slots.falls()
    if not may.all() and "silence" in slots.signals:
        may[silence.silent(slots, ~may & (slots.row >= 0))] = True
    return may


def adopt(slots: Slots, verdict: Verdict, now: Micros = LONG_AGO) -> None:
    """Adopt the state after a committed batch, which had been received by `now`."""
    for at, ts, value in verdict.seen:
        slots.last[at] = ts
        slots.lag[at] = np.maximum(now - ts, 0)
        slots.value[at] = value
    for at in verdict.heard:
        silence.adopt(slots, at)
    for kept in verdict.kept:
        slots.flats.adopt(kept)
    if verdict.waits is not None:
        at, lag = verdict.waits
        slots.lag[at] = np.maximum(slots.lag[at], lag)
    if verdict.walked:
        settled = np.array([walked.slot for walked in verdict.walked])
        slots.level[settled] = [walked.level for walked in verdict.walked]
        slots.since[settled] = [walked.since for walked in verdict.walked]
        slots.settle_bands(settled)


def next_due(slots: Slots, oldest: Micros) -> Micros | None:
    """When a hold or clear time ends next, without holds that ended before `oldest`; None: none is under way."""
    ahead = (slots.due + slots.lag)[_may_ripen(slots, oldest)]
    slots.next_due = int(ahead.min(initial=NEVER))
    return None if slots.next_due >= NEVER else slots.next_due


def warm_up(slots: Slots, readings: Columns) -> None:
    """Derive pending levels of values from stored readings sorted by (series, ts); levels are unchanged."""
    good = (readings.quality & _SKIP) == 0
    series, ts, value = readings.series[good], readings.ts[good], readings.value[good]
    for layer in [each for each, signal in zip(slots.layers, slots.signals, strict=True) if signal == "value"]:
        slot = layer.take(series, mode="clip")
        known = slot >= 0
        row = slots.row[slot[known]]
        known[known] = (slots.hold[row] > 0) | (slots.clear[row] > 0)
        if known.any():
            _warm_up_layer(slots, slot[known], ts[known], value[known])


def _warm_up_layer(slots: Slots, slot: NDArray[np.int32], ts: Ints, value: Floats) -> None:
    starts = np.append(0, np.flatnonzero(slot[1:] != slot[:-1]) + 1)
    ends = np.append(starts[1:], len(slot))
    at = slot[starts].astype(np.int64)
    row, signed, reached = slots.row[slot], (value * slots.sign[slot])[:, None], slots.level[slot, None] >= _NUMBERS
    held, back = slots.hold[row, None] > 0, (slots.clear[row, None] > 0) & np.isfinite(slots.keep[row])
    goes = np.where(
        reached, back & (signed < slots.keep[row]), held & (signed >= slots.up[row]) & np.isfinite(slots.up[row])
    )
    rows = np.arange(len(slot))[:, None]
    # Where the run of readings beyond a level, or back from it, that lasts until the end begins, per slot and level.
    begin = np.maximum.reduceat(np.where(goes, starts.repeat(ends - starts)[:, None], rows + 1), starts)
    slots.since[at] = np.where(begin < ends[:, None], ts[np.minimum(begin, len(ts) - 1)], NEVER)
    slots.last[at] = np.maximum(slots.last[at], ts[ends - 1])
    slots.value[at] = value[ends - 1]
    slots.settle_bands(at)
