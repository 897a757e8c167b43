"""A station of air quality that speaks HJ 212-2017: values of the moment, each acknowledged by 9014."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from random import Random

from devices.codecs.hj212.frame import read
from devices.codecs.hj212.writing import Head, Item, data, data_time, request_number, upload
from hub.errors import DecodeError
from hub.models import Micros
from simulator.messages import ReadingTruth
from simulator.stations.speech import SECOND, Report
from simulator.stations.walk import Course, Walk

BEIJING = timezone(timedelta(hours=8))
COURSES: dict[str, Course] = {
    "a34004": Course("pm25", 50, 1500, 1),
    "a34002": Course("pm10", 100, 2500, 1),
    "a21026": Course("so2", 20, 400, 1),
    "a21004": Course("no2", 50, 1200, 1),
    "a05024": Course("o3", 100, 2000, 1),
    "a01001": Course("temperature", -50, 350, 1),
    "a01002": Course("humidity", 200, 950, 1),
}
"""By code: what a station measures."""


class Hj212:
    """One station by its number (MN)."""

    every = SECOND
    greeting = b""

    def __init__(self, number: str, seed: int, password: str = "123456", clock_off: Micros = 0) -> None:  # noqa: S107 what stations come with
        """`clock_off`: how far its clock is ahead of the right time."""
        rng = Random(f"hj212-{number}-{seed}")  # noqa: S311 a made-up station, no secret
        self.number, self._password, self._off = number, password, clock_off
        self._walks = {code: Walk(course, rng) for code, course in COURSES.items()}

    def report(self, at: Micros) -> Report:
        """See Speech: a frame of seven values."""
        told = at + self._off
        items, readings = list[Item](), list[ReadingTruth]()
        for code, walk in self._walks.items():
            course, steps = COURSES[code], walk.next()
            text = f"{steps / 10**course.decimals:.{course.decimals}f}"
            items.append(Item(code, text))
            readings.append(ReadingTruth(self.number, course.metric, told, float(text)))
        head = Head(request_number(told, BEIJING), "22", "2011", self._password, self.number)
        return Report(upload(head, data(data_time(told, BEIJING), items)), head.qn, tuple(readings))

    def frames(self, buffer: bytes) -> tuple[list[bytes], bytes]:
        """See Speech."""
        *whole, rest = buffer.split(b"\r\n")
        return [each for each in whole if each], rest

    def acknowledged(self, frame: bytes) -> str | None:
        """See Speech: the QN of a 9014 to this station."""
        try:
            fields = read(frame).fields
        except DecodeError:
            return None
        return fields.get("QN") if (fields.get("CN"), fields.get("MN")) == ("9014", self.number) else None


def numbers(count: int, first: int = 1) -> Sequence[str]:
    """Numbers of so many made-up stations, 24 hexadecimal digits each."""
    return [f"3301101F00{n:014X}" for n in range(first, first + count)]
