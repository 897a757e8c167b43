"""The readings that detection and rules decide with a batch: those that came with it, but for some that wait."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hub.models import Batch, Columns, Micros
from hub.repeats import Corrected
from hub.watermark import in_counted_order

Ints = NDArray[np.int64]

LONG_AGO: Micros = -(1 << 62)
NEVER: Micros = 1 << 62


@dataclass(slots=True)
class Waiting:
    """Series (n,), ascending, of which readings wait after a batch."""

    series: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32))
    first: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """When the first of them counts."""
    over: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """When it is judged at the latest, by the hub's clock."""

    def begins(self, series: NDArray[np.int32]) -> Ints:
        """Of some series when the first reading counts that waits; NEVER where none does."""
        if not len(self.series):
            return np.full(len(series), NEVER)
        at = np.minimum(np.searchsorted(self.series, series), len(self.series) - 1)
        return np.where(self.series[at] == series, self.first[at], NEVER)

    def ends(self, series: NDArray[np.int32], before: Ints) -> Ints:
        """Of some series when a reading of up to a time of each is judged at the latest; LONG_AGO where none waits."""
        if not len(self.series):
            return np.full(len(series), LONG_AGO)
        at = np.minimum(np.searchsorted(self.series, series), len(self.series) - 1)
        return np.where((self.series[at] == series) & (self.first[at] <= before), self.over[at], LONG_AGO)


@dataclass(slots=True)
class Judged:
    """Readings sorted by (series, time at which they count), and parallel arrays (n,)."""

    readings: Columns
    """By the times at which they count (hub/watermark.py)."""
    own: Ints
    """Their own times; the very array of the others where no clock is ahead."""
    corrected: NDArray[np.bool_] | None
    """Which replace one that is judged already; None: none."""
    message: NDArray[np.int32]
    """Index of the message of each in the batch; -1: it came with one before, or nothing is known of it."""
    received: Ints | None = field(default=None, repr=False, compare=False)
    """When each of those came that have waited, and NEVER of the others; None: none has."""
    waiting: Waiting = field(default_factory=Waiting, repr=False, compare=False)

    def oldest(self, stale_after: Micros, now: Micros, current: Sequence[int] = ()) -> Ints | None:
        """Of each reading the time before which it is stale: so long before it came; None: of all, before now.

        When those came that wait since before a start is not known: they are not stale, for danger may be among them.
        Nor are those of `current` messages (by index), which tell what is so now (hub.models.Raw).
        """
        if self.received is None and not current:
            return None
        since = np.full(len(self.own), now) if self.received is None else np.minimum(self.received, now)
        return np.where(np.isin(self.message, current), LONG_AGO, since - stale_after)


class Stale(NamedTuple):
    """Before which times what was to be told is stale: it waits for what the next reading says."""

    readings: Columns
    """Sorted by (series, ts)."""
    since: Ints | None
    """Of each; None: the same for all."""
    oldest: Micros
    """Without a reading."""

    def at(self, series: int, ts: Micros) -> Micros:
        """As the reading of a series tells it that counts at a time, or is the next one after it."""
        if self.since is None:
            return self.oldest
        begin, end = np.searchsorted(self.readings.series, (series, series + 1)).tolist()
        place = begin + int(np.searchsorted(self.readings.ts[begin:end], ts))
        return int(self.since[place]) if place < end else self.oldest


@dataclass(slots=True)
class Reordered:
    """What is judged with a batch instead of its readings; None: these are, as they came."""

    judged: Judged | None = None
    early: int = 0
    """How many of them were to wait longer, if not too many did."""


def judged_with(batch: Batch) -> Judged:
    """What detection and rules decide with a batch."""
    return batch.of(Reordered).judged or as_they_came(batch)


def as_they_came(batch: Batch) -> Judged:
    """The readings of a batch by the times at which they count."""
    readings, rows = in_counted_order(batch)
    which, messages = batch.of(Corrected).which, batch.messages()
    if rows is None:
        return Judged(readings, readings.ts, which, messages)
    return Judged(readings, batch.readings.ts[rows], None if which is None else which[rows], messages[rows])
