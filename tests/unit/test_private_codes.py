"""Personal values that cameras put where codes and texts are, or where a text is cut, are kept nowhere."""

from zoneinfo import ZoneInfo

import pytest

from devices.codecs.decoded import Decoded
from devices.codecs.gb28181 import reports, writing
from devices.codecs.isapi import events
from devices.privacy import is_private, mentions_private
from tests.support.frames_cameras import alert

UTC = ZoneInfo("UTC")
PHONE, PLATE = "13800138000", "京A12345"


def _gb28181(method: str, type_: str, text: str = "") -> Decoded:
    told = {"AlarmMethod": method, "AlarmTime": "2026-02-28T12:00:01", "AlarmDescription": text}
    told |= {"Info": {"AlarmType": type_}}  # type: ignore[dict-item]
    return reports.decode(writing.body("Notify", "Alarm", 1, "34020000001320000001", told), 0, UTC)


def _kept(decoded: Decoded) -> str:
    return repr((decoded.events, decoded.codes))


@pytest.mark.parametrize("value", [PHONE, PLATE, f"x{PHONE}", "张三"])
def test_a_code_that_may_be_of_a_person_is_masked_and_counted(value: str) -> None:
    of_isapi = events.decode(alert(value), 0, UTC)
    assert len(of_isapi.events) == (not is_private(value)), "a type that is about a person is dropped with its event"
    for decoded in (_gb28181("7", value), _gb28181(value, "1"), of_isapi):
        assert {event.kind for event in decoded.events} <= {"other"}
        assert decoded.events or decoded is of_isapi
        assert value not in _kept(decoded)
        assert value.lower()[:10] not in _kept(decoded)
        assert decoded.private == 1


def test_a_code_stays_as_it_is_told() -> None:
    assert _gb28181("7", "99").events[0].attributes["code"] == "7.99"
    assert events.decode(alert("brand-New_2.1"), 0, UTC).events[0].attributes["code"] == "brand-new_2.1"


def test_a_text_about_persons_is_not_kept_wherever_it_says_so() -> None:
    for text in ("门口 王五 人脸抓拍", "入" * 250 + "人脸识别"):
        decoded = events.decode(alert("brandNew", more=f"<eventDescription>{text}</eventDescription>"), 0, UTC)
        assert ([set(event.attributes) for event in decoded.events], decoded.private) == ([{"code", "channel"}], 1)
        [event] = _gb28181("2", "1", text).events
        assert "text" not in event.attributes


def test_a_number_is_masked_before_a_text_is_cut() -> None:
    told = "x" * 55 + " " + PHONE
    decoded = events.decode(alert("brandNew", more=f"<eventDescription>{told}</eventDescription>"), 0, UTC)
    assert "1380" not in _kept(decoded)
    assert "1380" not in _kept(_gb28181("2", "1", "火" * 249 + " " + PHONE))


def test_what_goes_on_about_a_person_is_about_a_person() -> None:
    going_on = "<DurationList><Duration><relationEvent>faceCapture</relationEvent></Duration></DurationList>"
    decoded = events.decode(alert("duration", more=going_on), 0, UTC)
    assert (decoded.events, decoded.private) == ([], 1)


def test_the_end_of_a_long_name_counts_too() -> None:
    assert is_private("入" * 200 + "人脸识别")
    assert is_private("some thing " * 30 + "licensePlate")
    assert not is_private("some thing " * 30)


@pytest.mark.parametrize(
    "payload",
    [
        "<Notify><CmdType>MobilePosition</CmdType><SN>1</SN><Longitude>120.1</Longitude><Lat",
        "<Notify><CmdType>Alarm</CmdType><AlarmMethod>4</AlarmMethod><Longitude>120.1</Longitude>",
        'REGISTER sip:x SIP/2.0\r\nAuthorization: Digest username="3", response="5"\r\n',
        "REGISTER sip:x SIP/2.0\r\nproxy-authorization : Digest x\r\n",
    ],
)
def test_letters_keep_no_position_and_no_login(payload: str) -> None:
    assert mentions_private(payload.encode())


def test_letters_keep_where_cameras_stand() -> None:
    assert not mentions_private(b"<Notify><CmdType>Catalog</CmdType><Item><Longitude>120.1</Longitude></Item>")
    assert not mentions_private(b"<Notify><CmdType>Alarm</CmdType><AlarmMethod>2</AlarmMethod>")
