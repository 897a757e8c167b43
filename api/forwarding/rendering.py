"""What a pending report is to its target: a frame of HJ 212, or JSON. Pure."""

from datetime import timedelta, timezone
from zoneinfo import ZoneInfo

import msgspec

from api.forwarding.pending import Pending
from devices.codecs.hj212.codes import codes
from devices.codecs.hj212.writing import Head, Item, data, data_time, request_number, upload
from devices.forwarding.report import code_of
from devices.unit_conversion import conversion
from hub.models import to_micros
from hub.quality import flags_of

BEIJING = timezone(timedelta(hours=8))
"""Of QN: the forwarder's own clock."""
AIR = "22"
"""The kind of station (ST) that is told where neither the device nor the target has one."""


def request(pending: Pending) -> str:
    """Its QN."""
    return request_number(pending.request_number * 1000, BEIJING)


def frame(pending: Pending, number: str | None, station_kind: str | None, password: str) -> bytes:
    """The frame of a report, under the number of its target or its device."""
    pnum, _, pno = (pending.packet or "").partition("/")
    head = Head(
        request(pending),
        pending.station_kind or station_kind or AIR,
        pending.command,
        password,
        number or pending.device_number,
        packet=(pnum, pno) if pending.packet else None,
    )
    return upload(head, pending.original if pending.original is not None else _told(pending))


def exported(pending: Pending) -> bytes:
    """The report as JSON: what a device has measured at a time, with its flags and units."""
    measured = pending.measured or {}
    quality = {metric: flags for metric, (_, flags, _) in measured.items() if flags}
    units = {metric: unit for metric, (_, _, unit) in measured.items() if unit}
    body: dict[str, object] = {
        "id": str(pending.id),
        "device": pending.device,
        "ts": pending.ts.isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "values": {metric: value for metric, (value, _, _) in measured.items()},
        **({"quality": quality} if quality else {}),
        **({"units": units} if units else {}),
    }
    return msgspec.json.encode(body)


def _told(pending: Pending) -> bytes:
    """The data of a device that speaks another protocol."""
    items = [
        Item(code_of()[metric], _number(metric, value, unit), _mark(quality))
        for metric, (value, quality, unit) in (pending.measured or {}).items()
    ]
    return data(data_time(to_micros(pending.ts), ZoneInfo(pending.zone)), items)


def _number(metric: str, value: float | None, unit: str | None) -> str:
    """The value in the unit of the standard, where it has one; without exponent, and empty where there is none."""
    if value is None:
        return ""
    wanted = codes()[code_of()[metric]].unit
    if wanted and unit and unit != wanted and (factor := conversion(unit, wanted)) is not None:
        value = factor.of(value)
    return f"{value:.6f}".rstrip("0").rstrip(".")


def _mark(quality: int) -> str:
    return next((flag.hj212 for flag in flags_of(quality) if flag.hj212), "N")
