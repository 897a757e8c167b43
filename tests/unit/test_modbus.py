"""Modbus: registers by a map in each order of bytes, and frames that were cut."""

import pytest

from devices.codecs.modbus.answers import rtu, tcp
from devices.codecs.modbus.registers import Order, Register, Type
from hub.errors import DecodeError
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_modbus import SOIL, TCP
from tests.support.frames_modbus import rtu as answer


@pytest.mark.parametrize(
    ("told", "type_", "order", "value"),
    [
        ("4145999A", "f32", "ABCD", 12.35), ("999A4145", "f32", "CDAB", 12.35), ("45419A99", "f32", "BADC", 12.35),
        ("9A994541", "f32", "DCBA", 12.35), ("00010002", "u32", "ABCD", 65538), ("00020001", "u32", "CDAB", 65538),
        ("FFFFFFF6", "s32", "ABCD", -10), ("FFF6FFFF", "s32", "CDAB", -10), ("FF9B", "s16", "ABCD", -101),
        ("9BFF", "s16", "BADC", -101), ("9BFF", "s16", "DCBA", -101), ("FF9B", "s16", "CDAB", -101),
        ("FF9B", "u16", "ABCD", 65435),
    ],
)  # fmt: skip
def test_a_number_is_read_in_its_order(told: str, type_: Type, order: Order, value: float) -> None:
    decode = rtu([Register("x", 0, type_, order)])
    assert decode(answer(f"03{len(told) // 2:02X}{told}"), RECEIVED, ZONE).values == [pytest.approx(value, rel=1e-6)]


def test_a_map_names_scales_and_picks() -> None:
    soil = [Register("humidity", 0, scale=0.1, unit="%"), Register("temperature", 1, "s16", scale=0.1, unit="Cel"),
            Register("ph", 3, scale=0.1, unit="[pH]")]  # fmt: skip
    decoded = rtu(soil)(SOIL, RECEIVED, ZONE)
    told = dict(zip(decoded.metrics, decoded.values, strict=True))
    assert told == {"humidity": pytest.approx(65.8), "temperature": pytest.approx(-10.1), "ph": pytest.approx(5.6)}
    assert decoded.units == {"humidity": "%", "temperature": "Cel", "ph": "[pH]"}


def test_what_is_not_in_the_answer_or_no_number_leaves_the_others() -> None:
    decode = rtu([Register("ok", 0), Register("nan", 1, "f32"), Register("beyond", 3), Register("half", 2, "u32")])
    decoded = decode(answer("030600177FC00000"), RECEIVED, ZONE)
    assert (decoded.metrics, decoded.values) == (["ok"], [23.0])
    assert [(fault.reason, fault.at) for fault in decoded.faults] == [
        ("value_not_finite", 5), ("bad_length", 9), ("bad_length", 9),
    ]  # fmt: skip


def test_a_cut_answer_over_tcp_is_refused() -> None:
    for payload in [good.payload for good in TCP.good]:
        for length in range(len(payload)):
            with pytest.raises(DecodeError):
                tcp()(payload[:length], RECEIVED, ZONE)
