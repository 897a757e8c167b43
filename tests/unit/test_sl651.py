"""SL 651: the confirmation, and a table that the hub can store."""

from devices.codecs.metric import is_metric
from devices.codecs.sl651.readings import decode, reply
from devices.codecs.sl651.tables import elements, states
from devices.units import is_unit
from devices.vocabulary import KINDS
from tests.support.frames import RECEIVED, ZONE, at
from tests.support.frames_sl651 import BODY, CONFIRMED, PARTS, RIVER, packet

NOW = at("2017-07-18T11:00:20+08:00")


def test_a_report_is_confirmed_with_the_centres_time() -> None:
    assert reply(RIVER, NOW, ZONE) == CONFIRMED


def test_a_station_that_has_more_to_send_is_told_to_stay() -> None:
    told = reply(packet(BODY, end="17"), NOW, ZONE)
    assert told is not None
    assert (CONFIRMED[-3], told[-3]) == (0x04, 0x1B)


def test_only_reports_of_one_packet_are_confirmed() -> None:
    answered = [code for code in range(0x2F, 0x4B) if reply(packet(BODY, f"{code:02X}"), NOW, ZONE)]
    assert answered == [*range(0x30, 0x37)]
    parts = packet(PARTS[0], numbers="002001", end="17") + packet(PARTS[1], numbers="002002")
    assert reply(parts, NOW, ZONE) is None


def test_the_station_is_the_device() -> None:
    assert decode(RIVER, RECEIVED, ZONE).devices == ("0011223344",)


def test_each_table_can_be_stored() -> None:
    for code, known in elements().items():
        assert is_metric(known.metric), code
        assert known.unit is None or is_unit(known.unit), code
    assert {kind for _, kind, _ in states()} <= KINDS
