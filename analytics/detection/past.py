"""Signals of stored readings, as they would have been told when these came."""

from collections.abc import Sequence
from datetime import tzinfo

import numpy as np

from analytics.detection.states import States
from analytics.detection.stored import SKIP
from analytics.detection.watched import offset_of
from analytics.detectors.detector import Ints
from analytics.detectors.hours import hours
from hub.models import Columns, Micros, from_micros
from hub.signals import Signals


def past_signals(readings: Columns, zones: Sequence[tzinfo], swapped: Ints, now: Micros) -> Signals:
    """Of readings of series 0 .. n - 1, in the zones of their devices, begun with nothing learned; see Detection."""
    signals = Signals.unknown(len(readings))
    rows = np.flatnonzero(((readings.quality & SKIP) == 0) & np.isfinite(readings.value))
    some = readings.where(rows)
    offsets = np.array([offset_of(zone, from_micros(now)) for zone in zones], np.int64)
    told = States().tell(some.series, some.ts, some.value, hours(some.ts + offsets[some.series], 0, swapped))
    told.fill(signals, rows)
    return signals
