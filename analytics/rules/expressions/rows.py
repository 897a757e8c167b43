"""What rules with an expression see, as others see readings."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.judged import Waiting
from analytics.rules.expressions.subjects import Subjects
from analytics.rules.slots import Ints


class WaitingForSlots:
    """What waits of slots with an expression: before it is calculated, or before any of its metrics is in order."""

    def __init__(self, subjects: Subjects, of_slots: Waiting, of_series: Waiting) -> None:
        self._subjects, self._slots, self._series = subjects, of_slots, of_series

    def begins(self, slots: Ints) -> Ints:
        """Of some slots when the first reading counts that waits; NEVER where none does."""
        begins = self._slots.begins(slots.astype(np.int32))
        for mine, series in self._inputs(slots):
            begins[mine] = np.minimum(
                begins[mine], self._series.begins(series.ravel()).reshape(series.shape).min(axis=1)
            )
        return begins

    def ends(self, slots: Ints, before: Ints) -> Ints:
        """Of some slots when what is of up to a time of each is judged at the latest; LONG_AGO where nothing waits."""
        ends = self._slots.ends(slots.astype(np.int32), before)
        for mine, series in self._inputs(slots):
            of = self._series.ends(series.ravel(), np.repeat(before[mine], series.shape[1])).reshape(series.shape)
            ends[mine] = np.maximum(ends[mine], of.max(axis=1))
        return ends

    def _inputs(self, slots: Ints) -> Iterator[tuple[Ints, NDArray[np.int32]]]:
        """Which of some slots are of a subject, and the series of each one's inputs, shape (n, inputs)."""
        if not len(self._series.series):
            return
        places = self._subjects.places(slots)
        for subject in self._subjects.all:
            mine = np.flatnonzero((places >= subject.first) & (places < subject.first + len(subject.series)))
            if len(mine):
                yield mine, subject.series[places[mine] - subject.first].astype(np.int32)


class Rows(NamedTuple):
    """Results of expressions by (slot, ts), arrays of one length."""

    slot: NDArray[np.int64]
    ts: NDArray[np.int64]
    """Microseconds."""
    value: NDArray[np.float64]
    since: NDArray[np.int64]
    """Since when times count that end before it, as of readings."""
    waiting: WaitingForSlots
    """What is to be calculated before a later time ends."""
