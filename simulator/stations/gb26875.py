"""A user transmission device of GB/T 26875.3: its building's detectors and analogue values, confirmed by 3."""

from collections.abc import Sequence
from datetime import timedelta, timezone
from random import Random

from devices.codecs.gb26875.frame import CONFIRM, read
from devices.codecs.gb26875.writing import FAULT, FIRE, NORMAL, Address, Part, analogue, frames, state
from hub.errors import DecodeError
from hub.models import Micros
from simulator.messages import EventTruth, ReadingTruth
from simulator.stations.speech import SECOND, Report
from simulator.stations.walk import Course, Walk

BEIJING = timezone(timedelta(hours=8))
STATE_EVERY = 3
"""Reports from one that tells the state of its detector to the next."""
TEMPERATURE, PRESSURE = 3, 5
"""Kinds of analogue values."""
COURSES = {TEMPERATURE: Course("temperature", 150, 300, 1), PRESSURE: Course("pressure", 2000, 6000, 1)}
HYDRANT, DETECTOR = Part(11, 1, 91, 1), Part(1, 1, 40, 217)
PLACE = f"{HYDRANT.system_type}-{HYDRANT.system}-{HYDRANT.address}"
"""By which metrics tell its hydrant."""


class Gb26875:
    """One device by its address, 12 hexadecimal digits."""

    every = SECOND
    greeting = b""

    def __init__(self, address: str, seed: int, clock_off: Micros = 0) -> None:
        """`clock_off`: how far its clock is ahead of the right time."""
        rng = Random(f"gb26875-{address}-{seed}")  # noqa: S311 a made-up device, no secret
        self.address, self._off, self._serial = address, clock_off, rng.randint(0, 0xFFFF)
        self._reports = 0
        self._walks = {kind: Walk(course, rng) for kind, course in COURSES.items()}

    def report(self, at: Micros) -> Report:
        """See Speech: temperature and pressure at its hydrant; each third time how its detector is: well."""
        self._reports += 1
        if self._reports % STATE_EVERY == 0:
            return self.detector(at)
        told, serial = at + self._off, self._next()
        values = {kind: walk.next() for kind, walk in self._walks.items()}
        frame = analogue(Address(self.address, told, BEIJING), serial, HYDRANT, list(values.items()))
        readings = tuple(
            ReadingTruth(self.address, f"{COURSES[kind].metric}/{PLACE}", told, steps / 10.0 ** COURSES[kind].decimals)
            for kind, steps in values.items()
        )
        return Report(frame, str(serial), readings)

    def detector(self, at: Micros, bits: int = NORMAL) -> Report:
        """The state of its smoke detector: FIRE, FAULT, or NORMAL alone, which ends both; it is never shielded."""
        told, serial = at + self._off, self._next()
        frame = state(Address(self.address, told, BEIJING), serial, DETECTOR, bits | NORMAL, "1层走廊")
        states = [("fire", bool(bits & FIRE)), ("fault", bool(bits & FAULT)), ("shielded", False)]
        events = tuple(
            EventTruth(self.address, f"{self.address}-{serial}-{kind}", kind, "active" if on else "inactive", told)
            for kind, on in states
        )
        return Report(frame, str(serial), (), events)

    def frames(self, buffer: bytes) -> tuple[list[bytes], bytes]:
        """See Speech."""
        return frames(buffer)

    def acknowledged(self, frame: bytes) -> str | None:
        """See Speech: the serial number that is confirmed to this device."""
        try:
            message = read(frame)
        except DecodeError:
            return None
        mine = message.command == CONFIRM and message.destination[::-1].hex().upper() == self.address
        return str(message.serial) if mine else None

    def _next(self) -> int:
        self._serial = (self._serial + 1) & 0xFFFF
        return self._serial


def addresses(count: int, first: int = 1) -> Sequence[str]:
    """Addresses of so many made-up devices."""
    return [f"3301{n:08X}" for n in range(first, first + count)]
