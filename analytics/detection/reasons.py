"""Why a reading was unusual, as it is kept with an alert."""

from dataclasses import dataclass

import numpy as np

from analytics.detection.states import KIND, Told
from analytics.detectors.excess import NAMES
from hub.models import Columns, Micros
from hub.signals import Why


@dataclass(slots=True, frozen=True)
class Reasons:
    """Of readings (n,) sorted by (series, ts), and what was told of them."""

    readings: Columns
    told: Told

    def __call__(self, series: int, ts: Micros) -> Why | None:
        """The value, what was expected at its hour, the score and the detectors' parts; None: no such reading."""
        first, end = np.searchsorted(self.readings.series, [series, series + 1]).tolist()
        row = first + int(np.searchsorted(self.readings.ts[first:end], ts))
        if row == end or self.readings.ts[row] != ts:
            return None
        value, scored = float(self.readings.value[row]), self.told.scored
        numbers = {
            "value": value,
            "expected": value - float(self.told.residual[row]),
            "low": float(self.told.low[row]),
            "high": float(self.told.high[row]),
            "score": float(scored.scores[row]),
            "excess": float(self.told.excess[row]),
            "unshared": float(self.told.unshared[row]),
        }
        parts = {name: float(part) for name, part in zip(KIND.parts, scored.parts[row].tolist(), strict=True) if part}
        return {name: _short(number) for name, number in numbers.items()} | {
            "excess_of": NAMES[int(self.told.excess_of[row])],
            "unshared_of": NAMES[int(self.told.unshared_of[row])],
            "parts": {name: _short(part) for name, part in parts.items()},
        }


def _short(number: float) -> float | None:
    """Six digits are enough for people; what is not known is None."""
    return float(f"{number:.6g}") if np.isfinite(number) else None
