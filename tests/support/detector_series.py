"""Series for tests of detectors, and a detector over them."""

from collections.abc import Iterable

import numpy as np

from analytics.detectors.detector import Detector, Floats, Ints, Kind
from analytics.detectors.hours import hours

MINUTE = 60_000_000
START = 20_454 * 86_400_000_000
"""A Thursday, 2026-01-01."""


def times(count: int, step: int = 5 * MINUTE) -> Ints:
    """Evenly spaced, from START."""
    return START + np.arange(count, dtype=np.int64) * step


def daily(count: int, seed: int = 1) -> Floats:
    """A day's course with noise, a jump at two thirds, and a value that sticks at the end."""
    random = np.random.default_rng(seed)
    value = 20 + 5 * np.sin(np.arange(count) * 2 * np.pi / 288) + random.normal(0, 0.5, count)
    value[2 * count // 3 :] += 30
    value[-count // 20 :] = value[-count // 20]
    return value


def scored(kind: Kind, ts: Ints, value: Floats, cuts: Iterable[int] = (), detector: Detector | None = None) -> Floats:
    """Scores of one series, whose readings come in batches that end at `cuts`."""
    detector = detector or Detector(kind)
    parts = []
    for rows in np.split(np.arange(len(ts)), list(cuts)):
        if len(rows):
            at = ts[rows]
            result = detector.score(np.zeros(len(rows), np.int64), at, value[rows], hours(at))
            detector.learn(result)
            parts.append(result.scores)
    return np.concatenate(parts)
