"""What a batch does to slots: levels that change, and the state to adopt once it is committed."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from hub.models import Micros

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class Transition(NamedTuple):
    """A slot's level (0 none .. 4 red) changed: with a reading, or when a hold or clear time had passed since one."""

    slot: int
    ts: Micros
    value: float
    """Of that reading, or of its signal."""
    before: int
    after: int


class Walked(NamedTuple):
    """A slot's state after a batch."""

    slot: int
    level: int
    since: list[Micros]


class Kept(NamedTuple):
    """Arrays (n,): from which value series have not moved, since when, and as of which reading."""

    slot: Ints
    value: Floats
    since: Ints
    until: Ints

    def where(self, which: NDArray[np.bool_]) -> "Kept":
        """Select some."""
        return Kept(self.slot[which], self.value[which], self.since[which], self.until[which])


@dataclass(slots=True)
class Verdict:
    """Result of a batch: transitions (ascending in time per slot) and the resulting state."""

    transitions: list[Transition] = field(default_factory=list)
    walked: list[Walked] = field(default_factory=list)
    seen: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    """Watches, and the time and value of their last evaluated reading."""
    signals: list[tuple[Ints, Ints, Floats]] = field(default_factory=list)
    """Of `seen` those that cannot be read again: of signals, and of expressions."""
    touched: list[Ints] = field(default_factory=list)
    """Watches whose slots were looked at one by one."""
    heard: list[Ints] = field(default_factory=list)
    """Slots with a reading whose rules are on silence."""
    kept: list[Kept] = field(default_factory=list)
    """Of slots whose rules are on flat series."""
    waits: list[tuple[Ints, Ints]] = field(default_factory=list)
    """Slots of which a time has ended, but a reading of before waits; and how much later that is judged."""
    stays_at: dict[tuple[int, Micros], float] = field(default_factory=dict)
    """Of transitions of such slots that a reading decided, by slot and time, the value that does not move."""

    def watches(self, watch: NDArray[np.int32]) -> Ints:
        """Of which there are readings, or some that wait; `watch` is by slot."""
        return np.concatenate(
            [np.empty(0, np.int64), *(at for at, *_ in self.seen), *(watch[at] for at, _ in self.waits)]
        )
