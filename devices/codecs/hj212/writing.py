"""Writes what a station of HJ 212 uploads, and what the side that is asked to take it answers. Pure."""

from collections.abc import Iterable
from datetime import tzinfo
from typing import NamedTuple

from devices.codecs.hj212.crc import LONGEST
from devices.codecs.hj212.frame import written
from hub.models import Micros, from_micros

REPLY_WANTED, V2017 = 0b001, 0b100
"""Of Flag: whether a reply is wanted, and the edition of the standard."""
SPLIT = 0b010
"""Of Flag: the message is one of several packets, which PNUM and PNO number."""
SEGMENT_MAX = 1_024
"""Bytes of a segment, by the standard."""


class Head(NamedTuple):
    """The fields before the data."""

    qn: str
    st: str
    cn: str
    pw: str
    mn: str
    flag: int = V2017 | REPLY_WANTED
    packet: tuple[str, str] | None = None
    """PNUM and PNO, of a message that is split."""


class Item(NamedTuple):
    """A value, and the mark of its quality."""

    code: str
    value: str
    """As it is to stand there; empty: nothing was measured."""
    mark: str = "N"
    statistic: str = "Rtd"


def request_number(at: Micros, zone: tzinfo) -> str:
    """QN: a time of the station's clock, with milliseconds, in 17 digits."""
    local = from_micros(at).astimezone(zone)
    return local.strftime("%Y%m%d%H%M%S") + f"{local.microsecond // 1000:03}"


def data_time(at: Micros, zone: tzinfo) -> str:
    """DataTime: a time of the station's clock in 14 digits."""
    return from_micros(at).astimezone(zone).strftime("%Y%m%d%H%M%S")


def data(time: str, items: Iterable[Item]) -> bytes:
    """What stands between the two && of CP."""
    parts = [f"{each.code}-{each.statistic}={each.value},{each.code}-Flag={each.mark}" for each in items]
    return ";".join([f"DataTime={time}", *parts]).encode("latin-1")


def upload(head: Head, told: bytes) -> bytes:
    """The frame of an upload. ValueError for one whose segment is longer than its length can tell."""
    flag = head.flag | (SPLIT if head.packet else 0)
    fields = f"QN={head.qn};ST={head.st};CN={head.cn};PW={head.pw};MN={head.mn};Flag={flag};"
    if head.packet:
        fields += f"PNUM={head.packet[0]};PNO={head.packet[1]};"
    segment = fields.encode("latin-1") + b"CP=&&" + told + b"&&"
    if len(segment) > LONGEST:
        raise ValueError(f"a segment of {len(segment)} bytes is longer than {LONGEST}")
    return written(segment)
