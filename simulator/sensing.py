"""Normal measurements of a simulated device at a point in time."""

from collections.abc import Callable, Mapping
from random import Random

from simulator.things import RULES, ThresholdRule
from simulator.weather import Drift, Weather, daylight, rush

NORMAL = {(rule.profile, rule.metric): rule.normal for rule in RULES if isinstance(rule, ThresholdRule)}
"""By profile and metric: the range that normal life keeps to, well away from the rule's thresholds."""

WATTS = 1.2
"""Of a lamp, for each per cent of brightness."""
DECIMALS = {"level": 3, "brightness": 0}

Nature = Callable[["Sensor", float], dict[str, float]]


class Sensor:
    """One device's measurements: shared weather, local offset and noise."""

    def __init__(self, profile: str, weather: Weather, rng: Random) -> None:
        self.profile, self.weather = profile, weather
        self.place = rng.uniform(-1, 1)
        """What is particular about where it stands, -1..1."""
        self._first, self._second = Drift(rng, 1.0, 60), Drift(rng, 1.0, 15)
        self.first = self._first.at
        self.second = self._second.at

    def measure(self, now_s: float, forced: Mapping[str, float]) -> dict[str, float]:
        """Value by metric at a time (seconds since the epoch); `forced` is what an anomaly does to it."""
        values = _NATURES[self.profile](self, now_s)
        for metric, value in values.items():
            low, high = NORMAL.get((self.profile, metric), (float("-inf"), float("inf")))
            values[metric] = round(max(low, min(high, value)), DECIMALS.get(metric, 2))
        if "pm25" in forced:  # fine dust is a part of coarse dust
            values["pm10"] = round(values["pm10"] + 1.45 * (forced["pm25"] - values["pm25"]), 2)
        if "brightness" in forced:
            values["power"] = round(values["power"] + WATTS * (forced["brightness"] - values["brightness"]), 2)
        return values | dict(forced)


def _air(sensor: Sensor, now: float) -> dict[str, float]:
    pm25 = 30 + 9 * rush(now) + 5 * sensor.weather.haze(now) + 4 * sensor.place + 2 * sensor.first(now)
    pm25 = max(4.0, min(60.0, pm25))
    return {
        "pm25": pm25,
        "pm10": pm25 * 1.45 + 8 + sensor.second(now),
        "no2": max(3.0, 22 + 18 * rush(now) + 4 * sensor.place + 2 * sensor.second(now)),
        "o3": max(5.0, 45 + 55 * daylight(now) - 6 * sensor.weather.haze(now) + 2 * sensor.first(now)),
        **_climate(sensor, now),
    }


def _climate(sensor: Sensor, now: float) -> dict[str, float]:
    humidity = sensor.weather.humidity(now) + 2 * sensor.place + sensor.second(now)
    return {
        "temperature": sensor.weather.temperature(now) + 0.6 * sensor.place + 0.1 * sensor.second(now),
        "humidity": max(15.0, min(99.0, humidity)),
    }


def _river(sensor: Sensor, now: float) -> dict[str, float]:
    return {"level": 2.1 + 0.3 * sensor.place + 0.2 * sensor.weather.rain(now) + 0.02 * sensor.first(now)}


def _cover(sensor: Sensor, now: float) -> dict[str, float]:
    return {
        "tilt": abs(1.0 + 0.5 * sensor.place + 0.1 * sensor.second(now)),
        "water": 0.6 + 0.4 * sensor.place + 0.5 * sensor.weather.rain(now) + 0.05 * sensor.first(now),
        "battery": 86 + 12 * sensor.place,
    }


def _pole(sensor: Sensor, now: float) -> dict[str, float]:
    return {"voltage": 228 + 1.5 * sensor.place + 0.8 * sensor.second(now)}


def _lamp(sensor: Sensor, now: float) -> dict[str, float]:
    brightness = float(round(100 * max(0.0, 0.8 - 2 * daylight(now))))
    return {"brightness": brightness, "power": 2.5 + WATTS * brightness + 0.3 * abs(sensor.second(now))}


def _environment(sensor: Sensor, now: float) -> dict[str, float]:
    return {**_climate(sensor, now), "noise": 50 + 9 * rush(now) + 2 * sensor.place + 1.2 * sensor.second(now)}


_NATURES: dict[str, Nature] = {
    "air-station": _air,
    "river-level": _river,
    "manhole-cover": _cover,
    "smart-pole": _pole,
    "street-lamp": _lamp,
    "environment-sensor": _environment,
}
