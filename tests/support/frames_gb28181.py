"""Messages of GB/T 28181, as cameras and platforms send them: bodies alone, and in SIP."""

from dataclasses import replace

from devices.codecs.decoded import EventDraft
from devices.codecs.gb28181.reports import FORMS, decode, of_part
from devices.vocabulary import MOMENTARY
from tests.support.frames import Bad, Frames, Good, at

CAMERA, CHANNEL = "34020000001320000002", "34020000001340000001"
KEEPALIVE = (
    b'<?xml version="1.0" encoding="GB2312" ?><Notify><CmdType>Keepalive</CmdType><SN>539</SN>'
    b"<DeviceID>34020000001320000002</DeviceID><Status>OK</Status></Notify>"
)
T = at("2026-02-28T12:00:01+08:00")
TOLD = "2026-02-28T12:00:01"


def alarm(inner: str, encoding: str = "gb18030", declared: str = "GB2312", device: str = CAMERA) -> bytes:
    """An alarm with these elements, in one encoding and declared to be in another."""
    return (
        f'<?xml version="1.0" encoding="{declared}"?>\r\n<Notify>\r\n<CmdType>Alarm</CmdType>\r\n<SN>17</SN>\r\n'
        f"<DeviceID>{device}</DeviceID>\r\n{inner}\r\n</Notify>\r\n"
    ).encode(encoding)


def in_sip(body: bytes, head: str = "") -> bytes:
    """A MESSAGE with this body, with compact forms and a folded header."""
    return (
        "MESSAGE sip:34020000002000000001@3402000000 SIP/2.0\r\n"
        "v: SIP/2.0/UDP 192.0.2.7:5060;rport;\r\n branch=z9hG4bK77\r\n"
        f"f: <sip:{CAMERA}@3402000000>;tag=9\r\nt: <sip:34020000002000000001@3402000000>\r\ni: 1@192.0.2.7\r\n"
        f"CSeq: 20 MESSAGE\r\nMax-Forwards: 70\r\nc: Application/MANSCDP+xml\r\n{head}l: {len(body)}\r\n\r\n"
    ).encode() + body


def told(method: int, type_: int | None = None, text: str = "", **more: object) -> str:
    """The elements of an alarm of a priority 1."""
    info = "" if type_ is None else f"<Info><AlarmType>{type_}</AlarmType></Info>"
    words = f"<AlarmDescription>{text}</AlarmDescription>" if text else ""
    others = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    first = f"<AlarmPriority>1</AlarmPriority><AlarmMethod>{method}</AlarmMethod><AlarmTime>{TOLD}</AlarmTime>"
    return f"{first}{words}{others}{info}"


def event(kind: str, method: int, type_: int | None = None, state: str | None = "active", **more: object) -> EventDraft:
    """The event of it."""
    attributes: dict[str, object] = {"method": str(method), **({} if type_ is None else {"type": str(type_)})}
    if "code" in more:
        attributes["code"] = more.pop("code")
    told_again = state is not None and kind not in MOMENTARY
    return EventDraft(kind, T, None, state, None, {**attributes, "priority": 1, **more}, continues=told_again)


SMOKE = alarm(told(7, text="烟雾报警 3号楼"))


def catalog(event_: str, status: str = "") -> bytes:
    """News of one channel."""
    more = f"<Status>{status}</Status>" if status else ""
    return (
        f"<Notify><CmdType>Catalog</CmdType><SN>8</SN><DeviceID>{CHANNEL}</DeviceID><SumNum>1</SumNum><DeviceList "
        f'Num="1"><Item><DeviceID>{CHANNEL}</DeviceID><Event>{event_}</Event>{more}</Item></DeviceList></Notify>'
    ).encode()


def news(event_: str, kind: str, state: str = "inactive", **more: object) -> EventDraft:
    """The event of it."""
    return EventDraft(kind, None, f"8/{event_}/{kind}", state, None, more, None, "directory")


