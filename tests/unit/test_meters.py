"""CJ/T 188 and SZY 206: who sent it, and what is confirmed."""

from zoneinfo import ZoneInfo

from devices.codecs import cjt188, szy206
from devices.diagnosis.frame_check import check
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_meters import CONFIRMED, FLOW, WATER, station


def test_a_report_is_confirmed() -> None:
    assert szy206.reply(FLOW) == CONFIRMED
    assert szy206.reply(CONFIRMED) is None
    link = station("00", 0xB3, 0x02)
    confirmed = szy206.reply(link)
    assert confirmed is not None
    assert confirmed[3] == link[3] & 0x7F
    assert confirmed[4:-2] == link[4:-2], "a link is confirmed with what it said"


def test_the_sender_is_named() -> None:
    assert cjt188.decode(WATER, RECEIVED, ZONE).devices == ("78330011223344",)
    assert szy206.decode(FLOW, RECEIVED, ZONE).devices == ("5303810D00",)


def test_both_begin_with_68_and_are_told_apart() -> None:
    zone = ZoneInfo("Asia/Shanghai")
    forms = [check(frame, "auto", RECEIVED, zone).form for frame in (WATER, b"\xfe\xfe" + WATER, FLOW)]
    assert forms == ["cjt188", "cjt188", "szy206"]
