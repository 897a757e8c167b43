"""Reports for targets of forwarding, made of what a batch stores. Pure."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from devices.codecs.hj212.codes import codes
from devices.codecs.hj212.frame import read
from devices.codecs.hj212.items import PERIODS
from hub.errors import DecodeError
from hub.models import Micros

REALTIME = "2011"
"""The command of values of the moment."""
AT_ONCE = 20
"""Values of a report over HJ 212, whose segment the standard limits to 1024 bytes."""
_NAME = re.compile(rb"(?:\A|[;,])([^=;,]+)=")

Measured = Mapping[str, tuple[float | None, int, str | None]]
"""By metric: value (None: a flag without one), quality, unit."""


class Original(NamedTuple):
    """What a frame of HJ 212 tells, to be told again as it is."""

    command: str
    station_kind: str
    packet: str | None
    """PNUM/PNO."""
    data: bytes
    part: str


class Report(NamedTuple):
    """One row of forward_report."""

    target: int
    device: int
    ts: Micros
    command: str
    part: str
    station_kind: str | None = None
    packet: str | None = None
    original: bytes | None = None
    measured: Measured | None = None


def original_of(frame: bytes) -> Original | None:
    """The original of a frame that was stored; None for one that holds no values."""
    try:
        message = read(frame)
    except DecodeError:  # what was mapped to another form before it was decoded
        return None
    fields = message.fields
    if (command := fields.get("CN", "")) not in PERIODS:
        return None
    packet = f"{fields['PNUM']}/{fields['PNO']}" if "PNUM" in fields and "PNO" in fields else None
    names = {name for name in _NAME.findall(message.data) if name != b"DataTime"}
    return Original(command, fields.get("ST", ""), packet, message.data, _digest(names, packet))


def of_measured(target: int, device: int, ts: Micros, measured: Measured, as_codes: bool) -> Iterator[Report]:
    """Reports of the values that a device has measured at one time; `as_codes`: of those that HJ 212 has codes for."""
    metrics = sorted(metric for metric in measured if not as_codes or metric in code_of())
    size = AT_ONCE if as_codes else max(len(metrics), 1)
    for begin in range(0, len(metrics), size):
        chosen = metrics[begin : begin + size]
        part = _digest((metric.encode() for metric in chosen), None)
        yield Report(target, device, ts, REALTIME, part, measured={metric: measured[metric] for metric in chosen})


_CODES: dict[str, str] = {}


def code_of() -> Mapping[str, str]:
    """The code of HJ 212 by metric; of several codes for one, the first of the table."""
    if not _CODES:
        for code, told in codes().items():
            _CODES.setdefault(told.metric, code)
    return _CODES


def columns(reports: Sequence[Report]) -> Mapping[str, Sequence[object]]:
    """By field, the values of all reports."""
    return {name: [getattr(report, name) for report in reports] for name in Report._fields}


def _digest(names: Iterable[bytes], packet: str | None) -> str:
    told = b",".join(sorted(names)) + (packet or "").encode()
    return hashlib.blake2s(told, digest_size=8).hexdigest()
