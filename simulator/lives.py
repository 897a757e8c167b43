"""The lives of things over weeks: what each reported when, with dropouts, restarts, late packs, and what was wrong."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from simulator.courses import INTERVAL_S, Spot, interval_s, measured, rounded
from simulator.fleet import STREETS, Thing
from simulator.hidden import DAY, Hidden, altered
from simulator.messages import Sample
from simulator.seasons import Floats, Season, season
from simulator.things import PROFILES

Ints = NDArray[np.int64]

LOST = ((5.0, (0.15, 1.0)), (7.0, (0.05, 0.15)))
"""Dropouts and restarts: days from one to the next at a thing, on average, and how many hours nothing is sent."""
KEPT = (4.0, (0.2, 1.0))
"""The same of times in which it keeps what it measures, and sends it in a pack at the end."""


@dataclass(slots=True, frozen=True)
class Life:
    """What one thing reported: times (n,) in µs, whole milliseconds, ascending; when each arrived; values by metric."""

    thing: Thing
    ts: Ints
    arrived: Ints
    values: dict[str, Floats]

    def samples(self, rows: slice) -> list[Sample]:
        """Some of its reports, as messages carry them."""
        columns = zip(*(values[rows].tolist() for values in self.values.values()), strict=True)
        return [
            (ts, dict(zip(self.values, row, strict=True)))
            for ts, row in zip(self.ts[rows].tolist(), columns, strict=True)
        ]


def lives(things: Sequence[Thing], start_s: float, days: float, hidden: Sequence[Hidden], seed: int) -> Iterator[Life]:
    """Those of the things that measure, in the order given; the same for the same seed, whatever else is asked for."""
    sky = season(np.random.default_rng([seed, 7]), start_s, days, INTERVAL_S, len(STREETS))
    towns = {street[0]: number for number, street in enumerate(STREETS)}
    wrong = {one.device: one for one in hidden}
    for thing in things:
        if PROFILES[thing.profile]["metrics"]:
            rng = np.random.default_rng([seed, crc32(thing.code.encode())])
            yield _life(thing, Spot(sky, towns[thing.region], rng, float(rng.uniform(-1, 1))), wrong.get(thing.code))


def _life(thing: Thing, spot: Spot, wrong: Hidden | None) -> Life:
    rng, sky = spot.rng, spot.season
    noise = np.random.default_rng(int(rng.integers(1 << 62)))
    usual = measured(thing.profile, spot)
    if wrong is not None and wrong.metric is not None:
        least = PROFILES[thing.profile]["metrics"][wrong.metric]["min"]  # what is below is no reading that counts
        usual[wrong.metric] = least + np.abs(altered(wrong, sky.at, usual[wrong.metric], noise) - least)
    times = _reports(sky, interval_s(thing.profile), wrong, rng)
    values = {
        metric: rounded(thing.profile, metric, np.interp(times, sky.at, found)) for metric, found in usual.items()
    }
    ts = np.round(times * 1000).astype(np.int64) * 1000
    keep, arrived = _carried(ts, rng)
    return Life(thing, ts[keep], arrived[keep], {metric: found[keep] for metric, found in values.items()})


def _reports(sky: Season, every_s: float, wrong: Hidden | None, rng: np.random.Generator) -> Floats:
    """When a thing reports: nearly evenly; a wrong rhythm leaves reports out, or has more of them."""
    times = sky.at[:: round(every_s / INTERVAL_S)]
    if wrong is not None and wrong.kind in ("slow", "burst"):
        inside = (times >= wrong.begin_s) & (times < wrong.end_s)
        step = every_s * wrong.size
        other = np.arange(wrong.begin_s, wrong.end_s - step, step)
        other = other + rng.uniform(0, 0.6, len(other)) * step
        times = np.sort(np.concatenate([times[~inside], other]))
    own = rng.uniform(0, 0.9 * INTERVAL_S)
    found: Floats = np.maximum.accumulate(times + own + rng.uniform(0, 0.8, len(times))) + np.arange(len(times)) * 1e-3
    return found


def _carried(ts: Ints, rng: np.random.Generator) -> tuple[NDArray[np.bool_], Ints]:
    """Which reports were sent at all, and when they arrived: at once, or in a pack once the network was back."""
    keep, arrived = np.ones(len(ts), np.bool_), ts + rng.integers(50_000, 2_000_000, len(ts))
    for every, hours in LOST:
        for begin, end in _spans(ts, every, hours, rng):
            keep &= (ts < begin) | (ts >= end)
    for begin, end in _spans(ts, *KEPT, rng):
        arrived[(ts >= begin) & (ts < end)] = end + 500_000
    return keep, np.maximum.accumulate(arrived)


def _spans(ts: Ints, every_days: float, hours: tuple[float, float], rng: np.random.Generator) -> list[tuple[int, int]]:
    count = rng.poisson((ts[-1] - ts[0]) / 1e6 / DAY / every_days)
    begins = rng.integers(ts[0], ts[-1], count).tolist()
    return [(begin, begin + int(rng.uniform(*hours) * 3.6e9)) for begin in begins]
