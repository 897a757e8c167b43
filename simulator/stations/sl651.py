"""A station at a river that speaks SL 651-2014 in mode M2: a report each minute, confirmed with its serial number."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from random import Random

from devices.codecs.crc16 import crc16
from devices.codecs.sl651 import writing
from devices.codecs.sl651.packet import EOT, ESC, HEAD
from hub.models import Micros
from simulator.messages import ReadingTruth
from simulator.stations.speech import SECOND, Report
from simulator.stations.walk import Course, Walk

BEIJING = timezone(timedelta(hours=8))
COURSES = {
    0x26: (3, Course("rain_total", 0, 5000, 1)),
    0x39: (4, Course("level", 1000, 9000, 3)),
    0x38: (2, Course("voltage", 1050, 1350, 2)),
}
"""By element: bytes of BCD, and what it measures."""
_HEADS, _AFTER, _LENGTH_AT = 14, 3, 11


class Sl651:
    """One station by its address, 10 digits."""

    every = 60 * SECOND
    greeting = b""

    def __init__(self, address: str, seed: int, password: str = "1234", clock_off: Micros = 0) -> None:  # noqa: S107 what stations come with
        """`clock_off`: how far its clock is ahead of the right time, in whole minutes."""
        rng = Random(f"sl651-{address}-{seed}")  # noqa: S311 a made-up station, no secret
        self.address, self._station, self._off = address, writing.Station(address, password), clock_off
        self._serial = rng.randint(0, 0xFFFF)
        self._walks = {code: Walk(course, rng) for code, (_, course) in COURSES.items()}

    def report(self, at: Micros) -> Report:
        """See Speech: rain, level and voltage."""
        told = at + self._off
        self._serial = (self._serial + 1) & 0xFFFF
        elements, readings = list[writing.Element](), list[ReadingTruth]()
        for code, (size, course) in COURSES.items():
            steps = self._walks[code].next()
            elements.append(writing.Element(code, size, course.decimals, steps))
            readings.append(ReadingTruth(self.address, course.metric, told, steps / 10**course.decimals))
        frame = writing.report(self._station, self._serial, told, BEIJING, elements)
        return Report(frame, str(self._serial), tuple(readings))

    def frames(self, buffer: bytes) -> tuple[list[bytes], bytes]:
        """See Speech."""
        found: list[bytes] = []
        while True:
            begin = buffer.find(HEAD)
            if begin < 0 or len(buffer) < begin + _HEADS:
                return found, buffer[begin:] if begin >= 0 else b""
            length = int.from_bytes(buffer[begin + _LENGTH_AT : begin + _LENGTH_AT + 2], "big") & 0xFFF
            end = begin + _HEADS + length + _AFTER
            if len(buffer) < end:
                return found, buffer[begin:]
            found.append(buffer[begin:end])
            buffer = buffer[end:]

    def acknowledged(self, frame: bytes) -> str | None:
        """See Speech: the serial number of a confirmation to this station that ends in EOT or ESC."""
        good = crc16(frame[:-2]) == int.from_bytes(frame[-2:], "big") and frame[-3] in (EOT, ESC)
        mine = good and frame[2:7].hex().upper() == self.address
        return str(int.from_bytes(frame[_HEADS : _HEADS + 2], "big")) if mine else None


def addresses(count: int, first: int = 1) -> Sequence[str]:
    """Addresses of so many made-up stations."""
    return [f"33{n:08}" for n in range(first, first + count)]
