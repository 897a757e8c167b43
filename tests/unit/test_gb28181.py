"""Ids, directories and bodies of GB/T 28181 (devices/codecs/gb28181)."""

from zoneinfo import ZoneInfo

import pytest

from devices.codecs.gb28181 import catalogue, writing
from devices.codecs.gb28181.charset import charset_of
from devices.codecs.gb28181.manscdp import read
from devices.codecs.gb28181.reports import decode, position
from devices.codecs.gb28181.tables import in_words
from devices.codecs.gb28181.telling import told

PAGE = """<?xml version="1.0" encoding="GB2312"?><Response><CmdType>Catalog</CmdType><SN>7</SN>
<DeviceID>34020000001180000001</DeviceID><SumNum>3</SumNum><DeviceList Num="3">
<Item><DeviceID>34020000001320000001</DeviceID><Name>东门  13800138000</Name><Manufacturer>A</Manufacturer>
<Model>B</Model>
<Owner>张三</Owner><CivilCode>340200</CivilCode><ParentID>34020000002000000001/34020000001180000001</ParentID>
<Status>ON</Status><IPAddress>10.0.0.1</IPAddress><Password>secret</Password><Longitude>118.4</Longitude>
<Latitude>31.3</Latitude></Item>
<Item><DeviceID>340200</DeviceID><Name>division</Name></Item>
<Item><DeviceID>34020000001340000001</DeviceID><Name/><Status>offline</Status><Event>vlost</Event><Longitude>0.0</Longitude>
<Latitude>0</Latitude></Item></DeviceList></Response>"""


def test_a_page_of_a_directory_keeps_what_the_registry_knows_and_nothing_else() -> None:
    assert catalogue.page_of(read(PAGE.replace("<SumNum>3", "<SumNum>\u00b2").encode())).total is None
    page = catalogue.page_of(read(PAGE.encode("gb18030")))
    assert (page.number, page.total, page.others) == ("7", 3, 1)
    gate, contact = page.channels
    assert gate == catalogue.Channel(
        "34020000001320000001", "东门 ***", "34020000001180000001", "A", "B", "ON", "", 118.4, 31.3
    )
    assert contact == catalogue.Channel("34020000001340000001", "", "", "", "", "OFF", "VLOST")
    assert b"secret" not in catalogue.state_of(gate, "7")
    read_again = decode(catalogue.state_of(contact._replace(event="OFF"), "7"), 0, ZoneInfo("UTC"))
    assert (read_again.online, read_again.events) == (False, [])


def test_a_position_is_taken_of_the_fleet_alone() -> None:
    told = {"Time": "2026-02-28T12:00:01", "Longitude": "118.4", "Latitude": "31.3", "Speed": "x"}
    body = writing.body("Notify", "MobilePosition", 1, "34020000001320000001", told)
    zone = ZoneInfo("Asia/Shanghai")
    assert (decode(body, 0, zone).metrics, decode(body, 0, zone).private) == ([], 1)
    of_fleet = position(body, 0, zone)
    assert (of_fleet.metrics, of_fleet.values, of_fleet.private) == (["longitude", "latitude"], [118.4, 31.3], 0)


def test_bodies_are_written_as_cameras_read_them() -> None:
    told = writing.control(5, "34020000001320000001", {"AlarmCmd": "ResetAlarm", "Info": {"AlarmMethod": 5}})
    body = read(told)
    assert told.startswith(b'<?xml version="1.0" encoding="GB2312"?>\r\n<Control>')
    assert (body.kind, body.command, body.number) == ("Control", "DeviceControl", "5")
    assert body.root.told("AlarmCmd") == "ResetAlarm"
    assert b"StartAlarmPriority" in writing.subscription("Alarm", 1, "3")
    assert b"Start" not in writing.subscription("Catalog", 1, "3")
    assert charset_of(writing.body("Notify", "Alarm", 1, "3", {"AlarmDescription": "明火 & 烟"})) == "gb18030"


def test_danger_in_words_comes_before_other_words() -> None:
    kinds = [meant and meant.kind for meant in map(in_words, ("井盖冒烟", "Smoke detected", "nothing"))]
    assert kinds == ["smoke", "smoke", None]


LASTS = (
    "发现明火,请及时消除隐患", "火灾报警无法解除", "明火报警尚未完全恢复", "紧急按钮: 请解除危险", "烟雾 等待报警解除",
    "1楼报警解除, 2楼发现明火", "2楼明火\uff0c1楼已恢复", "报警解除失败: 明火", "明火报警未恢复", "明火 不能消除",
    "火灾报警解除\uff1f", "明" + "火" * 249 + "报警解除" + "无法",
)  # fmt: skip
OVER = ("烟感恢复", "3号楼 烟雾报警解除", "火灾报警已恢复正常。", "明火 报警结束", "烟雾已消除")
STATES = [*((each, "active") for each in LASTS), *((each, "inactive") for each in OVER)]


@pytest.mark.parametrize(("text", "state"), STATES)
def test_only_a_whole_phrase_says_that_an_alarm_is_over(text: str, state: str) -> None:
    told = {"AlarmMethod": "7", "AlarmTime": "2026-02-28T12:00:01", "AlarmDescription": f"烟 {text}"}
    body = writing.body("Notify", "Alarm", 1, "34020000001320000001", told)
    assert [each.state for each in decode(body, 0, ZoneInfo("UTC")).events] == [state]


@pytest.mark.parametrize("charset", ["GB2312", "GB18030"])
def test_what_xml_cannot_hold_is_a_mark_in_what_is_told(charset: str) -> None:
    """A platform could not read the alarm, and it would be told for ever."""
    octets = told("Notify", "Alarm", 1, "33010600001320000001", {"AlarmDescription": "火\x0b\x00\ud800警 <a>"}, charset)
    assert read(octets).root.told("AlarmDescription") == "火\ufffd\ufffd\ufffd警 <a>"
