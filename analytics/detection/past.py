"""Signals of stored readings, as they would have been told when these came."""

from collections.abc import Sequence
from datetime import tzinfo

import numpy as np

from analytics.detection.states import States, Told
from analytics.detection.stored import SKIP
from analytics.detection.watched import offset_of
from analytics.detectors.detector import Ints
from analytics.detectors.hours import hours
from hub.models import Columns, Micros, from_micros
from hub.signals import Signals


def past_signals(readings: Columns, zones: Sequence[tzinfo], swapped: Ints, now: Micros) -> Signals:
    """Of readings of series 0 .. n - 1, in the zones of their devices, begun with nothing learned; see Detection."""
    signals = Signals.unknown(len(readings))
    rows, told = past_told(readings, zones, swapped, now)
    told.fill(signals, rows)
    return signals


def past_told(readings: Columns, zones: Sequence[tzinfo], swapped: Ints, now: Micros) -> tuple[Ints, Told]:
    """As `past_signals`: all that is told of those readings that count, and which these are."""
    rows = np.flatnonzero(((readings.quality & SKIP) == 0) & np.isfinite(readings.value))
    some = readings.where(rows)
    offsets = np.array([offset_of(zone, from_micros(now)) for zone in zones], np.int64)
    return rows, States().tell(some.series, some.ts, some.value, hours(some.ts + offsets[some.series], 0, swapped))
