"""Uplinks on LoRaWAN: formats are not taken for each other, and tables can be stored."""

from zoneinfo import ZoneInfo

from devices.codecs.lorawan.tlv import table
from devices.codecs.metric import is_metric
from devices.diagnosis.frame_check import check
from devices.units import is_unit
from devices.vocabulary import KINDS
from tests.support.frames import RECEIVED
from tests.support.frames_lorawan import TH

ZONE = ZoneInfo("Asia/Shanghai")


def test_only_what_is_sure_is_taken_for_a_format() -> None:
    assert check(bytes.fromhex(TH), "auto", RECEIVED, ZONE).form == "milesight"
    assert check(bytes.fromhex("03670110"), "auto", RECEIVED, ZONE).form == "telemetry"


def test_numbers_are_of_the_order_that_the_format_has() -> None:
    told = bytes.fromhex("03670110")
    values = [check(told, form, RECEIVED, ZONE).readings[0].value for form in ("milesight", "cayenne")]
    assert values == [409.7, 27.2]


def test_each_table_can_be_stored() -> None:
    for name in ("milesight.json", "cayenne.json"):
        for key, kind in table(name).items():
            assert all(is_metric(field.metric) for field in kind.fields), key
            assert all(field.unit is None or is_unit(field.unit) for field in kind.fields), key
            assert kind.event is None or kind.event[0] in KINDS, key
