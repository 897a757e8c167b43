"""How far the clocks of the newest readings were ahead: rate and gap go by the readings' own times."""

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import Floats, Ints
from devices.registry.arrays import grown


class Leads:
    """By series, the own time of the newest reading that was learned less that at which it counted (hub/watermark.py).

    In memory only: one from before the start counts as not ahead.
    """

    def __init__(self) -> None:
        self._lead: Ints = np.zeros(0, np.int64)
        """By series id."""

    def __bool__(self) -> bool:
        """Whether any clock was ahead."""
        return len(self._lead) > 0

    def further(self, series: NDArray[np.int32], lead: Ints, learned: NDArray[np.bool_]) -> Floats:
        """Seconds by which readings (n,) lie further from the one before by their own times than as they count.

        They are sorted by series and the times at which they count, `lead` is in µs; 0 for those that are not learned.
        """
        further = np.zeros(len(series))
        if not learned.any():
            return further
        its_series, its_lead = series[learned], lead[learned]
        self._lead = grown(self._lead, int(its_series.max()), 0)
        before = self._lead[its_series]
        same = its_series[1:] == its_series[:-1]
        before[1:][same] = its_lead[:-1][same]
        further[learned] = (its_lead - before) / 1e6
        return further

    def learn(self, series: NDArray[np.int32], lead: Ints) -> None:
        """Take over those of learned readings, sorted as above."""
        newest = np.append(series[1:] != series[:-1], True) if len(series) else np.zeros(0, np.bool_)
        self._lead[series[newest]] = lead[newest]
