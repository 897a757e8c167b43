"""Alerts of ISAPI and notifications of ONVIF, with what they mean."""

from devices.codecs.decoded import EventDraft
from devices.codecs.isapi import events as isapi
from devices.codecs.onvif import broker
from devices.codecs.onvif import events as onvif
from tests.support.frames import Bad, Frames, Good, at

T = at("2026-02-28T15:30:00+08:00")
UTC = "2026-02-28T07:30:00Z"
_NAMESPACES = ("http://www.hikvision.com/ver20/XMLSchema", "http://www.isapi.org/ver20/XMLSchema")
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 4 + b"\r\n--\xff\xd9"


def alert(
    type_: str, state: str | None = "active", *, count: int | None = 1, time: str | None = "2026-02-28T15:30:00+08:00",
    channel: str = "<channelID>1</channelID>", more: str = "", namespace: int = 0, head: str = "",
) -> bytes:  # fmt: skip
    """An alert as cameras write it."""
    parts = [
        channel,
        f"<dateTime>{time}</dateTime>" if time else "",
        f"<activePostCount>{count}</activePostCount>" if count is not None else "",
        f"<eventType>{type_}</eventType>",
        f"<eventState>{state}</eventState>" if state else "",
        more,
    ]
    inner = "\r\n".join(part for part in parts if part)
    root = f'<EventNotificationAlert version="2.0" xmlns="{_NAMESPACES[namespace]}">'
    return f"{head}{root}\r\n<ipAddress>10.0.0.9</ipAddress>\r\n{inner}\r\n</EventNotificationAlert>\r\n".encode()


def multipart(boundary: str, *parts: tuple[str, bytes], end: str = "\r\n", length: bool = True) -> bytes:
    """Parts as a stream has them, after `--` and the boundary."""
    lines = b""
    for type_, body in parts:
        told = f"Content-Length: {len(body)}{end}" if length else ""
        lines += f"--{boundary}{end}Content-Type: {type_}{end}{told}{end}".encode() + body + end.encode()
    return lines + f"--{boundary}--{end}".encode()