GOOD = [
    Good(KEEPALIVE, timeless=True),
    Good(in_sip(KEEPALIVE), timeless=True),
    Good(alarm(told(5, 6)), events=[event("intrusion", 5, 6)]),
    Good(in_sip(alarm(told(2, 2))), events=[event("tamper", 2, 2)]),
    Good(alarm(told(6, 1)), events=[event("fault", 6, 1, code="disk")]),
    Good(alarm(told(5, 2)), events=[event("other", 5, 2, None, code="motion")]),
    # A contact of an alarm input: what hangs on it the operator's own table says.
    Good(alarm(told(2)), events=[event("other", 2, None, None, code="2")]),
    Good(alarm(told(9, 99)), events=[event("other", 9, 99, None, code="9.99")]),
    # In words, whatever the declaration says.
    Good(SMOKE, events=[event("smoke", 7, text="烟雾报警 3号楼")]),
    Good(alarm(told(7, text="烟雾报警 3号楼"), "utf-8"), events=[event("smoke", 7, text="烟雾报警 3号楼")]),
    Good(alarm(told(7, text="烟雾报警 3号楼"), "gb18030", "UTF-8"), events=[event("smoke", 7, text="烟雾报警 3号楼")]),
    Good(alarm(told(7, text="联通机房烟雾")), events=[event("smoke", 7, text="联通机房烟雾")]),
    Good(alarm(told(5, 2, text="明火报警")), events=[event("fire", 5, 2, text="明火报警")]),
    Good(alarm(told(5, 6, text="烟火通道区域入侵")), events=[event("intrusion", 5, 6, text="烟火通道区域入侵")]),
    Good(alarm(told(7, text="烟感恢复")), events=[event("smoke", 7, state="inactive", text="烟感恢复")]),
    # Cut in the middle of a character, in both.
    Good(alarm(told(7, text="明火X")).replace("火X".encode("gb18030"), "火".encode("gb18030") + b"\xb2"),
         events=[event("fire", 7, text="明火\ufffd")]),
    Good(alarm(told(7, text="发现明火X"), "utf-8").replace("火X".encode(), "火".encode() + b"\xe7\x83"),
         events=[event("fire", 7, text="发现明火\ufffd")]),
    # CmdType and SN as attributes, AlarmInfo, lower case, EventType of who left.
    Good(alarm(told(5) + "<AlarmInfo><AlarmType>6</AlarmType></AlarmInfo>"), events=[event("intrusion", 5, 6)]),
    Good(alarm(told(5, 6)).replace(b"<Notify>", b'<Notify CmdType="Alarm" SN="17">').replace(
        b"<CmdType>Alarm</CmdType>\r\n<SN>17</SN>", b"").replace(b"Info>", b"info>"),
         events=[event("intrusion", 5, 6)]),
    Good(alarm(told(5, 6).replace("</Info>", "<AlarmTypeParam><EventType>2</EventType></AlarmTypeParam></Info>")),
         events=[event("intrusion", 5, 6, "inactive")]),
    # A clock of 1970 hides nothing, and neither does one that tells no time.
    Good(alarm(told(2, 2).replace(TOLD, "1970-01-01T00:00:09")), faults=["time_out_of_range"], timeless=True,
         events=[EventDraft("tamper", None, "17/2.2", "active", None, {"method": "2", "type": "2", "priority": 1},
                            continues=True)]),
    Good(alarm(told(2, 2).replace(TOLD, "")), timeless=True,
         events=[EventDraft("tamper", None, "17/2.2", "active", None, {"method": "2", "type": "2", "priority": 1},
                            continues=True)]),
    # Persons: what is about one is dropped, and danger is told without it.
    Good(alarm(told(7, text="人脸抓拍报警")), private=1),
    Good(alarm(told(5, 6, text="人脸识别区域入侵")), private=1, events=[event("intrusion", 5, 6)]),
    Good(alarm(told(5, 6, text="车 京A12345 越线")), private=1,
         events=[event("intrusion", 5, 6, text="车 *** 越线")]),
    Good(alarm(told(4, Longitude="117.1", Latitude="31.2")), private=1,
         events=[event("other", 4, None, None, code="gps")]),
    Good(b"<Notify><CmdType>MobilePosition</CmdType><SN>1</SN><DeviceID>34020000001320000002</DeviceID>"
         b"<Longitude>117.1</Longitude><Latitude>31.2</Latitude></Notify>", private=1),
    Good(b"<Control><CmdType>DeviceControl</CmdType><SN>1</SN><DeviceID>34020000001320000002</DeviceID>"
         b"<TargetTrack>Auto</TargetTrack></Control>", private=1),
    Good(alarm(told(5, 6, FaceImage="x", Vendor="y")), private=1, unused=("Vendor",),
         events=[event("intrusion", 5, 6)]),
    Good(catalog("ON"), timeless=True, online=True, events=[news("ON", "video_loss"), news("ON", "fault")]),
    Good(catalog("VLOST"), timeless=True, events=[news("VLOST", "video_loss", "active")]),
    Good(catalog("OFF"), timeless=True, online=False),
    Good(catalog("UPDATE", "ON"), timeless=True),
    Good(catalog("DEFECT"), timeless=True, events=[news("DEFECT", "fault", "active", code="defect")]),
    Good(b"<Response><CmdType>DeviceStatus</CmdType><SN>2</SN><DeviceID>34020000001320000002</DeviceID><Result>OK</Result>"
         b"<Online>OFFLINE</Online></Response>", timeless=True, online=False),
    Good(b"<Notify><CmdType>MediaStatus</CmdType><SN>2</SN><DeviceID>34020000001320000002</DeviceID></Notify>",
         unused=("MediaStatus",)),
]  # fmt: skip
BAD = [
    Bad(b"", "not_xml", "expected '<'"),
    Bad(b"\r\n{}", "not_xml", "expected '<'"),
    Bad(SMOKE[:120], "not_xml", "cannot be read as XML"),
    Bad(SMOKE.replace(b"</SN>", b"</SM>"), "not_xml", "mismatched tag"),
    Bad(b'<!DOCTYPE a [<!ENTITY b "c">]><Notify>&b;</Notify>', "not_xml", "DOCTYPE"),
    Bad(b"<a>" * 50, "too_deep", "deeper than 10"),
    Bad(b"<a>" + b"<b/>" * 25_000 + b"</a>", "too_deep", "20,000"),
    Bad(b"<Notify><SN>1</SN></Notify>", "missing_field", "CmdType"),
    Bad(alarm(told(5, 6), device="3402"), "bad_address", "20 digits"),
    Bad(alarm("<AlarmPriority>1</AlarmPriority>"), "missing_field", "AlarmMethod"),
    Bad(b"<a>" + b"x" * (512 << 10) + b"</a>", "too_large", "524,288"),
]
FRAMES = {
    "gb28181": Frames(decode, GOOD, BAD),
    **{f"gb28181-{form}": Frames(FORMS[form], GOOD[:1], BAD[:1]) for form in ("alarm", "state", "position")},
    "gb28181-part-alarm": Frames(of_part, [
        Good(SMOKE, events=[replace(event("smoke", 7, text="烟雾报警 3号楼"), part=CAMERA)]),
    ], BAD[:2]),
}  # fmt: skip
