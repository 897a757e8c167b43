"""What the default ensemble costs a reading, over 100,000 series that have learned: wide, deep and random batches."""

import argparse
import json
import sys
import time
from collections.abc import Callable

import numpy as np

from analytics.detectors.detector import Detector, Floats, Ints
from analytics.detectors.hours import hours
from analytics.detectors.kinds import KINDS

SERIES, ROWS, BATCHES = 100_000, 20_000, 12
STEP = 300_000_000
LEARNED = 60
"""Readings that each series has before it is measured."""


class _City:
    """Series with a day's course and noise, each with a level and a spread of its own."""

    def __init__(self, detector: Detector, seed: int = 1) -> None:
        self.detector, self.random = detector, np.random.default_rng(seed)
        self.count = np.zeros(SERIES, np.int64)
        self.level, self.spread = self.random.normal(50, 20, SERIES), self.random.lognormal(0, 1, SERIES)

    def batch(self, slots: Ints) -> float:
        """Send a reading to each of `slots`, in their order; the processor seconds that it took."""
        order = np.argsort(slots, kind="stable")
        place = np.empty(len(slots), np.int64)
        of = slots[order]
        first = np.concatenate([[0], np.flatnonzero(of[1:] != of[:-1]) + 1])
        place[order] = np.arange(len(of)) - first.repeat(np.diff(np.append(first, len(of))))
        ts = 1_767_225_600_000_000 + (self.count[slots] + place) * STEP
        np.add.at(self.count, slots, 1)
        value = self._values(slots, ts)
        began = time.process_time()
        rows = np.lexsort((ts, slots))
        slots, ts, value = slots[rows], ts[rows], value[rows]
        self.detector.learn(self.detector.score(slots, ts, value, hours(ts)))
        return time.process_time() - began

    def _values(self, slots: Ints, ts: Ints) -> Floats:
        course = np.sin(ts / 86_400_000_000 * 2 * np.pi)
        noise = self.random.normal(0, 0.3, len(slots))
        return np.asarray(self.level[slots] + self.spread[slots] * (course + noise))


def main() -> None:
    """Print the microseconds of a reading in each order of batches, and the state of a series."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object with the worst of them")
    parser.add_argument("--detector", choices=sorted(KINDS), default="ensemble")
    asked = parser.parse_args()
    kind = KINDS[asked.detector]
    city = _City(Detector(kind))
    for _ in range(LEARNED):
        for start in range(0, SERIES, ROWS):
            city.batch(np.arange(start, start + ROWS))
    random = city.random
    orders: dict[str, Callable[[int], Ints]] = {
        "wide": lambda n: np.arange(ROWS) + n * ROWS % SERIES,
        "deep": lambda n: random.choice(SERIES, 10, replace=False).repeat(ROWS // 10),
        "random": lambda n: random.integers(0, SERIES, ROWS),
    }
    cost = {name: sorted(city.batch(order(n)) for n in range(BATCHES)) for name, order in orders.items()}
    us = {name: round(seconds[BATCHES // 2] / ROWS * 1e6, 3) for name, seconds in cost.items()}
    if asked.json:
        found = {"us_per_reading": max(us.values()), "bytes_per_series": kind.dtype.itemsize, "series": SERIES, **us}
        sys.stdout.write(json.dumps(found) + "\n")
        return
    told = ", ".join(f"{name} {each:.2f}" for name, each in us.items())
    sys.stdout.write(f"{kind.name}, {SERIES:,} series: {told} µs a reading; {kind.dtype.itemsize} bytes a series\n")


if __name__ == "__main__":
    main()
