"""Conditions shared by all devices: time of day and drifting weather."""

from collections.abc import Callable
from math import cos, exp, pi, sin, sqrt
from random import Random

ZONE_S = 8 * 3600
"""The city's clock is 8 h ahead of UTC."""


class Drift:
    """AR(1) noise: mean 0, standard deviation `sigma`, forgets itself in about `tau_s`, never beyond 3 sigma."""

    def __init__(self, rng: Random, sigma: float, tau_s: float) -> None:
        self._rng, self._sigma, self._tau = rng, sigma, tau_s
        self._value = rng.gauss(0, sigma)
        self._at: float | None = None

    def at(self, now_s: float) -> float:
        """The value at a time; for a time that lies back, the newest."""
        if self._at is None:
            self._at = now_s
        elif now_s > self._at:
            keep = exp(-(now_s - self._at) / self._tau)
            self._value = self._value * keep + self._rng.gauss(0, self._sigma) * sqrt(1 - keep * keep)
            self._at = now_s
        return max(-3 * self._sigma, min(3 * self._sigma, self._value))


def hour(now_s: float) -> float:
    """Local hour of the day, 0 <= h < 24."""
    return (now_s + ZONE_S) % 86400 / 3600


def daylight(now_s: float) -> float:
    """0 at night, up to 1 at noon."""
    return max(0.0, sin((hour(now_s) - 6) / 12 * pi))


def rush(now_s: float) -> float:
    """Traffic, 0..1: high about 08:00 and 18:00, low at night."""
    h = hour(now_s)
    peaks = exp(-(((h - 8) / 1.8) ** 2)) + exp(-(((h - 18) / 2.2) ** 2))
    return min(1.0, 0.15 + 0.25 * daylight(now_s) + peaks)


class Weather:
    """The city's weather: each is a function of the time, shared by all things."""

    def __init__(self, rng: Random) -> None:
        warmth, haze, rain = Drift(rng, 1.5, 3600), Drift(rng, 1.0, 1800), Drift(rng, 1.0, 2400)
        self._warmth: Callable[[float], float] = warmth.at
        self._haze: Callable[[float], float] = haze.at
        self._rain: Callable[[float], float] = rain.at

    def temperature(self, now_s: float) -> float:
        """Degrees Celsius: coldest at 04:00, warmest at 15:00, cooler in the rain."""
        cycle = 5 * cos((hour(now_s) - 15) / 24 * 2 * pi)
        return 18 + cycle + self._warmth(now_s) - self.rain(now_s)

    def humidity(self, now_s: float) -> float:
        """Per cent: falls as it warms, rises with rain."""
        return 72 - 1.8 * (self.temperature(now_s) - 18) + 8 * self.rain(now_s)

    def haze(self, now_s: float) -> float:
        """-3..3: how much the air keeps of what is blown into it; rain washes it."""
        return self._haze(now_s) - 0.5 * self.rain(now_s)

    def rain(self, now_s: float) -> float:
        """0 dry .. 2 heavy."""
        return max(0.0, self._rain(now_s) - 1)
