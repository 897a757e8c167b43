"""What goes wrong in ways that no threshold sees: eight kinds, each within what is normal for its metric.

How large it is goes by the range of its series, from the 0.5 % to the 99.5 % quantile, so that who looks at the
chart of some weeks sees it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from simulator.courses import day_of
from simulator.fleet import Thing
from simulator.seasons import Floats
from simulator.weather import ZONE_S

HOUR = 3600.0
DAY = 86_400.0


@dataclass(slots=True, frozen=True)
class Hidden:
    """One anomaly: `metric` is None where all of the thing's are concerned; times in seconds since the epoch."""

    device: str
    metric: str | None
    kind: str
    begin_s: float
    end_s: float
    size: float
    """By kind: a share of the range, times the usual noise, hours of shift, or times the usual interval."""


class Kind(NamedTuple):
    """On what, how long and how large a kind of anomaly is."""

    on: Mapping[str, tuple[str, ...]]
    """By profile the metrics of which it may befall one; none: the whole thing."""
    hours: tuple[float, float]
    size: tuple[float, float]


_MOVING: dict[str, tuple[str, ...]] = {
    "air-station": ("pm25", "no2", "o3", "temperature", "humidity"),
    "environment-sensor": ("temperature", "humidity", "noise"),
    "smart-pole": ("voltage",),
}
_ALL = _MOVING | {"river-level": ("level",)}
_WHOLE: dict[str, tuple[str, ...]] = {"air-station": (), "environment-sensor": (), "river-level": ()}
_NIGHT = {"manhole-cover": ("water",), "environment-sensor": ("noise",), "street-lamp": ("power",)}
_DAILY = {"street-lamp": ("power",), "air-station": ("o3",), "environment-sensor": ("noise",)}
KINDS: dict[str, Kind] = {
    "drift": Kind(_ALL, (60, 96), (0.7, 1.1)),
    "stuck": Kind(_MOVING, (8, 30), (0, 0)),
    "leak": Kind(_NIGHT, (3, 4), (0.6, 0.9)),
    "slow": Kind(_WHOLE, (8, 24), (4, 8)),
    "burst": Kind(_WHOLE, (6, 12), (0.1, 0.2)),
    "shifted": Kind(_DAILY, (36, 60), (5, 8)),
    "jump": Kind(_ALL, (8, 36), (0.5, 0.9)),
    "noisy": Kind(_ALL, (10, 24), (5, 8)),
}


def plan(things: Sequence[Thing], start_s: float, days: float, each: int, seed: int) -> list[Hidden]:
    """So many anomalies of each kind within a time, by their begin; at most one of a thing."""
    rng = np.random.default_rng([seed, 13])
    free = {thing.code: thing for thing in things}
    found = []
    for name in [name for _ in range(each) for name in KINDS]:
        kind = KINDS[name]
        some = [thing for thing in free.values() if thing.profile in kind.on]
        profiles = sorted({thing.profile for thing in some})
        if not profiles:
            continue
        profile = profiles[rng.integers(len(profiles))]
        some = [thing for thing in some if thing.profile == profile]
        thing, metrics = some[rng.integers(len(some))], kind.on[profile]
        metric = metrics[rng.integers(len(metrics))] if metrics else None
        del free[thing.code]
        length = rng.uniform(*kind.hours) * HOUR
        begin = start_s + rng.uniform(0, max(0.0, days * DAY - length))
        begin = _quiet(thing, begin) if name == "leak" else begin
        size = round(float(rng.uniform(*kind.size)), 3)
        found.append(Hidden(thing.code, metric, name, begin, begin + length, size))
    return sorted(found, key=lambda one: one.begin_s)


def _quiet(thing: Thing, at_s: float) -> float:
    """When the same day is quiet: in the morning for a lamp, in the small hours for all else."""
    hour = 10.5 if thing.profile == "street-lamp" else 0.75
    return day_of(at_s) * DAY - ZONE_S + hour * HOUR


class Stretch(NamedTuple):
    """The part of a series in which something is wrong."""

    one: Hidden
    at: Floats
    """(n,) seconds since the epoch."""
    values: Floats
    """(n,) as they would be, if nothing were wrong."""
    all_at: Floats
    all_values: Floats
    """(m,) of weeks."""
    rng: np.random.Generator

    @property
    def extent(self) -> float:
        """The range of the series."""
        low, high = np.quantile(self.all_values, [0.005, 0.995])
        return max(float(high - low), 1e-9)


def altered(one: Hidden, at: Floats, values: Floats, rng: np.random.Generator) -> Floats:
    """Values (n,) at times (n,) as the anomaly lets them be. Rhythms change times, not values: see `lives`."""
    alter, found = _ALTER.get(one.kind), values.copy()
    inside = (at >= one.begin_s) & (at < one.end_s)
    if alter is not None and inside.any():
        found[inside] = alter(Stretch(one, at[inside], values[inside], at, values, rng))
    return found


def _drift(part: Stretch) -> Floats:
    grown = (part.at - part.one.begin_s) / (part.one.end_s - part.one.begin_s)
    return part.values + part.one.size * part.extent * np.minimum(1.0, 1.25 * grown)


def _stuck(part: Stretch) -> Floats:
    return np.full(len(part.at), part.values[0])


def _jump(part: Stretch) -> Floats:
    return part.values + part.one.size * part.extent


def _leak(part: Stretch) -> Floats:
    return part.values + part.one.size * part.extent * np.minimum(1.0, np.arange(1, len(part.at) + 1) / 3)


def _shifted(part: Stretch) -> Floats:
    return np.interp(part.at - part.one.size * HOUR, part.all_at, part.all_values)


def _noisy(part: Stretch) -> Floats:
    usual = float(np.std(np.diff(part.all_values))) / np.sqrt(2)
    return part.values + part.rng.normal(0, part.one.size * usual, len(part.at))


_ALTER: dict[str, Callable[[Stretch], Floats]] = {
    "drift": _drift,
    "stuck": _stuck,
    "jump": _jump,
    "leak": _leak,
    "shifted": _shifted,
    "noisy": _noisy,
}
