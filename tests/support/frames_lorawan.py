"""Uplinks of sensors on LoRaWAN."""

from devices.codecs.decoded import EventDraft
from devices.codecs.lorawan.vendors import cayenne, milesight
from devices.codecs.protocols import CODECS
from hub.quality import Quality
from tests.support.frames import RECEIVED as T
from tests.support.frames import Bad, Frames, Good


def _good(told: str, readings: list[tuple[str, float]], **more: object) -> Good:
    return Good(bytes.fromhex(told), [(metric, T, value) for metric, value in readings], timeless=True, **more)  # type: ignore[arg-type]


def _event(kind: str, state: str, code: str = "") -> EventDraft:
    return EventDraft(kind, None, None, state, None, {"code": code} if code else {})


TH = "01755C03673401046865"
_RECORDED = 1_772_368_768_000_000
_RECORDS = [
    ("temperature", _RECORDED, 30.8), ("humidity", _RECORDED, 50.5),
    ("temperature", _RECORDED + 60_000_000, -1.0), ("humidity", _RECORDED + 60_000_000, 50.0),
]  # fmt: skip
SIZES = [
    Bad(b"", "bad_length", "has 0 bytes and needs"),
    Bad(b"\1", "bad_length", "has 1 bytes and needs"),
    Bad(b"\1\x75" * 200, "too_large", "400"),
]
MILESIGHT = Frames(
    milesight,
    [
        _good(TH, [("battery", 92), ("temperature", 30.8), ("humidity", 50.5)],
              units={"battery": "%", "temperature": "Cel", "humidity": "%"}),
        _good("0367F6FF", [("temperature", -1)]),
        _good("077D2003057FF401037B1027FF1803", [("co2", 800), ("conductivity", 500), ("pressure", 10_000)],
              unused=("FF18",), units={"co2": "[ppm]", "conductivity": "uS/cm", "pressure": "kPa"}),
        _good("01755C03824408040001", [("battery", 92), ("distance", 2116)], events=[_event("tilt", "active")]),
        _good("03CF00000000282307", [("tilt_x", 0), ("tilt_y", 0), ("tilt_z", 90)], events=[_event("tilt", "active")]),
        _good("050000060001", [], events=[_event("water_immersion", "inactive"), _event("door_open", "active")]),
        _good("83672C0101", [("temperature", 30)], events=[_event("other", "active", "temperature_threshold")]),
        Good(bytes.fromhex("20CE8033A46934016520CEBC33A469F6FF64"), _RECORDS, quality=[Quality.LATE] * 4),
        Good(bytes.fromhex("20CE8033A4693401650120CEBC33A469F6FF6400"), _RECORDS, quality=[Quality.LATE] * 4),
        Good(bytes.fromhex("01755C20CE8033A469340165"), [("battery", T, 92), *_RECORDS[:2]], timeless=True,
             quality=[0, Quality.LATE, Quality.LATE]),
        _good("01755C20CE00000000340165", [("battery", 92)], faults=["time_out_of_range"]),
        _good("FF0BFF0175640468", [("battery", 100)], unused=("FF0B",), faults=["bad_length"]),
        _good("017564019903673401", [("battery", 100)], faults=["bad_frame"]),
    ],
    [*SIZES, Bad(bytes.fromhex("20CE8033A46934016501020304"), "bad_length", "a record of '20CE' ends here"),
     Bad(bytes.fromhex("0199FF"), "bad_frame", "'0199' is no channel and type"),
     Bad(bytes.fromhex("036701"), "bad_length", "'0367' has 2 bytes, and 1 are left")],
)  # fmt: skip
CAYENNE = Frames(
    cayenne,
    [
        _good("03670110056700FF", [("temperature_3", 27.2), ("temperature_5", 25.5)],
              units={"temperature_3": "Cel", "temperature_5": "Cel"}),
        _good("0102FF9C026850", [("analog_in_1", -1), ("humidity_2", 40)], units={"humidity_2": "%"}),
        _good("018806765FF2960A0003E8", [("latitude_1", 42.3519), ("longitude_1", -87.9094), ("altitude_1", 10)]),
        _good("067104D2FB2E0000", [(f"acceleration_{axis}_6", value) for axis, value in
                                   (("x", 1.234), ("y", -1.234), ("z", 0))]),
        _good("0165006401", [("illuminance_1", 100)], faults=["bad_length"]),
    ],
    [*SIZES, Bad(bytes.fromhex("017501"), "bad_frame", "'0175'"),
     Bad(bytes.fromhex("016701"), "bad_length", "'0167' has 2 bytes, and 1 are left")],
)  # fmt: skip
LHT65 = Frames(
    CODECS["dragino-lht65", "frame"],
    [
        _good("CBF60B0D0376010ADD7FFF", [("battery_voltage", 3.062), ("temperature", 28.29), ("humidity", 88.6),
                                         ("temperature_external", 27.81)],
              units={"battery_voltage": "V", "temperature": "Cel", "humidity": "%", "temperature_external": "Cel"}),
        _good("CBF6FF9C0376017FFF7FFF", [("battery_voltage", 3.062), ("temperature", -1), ("humidity", 88.6)]),
        _good("CBF67FFF0376090ADD7FFF", [("battery_voltage", 3.062), ("humidity", 88.6)]),
    ],
    [*SIZES, Bad(bytes.fromhex("CBF60B0D0376010ADD7FFF00"), "bad_length", "says 12 bytes, and it is 11")],
)  # fmt: skip
LSE01 = Frames(
    CODECS["dragino-lse01", "frame"],
    [
        _good("0D1100DC05DC0105007B00", [("battery_voltage", 3.345), ("soil_moisture", 15), ("soil_temperature", 2.61),
                                         ("soil_conductivity", 123)],
              units={"battery_voltage": "V", "soil_moisture": "%", "soil_temperature": "Cel",
                     "soil_conductivity": "uS/cm"}),
        _good("0D11000005DCFF9C007B10", [("battery_voltage", 3.345), ("soil_moisture", 15), ("soil_temperature", -1),
                                         ("soil_conductivity", 123)]),
    ],
    [*SIZES, Bad(bytes.fromhex("0D1100DC05DC0105007B0000"), "bad_length", "says 12 bytes, and it is 11")],
)  # fmt: skip
