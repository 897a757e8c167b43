"""Signals: what detection tells beside the value of each reading; rules watch them as they watch values."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Signal = Literal["value", "score", "rate", "residual", "gap", "excess", "unshared", "silence", "flat"]
"""What a rule may watch of a metric.

value: the reading itself. score: how unusual it is, 0 .. 1. rate: its change since the reading before, in its unit an
hour. residual: its distance from what is usual at its hour, in its unit. gap: seconds since the reading before.
excess: how many times as far as ever before the series goes from what it does. unshared: the same, held against how
far its neighbours go now as well. silence: seconds since the newest reading, which grow without one. flat: seconds
since the value moved, as of the newest reading.
"""
SIGNALS: tuple[Signal, ...] = get_args(Signal)
GROWING: frozenset[Signal] = frozenset({"silence", "flat"})
"""Times: rules look above them, without hysteresis and hold time."""
LEARNED: tuple[Signal, ...] = tuple(signal for signal in SIGNALS[1:] if signal not in GROWING)
"""What detection tells; nothing of metrics that are not watched."""


Why = dict[str, Any]
"""As JSON: `signal`; of what detection told, `value`, `expected`, `low`, `high`, `score`, `parts` by detector, `excess`
and `excess_of`, what goes that far, `unshared` and `unshared_of`; null where it is not known. Of a reading with flags
that a rule looks at nevertheless, its `quality`. `rule` tells what was crossed."""
Crossing = dict[str, Any]
"""As JSON: the `version` of a rule, the `value` that it watched, the `threshold` that was crossed and `by` how much;
`hysteresis`, `hold_s` and `clear_s` where they counted. Null: it is not known."""


def _none() -> Floats:
    return np.empty(0)


@dataclass(slots=True)
class Signals:
    """Of each reading that is judged with a batch, in order, arrays (n,); NaN where nothing is known, or none counts.

    Empty where detection does not run.
    """

    score: Floats = field(default_factory=_none)
    rate: Floats = field(default_factory=_none)
    residual: Floats = field(default_factory=_none)
    gap: Floats = field(default_factory=_none)
    excess: Floats = field(default_factory=_none)
    unshared: Floats = field(default_factory=_none)
    reasons: Callable[[int, int], Why | None] | None = field(default=None, repr=False, compare=False)
    """By series and time in µs."""

    @classmethod
    def unknown(cls, count: int) -> "Signals":
        """Of so many readings of which nothing is known."""
        return cls(*np.full((len(LEARNED), count), np.nan))

    def __len__(self) -> int:
        return len(self.score)

    def of(self, signal: Signal) -> Floats:
        """One of them by its name; ValueError for `value`, which is the reading's own."""
        if signal not in LEARNED:
            raise ValueError(f"the {signal} of a reading is no signal of detection")
        found: Floats = getattr(self, signal)
        return found

    def where(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> "Signals":
        """Select rows by mask or index."""
        score, rate, residual, gap, excess, unshared = (self.of(name)[rows] for name in LEARNED)
        return Signals(score, rate, residual, gap, excess, unshared, self.reasons)

    def why(self, signal: Signal, series: int, ts: int) -> Why | None:
        """Why a rule on a signal was decided by a reading; None for a rule on the value, or without a reading."""
        reason = None if signal == "value" or self.reasons is None else self.reasons(series, ts)
        return None if reason is None else {"signal": signal, **reason}
