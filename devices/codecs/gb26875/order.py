"""Frames by which a centre tells a user transmission device of GB/T 26875.3 something. Pure."""

from datetime import datetime

from devices.codecs.gb26875.frame import HEAD, TAIL

CONTROL = 1
CLOCK, DUTY = 90, 91
"""Types of application data: set the clock; is anybody on duty (查岗)."""
_VERSION, _CENTRE = b"\x01\x01", bytes(6)


def clock(station: str, serial: int, now: datetime) -> bytes:
    """Sets the clock, to a time of the station's zone."""
    return _control(station, serial, now, bytes([CLOCK, 1]) + _time(now))


def duty(station: str, serial: int, now: datetime, minutes: int) -> bytes:
    """Asks whoever is on duty to press the button within some minutes, up to 255."""
    return _control(station, serial, now, bytes([DUTY, 1, minutes]))


def _time(now: datetime) -> bytes:
    return bytes([now.second, now.minute, now.hour, now.day, now.month, now.year % 100])


def _control(station: str, serial: int, now: datetime, application: bytes) -> bytes:
    told = serial.to_bytes(2, "little") + _VERSION + _time(now) + _CENTRE + bytes.fromhex(station)[::-1]
    told += len(application).to_bytes(2, "little") + bytes([CONTROL]) + application
    return HEAD + told + bytes([sum(told) & 0xFF]) + TAIL
