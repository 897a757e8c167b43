"""The weather of weeks, on a grid of time: what things of one town share, and what the whole city does."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from simulator.weather import ZONE_S

Floats = NDArray[np.float64]

TOWN = 0.25
"""What is a town's own of the weather, beside what is the city's."""
RAINS_EVERY_S = 3.5 * 86_400


def wander(rng: np.random.Generator, count: int, sigma: float, steps: float) -> Floats:
    """(count,) of AR(1) noise: deviation `sigma`, forgets itself in about so many steps."""
    keep, value, found = math.exp(-1 / steps), float(rng.normal(0, sigma)), np.empty(count)
    for place, push in enumerate(rng.normal(0, sigma * math.sqrt(1 - keep * keep), count).tolist()):
        value = found[place] = value * keep + push
    return found


def drained(rain: Floats, steps: float) -> Floats:
    """What is left of rain (count,) while it drains away within about so many steps."""
    keep, level, found = np.exp(-1 / steps), 0.0, np.empty(len(rain))
    for place, fallen in enumerate(rain.tolist()):
        level = found[place] = level * keep + fallen * (1 - keep)
    return found


@dataclass(slots=True, frozen=True)
class Season:
    """Weather at times (count,), in seconds since the epoch; by town where it has two dimensions (towns, count)."""

    at: Floats
    hour: Floats
    """Local, 0 <= h < 24."""
    rest: NDArray[np.bool_]
    """Saturdays and Sundays."""
    daylight: Floats
    traffic: Floats
    """0 .. 1: high about 08:00 and 18:00, later and lower on days of rest."""
    rain: Floats
    """(count,) 0 dry .. 2 heavy."""
    warmth: Floats
    """(towns, count) degrees Celsius away from the usual of the hour."""
    haze: Floats
    """(towns, count) about -3 .. 3."""
    cloud: Floats
    """(count,) 0 clear .. 1 covered."""


def season(rng: np.random.Generator, start_s: float, days: float, step_s: float, towns: int) -> Season:
    """The weather of so many days from a time on."""
    count, a_day = round(days * 86_400 / step_s), 86_400 / step_s
    at = start_s + step_s * np.arange(count, dtype=np.float64)
    hour = (at + ZONE_S) % 86_400 / 3600
    rest = ((at + ZONE_S) // 86_400 + 3) % 7 >= 5
    daylight = np.maximum(0.0, np.sin((hour - 6) / 12 * np.pi))
    late = np.where(rest, 2.0, 0.0)
    peaks = np.exp(-(((hour - 8 - late) / 1.8) ** 2)) + np.exp(-(((hour - 18) / 2.2) ** 2))
    traffic = np.minimum(1.0, 0.12 + 0.28 * daylight + np.where(rest, 0.6, 1.0) * peaks)
    rain = _rain(rng, count, step_s)
    front = wander(rng, count, 2.2, 1.5 * a_day)
    breeze = wander(rng, count, 0.5, a_day / 16)
    sky = wander(rng, count, 1.0, a_day / 3)
    cloud = np.clip(0.4 + 0.3 * sky + np.minimum(rain, 1), 0, 1)
    warm, hazy = (np.array([wander(rng, count, TOWN, a_day / 8) for _ in range(towns)]) for _ in range(2))
    air = wander(rng, count, 0.8, 1.2 * a_day)
    wet = drained(rain, a_day / 6)
    haze: Floats = air - 1.2 * wet + hazy
    warmth: Floats = front + breeze - 1.5 * wet + warm
    return Season(
        at, hour, rest, daylight, traffic, rain, warmth, haze, cloud,
    )  # fmt: skip


def _rain(rng: np.random.Generator, count: int, step_s: float) -> Floats:
    """Rains of some hours, one in some days, each with its own course."""
    rain = np.zeros(count)
    at = float(rng.exponential(RAINS_EVERY_S))
    while at < count * step_s:
        first, length = int(at / step_s), max(2, int(rng.uniform(1, 10) * 3600 / step_s))
        course = np.sin(np.linspace(0, np.pi, length)) * rng.uniform(0.4, 1.0, length) * rng.uniform(0.4, 2.0)
        length = min(length, count - first)
        rain[first : first + length] = np.maximum(rain[first : first + length], course[:length])
        at += float(rng.exponential(RAINS_EVERY_S))
    return rain
