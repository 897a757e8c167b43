"""Uplinks of a LoRaWAN sensor for temperature and humidity (Milesight EM300-TH), as bytes and their truth."""

from collections.abc import Sequence
from random import Random

from hub.models import Micros
from simulator.messages import ReadingTruth
from simulator.stations.walk import Course, Walk

COURSES = {
    "temperature": Course("temperature", -50, 380, 1),
    "humidity": Course("humidity", 60, 190, 0),
}
"""Humidity is told in halves of a per cent."""


class Sensor:
    """One sensor, by what its platform calls it."""

    def __init__(self, name: str, seed: int) -> None:
        rng = Random(f"uplink-{name}-{seed}")  # noqa: S311 a made-up sensor, no secret
        self.name, self.frame_count = name, 0
        self._walks = {metric: Walk(course, rng) for metric, course in COURSES.items()}

    def uplink(self, at: Micros) -> tuple[bytes, tuple[ReadingTruth, ...]]:
        """The bytes that it sends now, and what they tell."""
        self.frame_count += 1
        tenths, halves = self._walks["temperature"].next(), self._walks["humidity"].next()
        told = b"\x01\x75\x5c\x03\x67" + tenths.to_bytes(2, "little", signed=True) + b"\x04\x68" + bytes([halves])
        values = {"battery": 92.0, "temperature": tenths / 10, "humidity": halves / 2}
        return told, tuple(ReadingTruth(self.name, metric, at, value) for metric, value in values.items())


def names(count: int, first: int = 1) -> Sequence[str]:
    """DevEUIs of so many made-up sensors: 16 hexadecimal digits."""
    return [f"24E124{n:010X}" for n in range(first, first + count)]


def modules(count: int, first: int = 1) -> Sequence[str]:
    """What a CTWing calls so many made-up modules: a letter and the 15 digits of their IMEI."""
    return [f"d8600000{n:08}" for n in range(first, first + count)]
