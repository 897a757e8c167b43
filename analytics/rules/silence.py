"""Rules on silence: levels by the time since the newest reading of a series, which grows without one. Pure.

A level pends from the newest reading on, and is reached its time later, or as much later than the process began to
receive everything, or the device is in use again: what could not be heard is no silence (docs/adr/0009). One below red
that would be reached while somebody works on the device, or sooner than its time after that, is reached its time
after the end of the work. `since` of a slot holds when levels that are
not reached will be, and since when those that are have been back. So a reading, which costs a few array operations,
puts off; and what is reached is found where hold times that have ended are.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.rules.slots import LONG_AGO, NEVER, Ints, Slots
from analytics.rules.verdict import Transition, Verdict, Walked
from hub.models import RED, Micros

_NUMBERS = np.arange(1, 5)


def arm(slots: Slots, at: Ints) -> None:
    """Let the levels of these slots on silence that are not reached be reached when they will."""
    if not len(at):
        return
    after = slots.after[slots.row[at]]
    reached = slots.level[at, None] >= _NUMBERS
    last = slots.last(at)
    base, heard = slots.silent_from(at, last), last > LONG_AGO
    will = np.where((after < NEVER) & heard[:, None], base[:, None] + after, NEVER)
    slots.since[at] = np.where(reached, slots.since[at], will)
    slots.settle_bands(at)


def evaluate(slots: Slots, slot: Ints, ts: Ints, newer: Ints, since: Ints, verdict: Verdict) -> None:
    """Evaluate readings by slot and time, whatever their quality.

    A level that was reached before `since` of a reading, as that one shows, is not told.
    """
    fresh = newer > slots.last(slot)
    if not fresh.all():
        slot, ts, since = slot[fresh], ts[fresh], since[fresh]
    if not len(slot):
        return
    before, first = np.empty_like(ts), np.append(True, slot[1:] != slot[:-1])
    before[1:] = ts[:-1]
    before[first] = slots.last(slot[first])
    soonest = slots.after.min(axis=1, initial=NEVER)[slots.row[slot]]
    calm = (slots.level[slot] == 0) & ((ts - slots.silent_from(slot, before) <= soonest) | (before == LONG_AGO))
    ends = np.append(np.flatnonzero(first)[1:], len(slot))
    newest = slice(None) if len(ends) == len(slot) else ends - 1
    verdict.seen.append((slots.watch[slot[newest]].astype(np.int64), ts[newest], np.zeros(len(ends))))
    verdict.heard.append(slot[newest])
    touched = np.flatnonzero(~calm)
    groups, begins = np.unique(np.searchsorted(ends, touched, side="right"), return_index=True)
    for start, end in zip(touched[begins].tolist(), ends[groups].tolist(), strict=True):
        rows = slice(start, end)
        _walk(slots, int(slot[start]), int(before[start]), ts[rows].tolist(), since[rows].tolist(), verdict)


def ripen(slots: Slots, slot: int, until: Micros, verdict: Verdict) -> None:
    """Let times of a slot pass that end by `until`: however long ago that was, it is silent still."""
    silence = _Silence(slots, slot, int(slots.last(np.array(slot))))
    silence.pass_until(until, LONG_AGO, verdict)
    verdict.walked.append(Walked(slot, silence.level, silence.since))


def adopt(slots: Slots, at: Ints) -> None:
    """Take over the newest readings of slots that were heard; those that were walked follow."""
    calm = at[slots.level[at] == 0]
    after = slots.after[slots.row[calm]]
    base = slots.silent_from(calm, slots.last(calm))
    slots.since[calm] = np.where(after < NEVER, base[:, None] + after, NEVER)
    due = slots.due[calm] = base + after.min(axis=1, initial=NEVER)
    slots.next_due = min(slots.next_due, int(due.min(initial=NEVER)))
    slots.note_timed(calm[due < NEVER])


def silent(slots: Slots, at: Ints | NDArray[np.bool_]) -> Ints:
    """Those of some slots whose rules are on silence."""
    which = np.flatnonzero(at) if at.dtype == np.bool_ else at.astype(np.int64, copy=False)
    return which[slots.after.min(axis=1, initial=NEVER)[slots.row[which]] < NEVER] if len(slots.after) else which[:0]


def _walk(slots: Slots, slot: int, last: Micros, ts: Sequence[int], since: Sequence[int], verdict: Verdict) -> None:
    silence = _Silence(slots, slot, last)
    for at, oldest in zip(ts, since, strict=True):
        silence.pass_until(at - 1, oldest, verdict)
        silence.hear(at, verdict)
    verdict.walked.append(Walked(slot, silence.level, silence.since))


class _Silence:
    """One slot, reading by reading."""

    def __init__(self, slots: Slots, slot: int, last: Micros) -> None:
        """`last`: its newest reading, or LONG_AGO."""
        row = slots.row[slot]
        self.level, self.since = int(slots.level[slot]), slots.since[slot].tolist()
        self._slot, self._begins = slot, max(slots.hears, int(slots.active[slot]))
        self._series, self._worked = int(slots.series[slot]), slots.worked
        self._after, self._clear = slots.after[row].tolist(), int(slots.clear[row])
        self._pend(last)

    def pass_until(self, until: Micros, oldest: Micros, verdict: Verdict) -> None:
        """Let times pass that end by `until`, but reach no level before `oldest`."""
        while True:
            rises = min((at for at in self.since[self.level :] if at >= oldest), default=NEVER)
            falls = self.since[self.level - 1] + self._clear if self.level else NEVER
            if min(rises, falls) > until:
                return
            if falls <= rises:
                self._fall(falls, verdict)
            elif not self._put_off(rises):
                after = max(number for number in range(self.level + 1, 5) if self.since[number - 1] == rises)
                self._tell(rises, self._after[after - 1] / 1e6, after, verdict)
                self.since[:after] = [NEVER] * after

    def _put_off(self, rises: Micros) -> bool:
        """Let levels below red that would be reached at a time have their whole time after planned work."""
        moved = False
        for number in range(self.level + 1, RED):
            after = self._after[number - 1]
            if self.since[number - 1] == rises:
                ends = self._worked(self._series, rises - after, rises)
                if ends > rises - after:
                    self.since[number - 1], moved = ends + after, True
        return moved

    def hear(self, at: Micros, verdict: Verdict) -> None:
        """Go on with a reading."""
        self.since[: self.level] = [min(back, at) for back in self.since[: self.level]]
        if self.level and self.since[self.level - 1] + self._clear <= at:
            self._fall(at, verdict)
        self._pend(at)

    def _fall(self, at: Micros, verdict: Verdict) -> None:
        after = self.level
        while after and self.since[after - 1] + self._clear <= at:
            after -= 1
        self._tell(at, 0.0, after, verdict)
        self._pend(self._last)

    def _tell(self, at: Micros, seconds: float, after: int, verdict: Verdict) -> None:
        verdict.transitions.append(Transition(self._slot, at, seconds, self.level, after))
        self.level = after

    def _pend(self, last: Micros) -> None:
        self._last, base = last, max(last, self._begins)
        for number in range(self.level, 4):
            after = self._after[number]
            self.since[number] = base + after if after < NEVER and last > LONG_AGO else NEVER
