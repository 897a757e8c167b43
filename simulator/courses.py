"""What things measure over weeks: a course of the day and the week, the weather that neighbours share, and noise."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.seasons import Floats, Season, drained, wander
from simulator.sensing import NORMAL, WATTS
from simulator.weather import ZONE_S

INTERVAL_S = 300
"""How often things report, and the step of the seasons."""
INTERVALS_S = {"manhole-cover": 900}
"""By profile: how often its things report, if not so often."""
STEPS = {
    "battery": 1.0, "brightness": 1.0, "level": 0.01, "water": 0.1, "tilt": 0.1, "pm25": 1.0, "pm10": 1.0, "no2": 1.0,
    "o3": 1.0, "humidity": 0.5,
}  # fmt: skip
"""By metric: the smallest step that a sensor tells apart, if not 0.1."""


@dataclass(slots=True, frozen=True)
class Spot:
    """Where a thing stands, in a season, and its own randomness."""

    season: Season
    town: int
    rng: np.random.Generator
    place: float
    """What is particular about it, -1 .. 1."""

    def noise(self, sigma: float) -> Floats:
        """Of each reading, unrelated to the one before."""
        return self.rng.normal(0, sigma, len(self.season.at))

    def drift(self, sigma: float, hours: float) -> Floats:
        """What wanders, and forgets itself in about so many hours."""
        step_h = (self.season.at[1] - self.season.at[0]) / 3600
        return wander(self.rng, len(self.season.at), sigma, hours / step_h)


def measured(profile: str, spot: Spot) -> dict[str, Floats]:
    """By metric the values (count,) at all times of the season, rounded to what the sensor tells apart."""
    return {metric: rounded(profile, metric, values) for metric, values in _COURSES[profile](spot).items()}


def rounded(profile: str, metric: str, values: Floats) -> Floats:
    """Within what no threshold sees, in steps of the sensor."""
    step = STEPS.get(metric, 0.1)
    low, high = NORMAL.get((profile, metric), (-np.inf, np.inf))
    found: NDArray[np.float64] = np.round(np.round(np.clip(values, low, high) / step) * step, 3)
    return found


def _climate(spot: Spot) -> dict[str, Floats]:
    sky = spot.season
    course = 5 * np.cos((sky.hour - 15) / 12 * np.pi) * (1 - 0.4 * sky.cloud)
    warm = 18 + course + sky.warmth[spot.town] + 0.6 * spot.place + spot.drift(0.15, 1)
    damp = 74 - 2 * (warm - 18) + 10 * np.minimum(sky.rain, 1) + 2 * spot.place + spot.drift(1.0, 1)
    return {"temperature": warm + spot.noise(0.08), "humidity": np.clip(damp + spot.noise(0.5), 15, 99)}


def _air(spot: Spot) -> dict[str, Floats]:
    sky = spot.season
    haze = sky.haze[spot.town]
    fine = (26 + 4 * spot.place) * np.exp(0.4 * haze) * (0.75 + 0.4 * sky.traffic) + spot.drift(1.5, 2)
    fine = np.maximum(4, 55 * np.tanh(fine / 55)) * (1 + spot.noise(0.04))
    nitrogen = (14 + 34 * sky.traffic + 3 * spot.place) * np.exp(0.2 * haze) + spot.drift(2, 1)
    ozone = 38 + 70 * sky.daylight * (1 - 0.6 * sky.cloud) - 5 * haze + spot.drift(3, 1)
    return {
        "pm25": fine,
        "pm10": fine * 1.45 + 8 + spot.drift(1.5, 1) + spot.noise(1.0),
        "no2": np.maximum(3, nitrogen + spot.noise(1)),
        "o3": np.maximum(5, ozone + spot.noise(1)),
        **_climate(spot),
    }


def _river(spot: Spot) -> dict[str, Floats]:
    a_day = 86_400 / (spot.season.at[1] - spot.season.at[0])
    flood = 0.9 * drained(spot.season.rain, a_day / 3)
    return {"level": 2.0 + 0.3 * spot.place + flood + spot.drift(0.02, 12) + spot.noise(0.006)}


def _cover(spot: Spot) -> dict[str, Floats]:
    sky = spot.season
    a_day = 86_400 / (sky.at[1] - sky.at[0])
    use = np.exp(-(((sky.hour - 8) / 1.5) ** 2)) + 0.9 * np.exp(-(((sky.hour - 20) / 2.2) ** 2)) + 0.4 * sky.daylight
    sewage = 0.45 + 0.1 * spot.place + 0.7 * use + 0.6 * drained(sky.rain, a_day / 12)
    days = (sky.at - sky.at[0]) / 86_400
    return {
        "tilt": np.abs(1.0 + 0.5 * spot.place + spot.noise(0.05)),
        "water": sewage * (1 + spot.noise(0.06)) + spot.drift(0.03, 2),
        "battery": 86 + 10 * spot.place - 0.12 * days + spot.noise(0.2),
    }


def _pole(spot: Spot) -> dict[str, Floats]:
    load = 1.6 * spot.season.traffic + np.where(_dark(spot), 0.8, 0.0)
    return {"voltage": 229 + 1.5 * spot.place - load + spot.drift(0.6, 1) + spot.noise(0.2)}


def _dark(spot: Spot) -> NDArray[np.bool_]:
    hour = spot.season.hour
    return (hour >= 18.25) | (hour < 5.75)


def _lamp(spot: Spot) -> dict[str, Floats]:
    late = (spot.season.hour >= 23) | (spot.season.hour < 5)
    brightness = np.where(_dark(spot), np.where(late, 60.0, 100.0), 0.0)
    mains = 0.01 * brightness * spot.drift(0.8, 1) + np.abs(spot.noise(0.15))
    return {"brightness": brightness, "power": 2.5 + WATTS * brightness + mains}


def _environment(spot: Spot) -> dict[str, Floats]:
    sky = spot.season
    loud = 46 + 14 * sky.traffic + 3 * np.minimum(sky.rain, 1) + 2 * spot.place
    return {**_climate(spot), "noise": loud + spot.drift(1.2, 0.5) + spot.noise(0.9)}


_COURSES: dict[str, Callable[[Spot], dict[str, Floats]]] = {
    "air-station": _air,
    "river-level": _river,
    "manhole-cover": _cover,
    "smart-pole": _pole,
    "street-lamp": _lamp,
    "environment-sensor": _environment,
}


def day_of(ts_s: float) -> int:
    """The local day, counted from 1970-01-01."""
    return int((ts_s + ZONE_S) // 86_400)


def interval_s(profile: str) -> float:
    """How often things of a profile report."""
    return float(INTERVALS_S.get(profile, INTERVAL_S))
