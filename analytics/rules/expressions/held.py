"""Readings that wait before expressions are calculated with them, and what was known before these."""

from dataclasses import dataclass, field, fields

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import LONG_AGO, NEVER, Waiting
from analytics.rules.slots import Floats, Ints
from hub.models import Micros


def _none() -> Ints:
    return np.empty(0, np.int64)


@dataclass(slots=True, frozen=True)
class Given:
    """Readings that reach inputs of places: arrays of one length, by (place, ts); of one time in the order of
    arrival."""

    place: Ints = field(default_factory=_none)
    """Or the slot."""
    which: Ints = field(default_factory=_none)
    """The input."""
    ts: Ints = field(default_factory=_none)
    value: Floats = field(default_factory=lambda: np.empty(0))
    """NaN where it is not usable."""
    since: Ints = field(default_factory=_none)
    """Before it times are stale."""
    over: Ints = field(default_factory=_none)
    """When it has waited long enough, by the hub's clock."""

    def __len__(self) -> int:
        return len(self.ts)

    def where(self, which: NDArray[np.bool_] | Ints | slice) -> "Given":
        """Select rows."""
        return Given(*[getattr(self, each.name)[which] for each in fields(self)])

    def at(self, place: Ints) -> "Given":
        """The same of other places."""
        return Given(place, self.which, self.ts, self.value, self.since, self.over)

    def at_earliest(self, ends: Ints) -> "Given":
        """The same, but each waits until a time at least."""
        return Given(self.place, self.which, self.ts, self.value, self.since, np.maximum(self.over, ends))

    def followed_by(self, *others: "Given") -> "Given":
        """Together with others."""
        parts = [self, *others]
        return Given(*[np.concatenate([getattr(part, each.name) for part in parts]) for each in fields(self)])


@dataclass(slots=True, frozen=True)
class Known:
    """What expressions of places go by."""

    until: Ints
    """Shape (n,): the last moment of each."""
    times: Ints
    """Shape (n, inputs): of the newest value of each input then; LONG_AGO: there was none."""
    values: Floats

    def where(self, which: NDArray[np.bool_] | Ints) -> "Known":
        """Select places."""
        return Known(self.until[which], self.times[which], self.values[which])

    def wide(self, inputs: int) -> "Known":
        """With so many inputs, of which further ones have no value."""
        more = ((0, 0), (0, inputs - self.times.shape[1]))
        times = np.pad(self.times, more, constant_values=LONG_AGO)
        return Known(self.until, times, np.pad(self.values, more, constant_values=np.nan))


@dataclass(slots=True, frozen=True)
class Held:
    """Immutable: what waits after a batch."""

    rows: Given = field(default_factory=Given)
    """By (slot, ts); their places are slots."""
    slots: Ints = field(default_factory=_none)
    """Those of the rows, ascending, each once."""
    known: Known = field(default_factory=lambda: Known(_none(), np.empty((0, 1), np.int64), np.empty((0, 1))))
    """Of these slots, before the first row of each."""

    @property
    def soonest(self) -> Micros:
        """When the first has waited long enough; NEVER: none waits."""
        return int(self.rows.over.min(initial=NEVER))

    def waiting(self) -> Waiting:
        """By slot, as others know it of series."""
        starts = np.searchsorted(self.rows.place, self.slots)
        over = np.maximum.reduceat(self.rows.over, starts) if len(starts) else self.slots
        return Waiting(self.slots.astype(np.int32), self.rows.ts[starts], over)

    def recalled(self, slots: Ints, known: Known) -> Known:
        """What is known of slots, given what would be if nothing waited."""
        if not len(self.slots):
            return known
        at = np.minimum(np.searchsorted(self.slots, slots), len(self.slots) - 1)
        mine = np.flatnonzero(self.slots[at] == slots)
        inputs = known.times.shape[1]
        kept = self.known.where(at[mine]).wide(max(inputs, self.known.times.shape[1]))
        until, times, values = known.until.copy(), known.times.copy(), known.values.copy()
        until[mine], times[mine], values[mine] = kept.until, kept.times[:, :inputs], kept.values[:, :inputs]
        return Known(until, times, values)

    def without(self, slots: Ints) -> "Held":
        """Without what waits of some slots."""
        stays = ~np.isin(self.slots, slots)
        return Held(self.rows.where(~np.isin(self.rows.place, slots)), self.slots[stays], self.known.where(stays))

    def joined(self, rows: Given, slots: Ints, known: Known) -> "Held":
        """Together with what waits of other slots; `slots` in any order, `rows` of each by time."""
        if not len(slots):
            return self
        inputs = max(known.times.shape[1], self.known.times.shape[1])
        mine, more = self.known.wide(inputs), known.wide(inputs)
        both, all_ = self.rows.followed_by(rows), np.append(self.slots, slots)
        order = np.argsort(all_, kind="stable")
        known = Known(
            np.append(mine.until, more.until)[order],
            np.concatenate([mine.times, more.times])[order],
            np.concatenate([mine.values, more.values])[order],
        )
        return Held(both.where(np.argsort(both.place, kind="stable")), all_[order], known)