def notice(
    topic: str, data: str, *, operation: str = "Changed", source: str = "", key: str = "", utc: str = UTC
) -> bytes:  # fmt: skip
    """A notification; `data`, `source`, `key` are NAME=VALUE with blanks between."""

    def items(name: str, told: str) -> str:
        pairs = [pair.partition("=") for pair in told.split()]
        inner = "".join(f'<tt:SimpleItem Name="{left}" Value="{right}"/>' for left, _, right in pairs)
        return f"<tt:{name}>{inner}</tt:{name}>" if told else ""

    property_ = f' PropertyOperation="{operation}"' if operation else ""
    return (
        f"<wsnt:NotificationMessage><wsnt:Topic Dialect='x'>{topic}</wsnt:Topic><wsnt:Message>"
        f'<tt:Message UtcTime="{utc}"{property_}>{items("Source", source)}{items("Key", key)}{items("Data", data)}'
        "</tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    ).encode()


def answer(*notices: bytes) -> bytes:
    """An answer to PullMessages."""
    return (
        b'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" '
        b'xmlns:tev="http://www.onvif.org/ver10/events/wsdl" xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" '
        b'xmlns:tt="http://www.onvif.org/ver10/schema"><s:Body><tev:PullMessagesResponse>'
        b"<tev:CurrentTime>2026-02-28T07:30:01Z</tev:CurrentTime>"
        + b"".join(notices)
        + b"</tev:PullMessagesResponse></s:Body></s:Envelope>"
    )


def _event(kind: str, state: str | None = "active", ts: int | None = T, **attributes: object) -> EventDraft:
    """Of ISAPI: each may be repeated; channel 1 is the camera itself."""
    channel = attributes.get("channel", "1")
    part = [] if channel == "1" else [str(channel)]
    part += ["input", str(attributes["input"])] if "input" in attributes else []
    return EventDraft(kind, ts, None, state, None, attributes, part="/".join(part) or None, continues=state == "active")


def _told(kind: str, state: str | None = "active", ts: int | None = T, **attributes: object) -> EventDraft:
    """Of ONVIF: at the path of its source and key."""
    names = [str(attributes[name]) for name in ("channel", "rule", "input", "object") if name in attributes]
    return EventDraft(kind, ts, None, state, None, attributes, part="/".join(names) or None)


_REGION = (
    "<DetectionRegionList><DetectionRegionEntry><regionID>2</regionID><sensitivityLevel>50</sensitivityLevel>"
    "<detectionTarget>human</detectionTarget></DetectionRegionEntry></DetectionRegionList>"
)
_DURATION = "<DurationList><Duration><relationEvent>fielddetection</relationEvent></Duration></DurationList>"
_NAME = "<channelName>门岗</channelName>"
_DYNAMIC = "<dynChannelID>13</dynChannelID><channelID>1</channelID>"
_FIELD = _event("intrusion", channel="1", region="2", target="human")

ISAPI = Frames(
    isapi.decode,
    [
        Good(alert("fielddetection", more=_REGION), events=[_FIELD]),
        Good(alert("linedetection", namespace=1, channel=_DYNAMIC), events=[_event("line_crossing", channel="13")]),
        Good(alert("shelteralarm", "inactive", count=0), events=[_event("occlusion", "inactive", channel="1")]),
        Good(alert("VMD", count=38), events=[_event("other", code="motion", channel="1")]),
        Good(alert("duration", more=_DURATION), events=[_event("intrusion", channel="1")]),
        # Without an offset the time is one of the device's zone.
        Good(alert("scenechangedetection", time="2026-02-28T15:30:00"),
             events=[_event("tamper", code="scene_change", channel="1")]),
        # Heartbeats, of both kinds; the end of a loss is none.
        Good(alert("videoloss", "inactive", count=0)),
        Good(alert("heartBeat", "active")),
        Good(alert("videoloss", "inactive", count=1), events=[_event("video_loss", "inactive", channel="1")]),
        Good(alert("videoloss", count=1), events=[_event("video_loss", channel="1")]),
        # About persons.
        Good(alert("faceCapture", more="<faces><age>30</age></faces>"), private=1),
        Good(alert("facedetection"), private=1),
        Good(alert("ANPR", more="<ANPR><licensePlate>X</licensePlate></ANPR>"), private=1),
        Good(b'{"eventType":"AccessControllerEvent","eventState":"active","AccessControllerEvent":{}}', private=1),
        Good(alert("linedetection", more="<humanName>x</humanName><FaceInfo/>"),
             events=[_event("line_crossing", channel="1")], private=2),
        # What no table knows is kept; so is what an input is wired to.
        Good(alert("brandNew", more="<eventDescription>something new</eventDescription>"),
             events=[_event("other", code="brandnew", channel="1", text="something new")]),
        Good(alert("IO", more="<inputIOPortID>3</inputIOPortID>"),
             events=[_event("other", code="alarm_input", channel="1", input="3")]),
        # A clock that was never set hides nothing.
        Good(alert("smokeDetection", time="1970-01-01T00:00:10+08:00"),
             events=[_event("smoke", ts=None, channel="1")], faults=["time_out_of_range"], timeless=True),
        Good(alert("diskfull", time=None, channel=""),
             events=[_event("fault", ts=None, code="disk_full")], timeless=True),
        # Whatever it declares, and with a JPEG behind it.
        Good(b'<?xml version="1.0" encoding="GB2312"?>' + alert("attendedBaggage", more=_NAME),
             events=[_event("object_removed", channel="1")]),
        Good(alert("attendedBaggage", more=_NAME).decode().encode("gb18030"),
             events=[_event("object_removed", channel="1")]),
        Good(b'{"EventNotificationAlert":{"channelID":4,"dateTime":"2026-02-28T15:30:00+08:00","activePostCount":1,'
             b'"eventType":"fireDetection","eventState":"active"}}', events=[_event("fire", channel="4")]),
        Good(multipart("<frontier>", ("application/xml", alert("fielddetection", more=_REGION)), ("image/jpeg", JPEG),
                       ("application/xml", alert("videoloss", "inactive", count=0))), events=[_FIELD], private=1),
        Good(multipart("--x", ("text/xml", alert("unattendedBaggage")), end="\n", length=False),
             events=[_event("object_left", channel="1")]),
    ],
    [
        Bad(b"", "not_xml", "empty"),
        Bad(b"hello", "not_xml", "line 1, column 0"),
        Bad(alert("VMD")[:-30], "not_xml", "unclosed token"),
        Bad(b"<!DOCTYPE a [<!ENTITY b 'c'>]><EventNotificationAlert/>", "not_xml", "DOCTYPE"),
        Bad(b"<a>" * 40, "too_deep"),
        Bad(b"<a>" + b"<b/>" * 6_000 + b"</a>", "too_many_values", "5,001"),
        Bad(b"<a>\x01</a>", "not_xml", "control character 01"),
        Bad(alert("VMD", more=_NAME).decode().encode("gb18030").replace(b"\xc3\xc5", b"\xff\xff"),
            "not_xml", "neither UTF-8 nor GB 18030"),
        Bad(b"<EventNotificationAlert><a>1</a></EventNotificationAlert>", "missing_field", "no eventType"),
        Bad(b"<ResponseStatus><statusCode>4</statusCode></ResponseStatus>", "missing_field", "'ResponseStatus'"),
        Bad(alert("VMD", "perhaps"), "event_bad_state", "'perhaps'"),
        Bad(b"[5]", "not_an_object"),
        Bad(b'{"eventType": ', "not_json", "line 1"),
        Bad(multipart("b", ("application/xml", b"<a>")), "not_xml"),
        Bad(b"<a>" + b"x" * (512 << 10), "too_large", "524,2"),
    ],
)  # fmt: skip


def published(topic: str, payload: bytes) -> bytes:
    """What is decoded of what a camera publishes."""
    return broker.document(topic, payload)[0]


_RULE = "VideoSourceConfigurationToken=V1 VideoAnalyticsConfigurationToken=A1 Rule=MyField"
_FIELD_TOPIC = "tns1:RuleEngine/FieldDetector/ObjectsInside"

ONVIF = Frames(
    onvif.decode,
    [
        Good(notice(_FIELD_TOPIC, "IsInside=true", source=_RULE, key="ObjectId=0"),
             events=[_told("intrusion", channel="V1", rule="MyField")]),
        Good(notice(_FIELD_TOPIC, "IsInside=false", source=_RULE, key="ObjectId=7", operation="Initialized"),
             events=[_told("intrusion", "inactive", channel="V1", rule="MyField", object="7")]),
        Good(notice(_FIELD_TOPIC, "IsInside=true", source=_RULE, operation="Deleted"),
             events=[_told("intrusion", "inactive", channel="V1", rule="MyField")]),
        Good(answer(notice("tns1:RuleEngine/CellMotionDetector/Motion", "IsMotion=1"),
                    notice("tns1:VideoSource/GlobalSceneChange/ImagingService", "State=true", source="Source=VS2"),
                    notice("tns1:Monitoring/ProcessorUsage", "Value=20")),
             events=[_told("other", code="motion"), _told("tamper", code="scene_change", channel="VS2")],
             unused=("Monitoring/ProcessorUsage",)),
        Good(answer()),
        # What has happened has no state, and is not told again when a subscription begins.
        Good(notice("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=12", source=_RULE, operation=""),
             events=[_told("line_crossing", None, channel="V1", rule="MyField")]),
        Good(notice("tns1:RuleEngine/LineDetector/Crossed", "ObjectId=12", operation="Initialized")),
        Good(notice("tns1:Device/Trigger/DigitalInput", "LogicalState=true", source="InputToken=DI_1"),
             events=[_told("other", code="Device/Trigger/DigitalInput", input="DI_1")]),
        Good(notice("tns1:RuleEngine/tnsacme:NewDetector/Found", "Found=on"),
             events=[_told("other", code="RuleEngine/NewDetector/Found")]),
        # About persons.
        Good(answer(notice("tns1:RuleEngine/MyRuleDetector/FaceDetect", "State=true"),
                    notice("tns1:RuleEngine/Recognition/LicensePlate", "LicensePlate=X"),
                    notice("tns1:AccessControl/AccessGranted/Credential", "State=true"),
                    notice("tns1:RuleEngine/ObjectTrack/Aggregation", "State=true")), private=4),
        Good(notice("tns1:VideoSource/SignalLoss", "State=true", utc="0000-00-00T00:00:00Z"),
             events=[_told("video_loss", ts=None)], timeless=True),
        Good(notice("tns1:RuleEngine/TamperDetector/Tamper", "IsTamper=true", utc="1970-01-01T00:00:00Z"),
             events=[_told("tamper", ts=None)], faults=["time_out_of_range"], timeless=True),
        # Over MQTT, as the hub hands it over with its topic, and as the camera wrote it.
        Good(b'{"Topic": "RuleEngine/LineDetector/Crossed/&1/Line 1", "Message": {"UtcTime": "2026-02-28T07:30:00Z",'
             b'"Source": {"VideoSource": "1", "Rule": "Line 1"}, "Data": {"ObjectId": 12}}}',
             events=[_told("line_crossing", None, channel="1", rule="Line 1")]),
        Good(published("Device/tns1:Trigger/tns1:Relay/&Relay-1",
                        b'{"UtcTime":"2026-02-28T07:30:00Z","PropertyOperation":"Initialized",'
                        b'"Source":{"RelayToken":"Relay-1"},"Data":{"LogicalState":"active"}}'),
             events=[_told("other", code="Device/Trigger/Relay", input="Relay-1")]),
        Good(published("RuleEngine/TamperDetector/Tamper",
                        b'{"UtcTime":"2026-02-28T07:30:00Z","Source":{"SimpleItem":[{"Name":"VideoSource","Value":"2"}]},'
                        b'"Data":{"SimpleItem":{"Name":"IsTamper","Value":"true"}}}'),
             events=[_told("tamper", channel="2")]),
        Good(published("RuleEngine/Recognition/Face/&1", b'{"UtcTime":"2026-02-28T07:30:00Z","Data":{"Name":"Li"}}'),
             private=1),
        Good(published("RuleEngine/tnsacme:LicensePlate", b"no JSON: A12345"), private=1),
        Good(b'{"UtcTime": "2026-02-28T07:30:00Z", "Source": {"VideoSource": "1"}, "Data": {"IsMotion": true}}',
             events=[_told("other", code="motion", channel="1")]),
        Good(b'{"UtcTime": "2026-02-28T07:30:00Z", "Data": {"IsOdd": false}}',
             events=[_told("other", "inactive", code="/IsOdd")]),
    ],
    [
        Bad(b"", "not_xml", "empty"),
        Bad(b'{"Topic": "A/B", "Message": [1]}', "missing_field", "UtcTime"),
        Bad(b"<s:Envelope><s:Body><s:Fault/></s:Body></s:Envelope>", "missing_field", "'Envelope'"),
        Bad(notice(_FIELD_TOPIC, "IsInside=true")[:-5], "not_xml", "unclosed token"),
        Bad(b'<?xml version="1.0"?><!DOCTYPE a><a/>', "not_xml", "DOCTYPE"),
        Bad(b"[1]", "not_an_object", "a list"),
        Bad(b'{"a": 1}', "missing_field", "UtcTime"),
        Bad(answer(*[notice("tns1:VideoSource/MotionAlarm", "State=true")] * 501), "too_many_values"),
    ],
)  # fmt: skip
