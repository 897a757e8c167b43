"""Devices behind the stations: their profiles and where they stand, as the hub is to know them. Deterministic."""

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, NamedTuple

from simulator.cameras import asked, watch
from simulator.fleet import STREETS, Thing
from simulator.stations import dtu, gb26875, hj212, sl651, uplinks


class Kind(NamedTuple):
    """A kind of station."""

    profile: str
    body: dict[str, Any]
    """Of its profile."""
    codes: Callable[[int], Sequence[str]]
    """Codes of so many devices: what their protocol calls them."""
    name: str
    organisation: str
    slave: tuple[str, dict[str, Any]] | None = None
    """Of a DTU: the profile of the one slave on the line of each, and its body."""

    @property
    def profiles(self) -> dict[str, dict[str, Any]]:
        """Bodies by code."""
        return {self.profile: self.body, **(dict([self.slave]) if self.slave else {})}


def _metrics(**units: str) -> dict[str, dict[str, str]]:
    return {name: {"name": name, "unit": unit} for name, unit in units.items()}


_CLIMATE = _metrics(battery="%", temperature="Cel", humidity="%")
_SLAVE = {
    "name": "温湿度变送器 (Modbus)", "metrics": _metrics(temperature="Cel", humidity="%"), "interval_s": 5,
    "polling": {"registers": {"humidity": {"address": 0, "scale": 0.1},
                              "temperature": {"address": 1, "type": "s16", "scale": 0.1}}},
}  # fmt: skip
RULES: dict[str, dict[str, Any]] = {
    "station-fire": {"name": "视频明火", "profile": "station-rtsp", "event_kind": "fire", "level": "red"},
}  # fmt: skip
"""By code: what is to be an alert of what the hub sees in their video."""
_AIR = dict.fromkeys(("pm25", "pm10", "so2", "no2", "o3"), "ug/m3")
_CAMERA: dict[str, Any] = {
    "category": "video", "metrics": {}, "events": {"intrusion": {"name": "区域入侵", "level": "yellow"}},
}  # fmt: skip
_STREAM: dict[str, Any] = {
    "name": "摄像机 (RTSP)", "category": "video", "metrics": _metrics(occupancy="%"),
    "events": {"video_quality": {"name": "画面异常", "level": "blue"}, "fire": {"name": "视频明火", "level": "red"}},
}  # fmt: skip
KINDS: dict[str, Kind] = {
    "hj212": Kind(
        "station-hj212",
        {"name": "空气监测子站 (HJ 212)", "metrics": _metrics(**_AIR, temperature="Cel", humidity="%")},
        hj212.numbers, "空气监测子站", "ecology",
    ),
    "gb26875": Kind(
        "station-gb26875",
        {
            "name": "用户信息传输装置 (GB/T 26875.3)",
            "metrics": {
                f"temperature/{gb26875.PLACE}": {"name": "消火栓水温", "unit": "Cel"},
                f"pressure/{gb26875.PLACE}": {"name": "消火栓水压", "unit": "kPa"},
            },
        },
        gb26875.addresses, "用户信息传输装置", "fire",
    ),
    "sl651": Kind(
        "station-sl651", {"name": "水文遥测站 (SL 651)", "metrics": _metrics(rain_total="mm", level="m", voltage="V")},
        sl651.addresses, "水文遥测站", "water",
    ),
    "dtu": Kind(
        "station-dtu", {"name": "数据传输终端 (DTU)", "metrics": {}, "interval_s": 60},
        dtu.registrations, "DTU", "housing",
        slave=("station-slave", _SLAVE),
    ),
    "gb28181": Kind(
        "station-gb28181", {"name": "摄像机 (GB/T 28181)", **_CAMERA, "interval_s": 60}, watch.ids, "摄像机", "housing",
    ),
    "isapi": Kind("station-isapi", {"name": "摄像机 (ISAPI)", **_CAMERA}, asked.isapi_codes, "摄像机", "housing"),
    "onvif": Kind("station-onvif", {"name": "摄像机 (ONVIF)", **_CAMERA}, asked.onvif_codes, "摄像机", "housing"),
    "rtsp": Kind("station-rtsp", _STREAM, asked.rtsp_codes, "摄像机", "housing"),
    "chirpstack": Kind(
        "station-lorawan", {"name": "温湿度传感器 (LoRaWAN)", "metrics": _CLIMATE, "payload": "milesight"},
        uplinks.names, "LoRaWAN 温湿度传感器", "housing",
    ),
    "ctwing": Kind(
        "station-ctwing", {"name": "温湿度传感器 (CTWing)", "metrics": _CLIMATE, "payload": "milesight"},
        uplinks.modules, "NB-IoT 温湿度传感器", "housing",
    ),
}  # fmt: skip


def things(kind: str, count: int, seed: int) -> list[Thing]:
    """The devices of a kind, in the streets of the city."""
    rng, known = Random(f"stations-{kind}-{seed}"), KINDS[kind]  # noqa: S311 a made-up city, no secret
    found: list[Thing] = []
    for number, code in enumerate(known.codes(count), 1):
        region, town, streets, (lon, lat) = rng.choice(STREETS)
        name = f"{town}{rng.choice(streets)}{number}号{known.name}"
        place = round(lon + rng.uniform(-0.015, 0.015), 6), round(lat + rng.uniform(-0.012, 0.012), 6)
        by = "" if known.slave is None else f"imei={code}"
        found.append(Thing(code, name, known.profile, region, *place, known.organisation, addresses=by))
        if known.slave is not None:
            about = f"{name} 温湿度变送器", known.slave[0], region, *place, known.organisation, code
            found.append(Thing(slave_of(code), *about, addresses=f"modbus={code}/1"))
    return found


def slave_of(dtu: str) -> str:
    """The code of the slave on the line of a DTU."""
    return f"{dtu}-1"
