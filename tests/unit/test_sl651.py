"""SL 651: the confirmation."""

from devices.codecs.sl651.readings import decode, reply
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
