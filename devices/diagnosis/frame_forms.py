"""The forms of payloads that can be checked. A further protocol is one more entry of `FRAMES`. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from devices.codecs import szy206
from devices.codecs.carriers.envelope import PUSH
from devices.codecs.decoded import Codec
from devices.codecs.gat1400 import writing as gat1400
from devices.codecs.gb26875 import frame as gb26875
from devices.codecs.gb28181 import check as gb28181
from devices.codecs.gb28181.reports import FORMS as GB28181_FORMS
from devices.codecs.hj212 import frame as hj212
from devices.codecs.hj212.reply import reply as hj212_reply
from devices.codecs.jsontext import parse
from devices.codecs.lorawan.vendors import dragino_models, dragino_name
from devices.codecs.protocols import (
    ALIYUN,
    CAYENNE,
    CHIRPSTACK,
    CJT188,
    CODECS,
    CTWING,
    GAT1400,
    GB26875,
    GB28181,
    HJ212,
    IOTDA,
    ISAPI,
    MILESIGHT,
    MODBUS,
    MODBUS_RTU,
    MODBUS_TCP,
    ONENET,
    ONVIF,
    SL651,
    SPARKPLUG,
    SZY206,
    TENCENT,
    THINGS_STACK,
    VIDEO,
    name_of,
)
from devices.codecs.sl651 import packet
from devices.codecs.sl651.readings import reply as sl651_reply
from devices.codecs.sparkplug.node import KINDS
from hub.errors import DecodeError
from hub.models import GANZHI, Micros


@dataclass(slots=True, frozen=True)
class Frame:
    """A payload format: its codec, and a score for format detection."""

    decode: Codec
    likeness: Callable[[bytes, Any], int]
    """Of a payload and of its JSON value (None where it is none): the form with the most is taken for `auto`."""
    answer: Callable[[bytes, Micros, tzinfo], bytes | None] = lambda payload, received, zone: None
    """What the hub answers to a payload that can be decoded; takes what a codec takes."""
    is_binary: bool = False
    """Whether it is no text: shown in hexadecimal digits."""


def likeliest(payload: bytes) -> str:
    """Detect a payload's form; telemetry when nothing matches."""
    try:
        value = parse(payload)
    except DecodeError:
        value = None
    first = value[0] if isinstance(value, list) and value else value
    return max(FRAMES, key=lambda name: FRAMES[name].likeness(payload, first))


def _named(*names: str) -> Callable[[bytes, Any], int]:
    """Likeness by the names of members: twice as sure when the value can be read."""

    def likeness(payload: bytes, value: Any) -> int:
        if isinstance(value, dict):
            return 2 * sum(name in value for name in names)
        return sum(f'"{name}"'.encode() in payload for name in names) if value is None else 0

    return likeness


def _telemetry_likeness(payload: bytes, value: Any) -> int:
    return 1 + _named("values")(payload, value)


def _status_likeness(payload: bytes, value: Any) -> int:
    said = value.get("state") if isinstance(value, dict) and len(value) == 1 else value
    return 3 if payload.strip() in (b"online", b"offline") or said in ("online", "offline") else 0


def _hj212_answer(payload: bytes, _received: Micros, _zone: tzinfo) -> bytes | None:
    return hj212_reply(hj212.read(payload))


def _gb26875_answer(payload: bytes, _received: Micros, _zone: tzinfo) -> bytes | None:
    return gb26875.reply(payload)


def _gb28181_likeness(payload: bytes, _value: Any) -> int:
    return 9 * (b"<CmdType>" in payload or b"SIP/2.0" in payload[:600])


def _szy206_answer(payload: bytes, _received: Micros, _zone: tzinfo) -> bytes | None:
    return szy206.reply(payload)


def _szy206_likeness(payload: bytes, _value: Any) -> int:
    return 9 * (payload[:1] == payload[2:3] == szy206.MARK)


def _meter_likeness(payload: bytes, _value: Any) -> int:
    return 8 * payload.lstrip(b"\xfe").startswith(szy206.MARK)  # h, but no JSON begins with it


def _isapi_likeness(payload: bytes, value: Any) -> int:
    if isinstance(value, dict):
        return 9 * ("EventNotificationAlert" in value or {"eventType", "eventState"} <= value.keys())
    return 9 * (b"<EventNotificationAlert" in payload)


def _onvif_likeness(payload: bytes, value: Any) -> int:
    if isinstance(value, dict):
        message = value.get("Message", value)
        return 9 * (isinstance(message, dict) and {"UtcTime", "Data"} <= message.keys())
    return 8 * (b"NotificationMessage>" in payload or b"PullMessagesResponse" in payload)


def _gat1400_likeness(_payload: bytes, value: Any) -> int:
    """Lists and objects are named after what they hold, and so."""
    return 9 * (isinstance(value, dict) and any(name.endswith(("ListObject", "eObject")) for name in value))


def _video_likeness(_payload: bytes, value: Any) -> int:
    return 9 * (isinstance(value, dict) and {"kind", "state", "score", "cues"} <= value.keys())


def _never(_payload: bytes, _value: Any) -> int:
    """Of bytes that could be anything: the form has to be told."""
    return 0


def _begins(head: bytes) -> Callable[[bytes, Any], int]:
    return lambda payload, value: 9 * payload.startswith(head)


def _cbor_likeness(payload: bytes, _value: Any) -> int:
    """A list of at most 23 maps."""
    return 7 * (payload[:1] in _LISTS and payload[1:2] in _MAPS)


_LISTS, _MAPS = [[bytes([major | count]) for count in range(24)] for major in (0x80, 0xA0)]
_THINGS_STACK = ("end_device_ids", "uplink_message", "join_accept")
_CHIRPSTACK = {
    "up": ("data", "rxInfo"),
    "join": ("devAddr",),
    "status": ("margin", "batteryLevel"),
    "ack": ("acknowledged",),
    "txack": ("downlinkId", "gatewayId"),
    "log": ("level", "code"),
    "location": ("location",),
    "integration": ("integrationName",),
}
"""Members of each kind of event."""


def _chirpstack_likeness(*members: str) -> Callable[[bytes, Any], int]:
    """Of a kind of event: it tells of a device, and has some of the members of its kind."""
    own = _named(*members)
    return lambda payload, value: own(payload, value) + 5 if isinstance(value, dict) and "deviceInfo" in value else 0


FRAMES: Mapping[str, Frame] = {
    "telemetry": Frame(CODECS[GANZHI, "telemetry"], _telemetry_likeness),
    "senml": Frame(CODECS[GANZHI, "senml"], _named("n", "bn", "v", "u")),
    "senml-cbor": Frame(CODECS[GANZHI, "senml-cbor"], _cbor_likeness, is_binary=True),
    "event": Frame(CODECS[GANZHI, "event"], _named("kind")),
    "reply": Frame(CODECS[GANZHI, "reply"], _named("result", "error")),
    "status": Frame(CODECS[GANZHI, "status"], _status_likeness),
    "hj212": Frame(CODECS[HJ212, "frame"], _begins(hj212.HEAD), _hj212_answer),
    "gb26875": Frame(CODECS[GB26875, "frame"], _begins(gb26875.HEAD), _gb26875_answer, is_binary=True),
    **{
        name_of(GB28181, form): Frame(
            CODECS[GB28181, form], _gb28181_likeness if form == "frame" else _never, gb28181.answer
        )
        for form in GB28181_FORMS
    },
    "sl651": Frame(CODECS[SL651, "frame"], _begins(packet.HEAD), sl651_reply, is_binary=True),
    "cjt188": Frame(CODECS[CJT188, "frame"], _meter_likeness, is_binary=True),
    "szy206": Frame(CODECS[SZY206, "frame"], _szy206_likeness, _szy206_answer, is_binary=True),
    "modbus-rtu": Frame(CODECS[MODBUS_RTU, "frame"], _never, is_binary=True),
    "modbus-poll": Frame(CODECS[MODBUS, "poll"], _named("request", "answer")),
    "isapi": Frame(CODECS[ISAPI, "frame"], _isapi_likeness),
    "onvif": Frame(CODECS[ONVIF, "frame"], _onvif_likeness),
    "gat1400": Frame(CODECS[GAT1400, "frame"], _gat1400_likeness, gat1400.answer),
    "video": Frame(CODECS[VIDEO, "frame"], _video_likeness),
    "modbus-tcp": Frame(CODECS[MODBUS_TCP, "frame"], _never, is_binary=True),
    "milesight": Frame(CODECS[MILESIGHT, "frame"], _begins(b"\x01\x75"), is_binary=True),
    "cayenne": Frame(CODECS[CAYENNE, "frame"], _never, is_binary=True),
    **{name: Frame(CODECS[name, "frame"], _never, is_binary=True) for name in map(dragino_name, dragino_models())},
    **{
        name_of(CHIRPSTACK, event): Frame(CODECS[CHIRPSTACK, event], _chirpstack_likeness(*members))
        for event, members in _CHIRPSTACK.items()
    },
    "the-things-stack": Frame(CODECS[THINGS_STACK, "frame"], _named(*_THINGS_STACK)),
    **{name_of(SPARKPLUG, kind): Frame(CODECS[SPARKPLUG, kind], _never, is_binary=True) for kind in KINDS},
    "ctwing": Frame(CODECS[CTWING, PUSH], _named("messageType", "deviceId", "timestamp")),
    "onenet": Frame(CODECS[ONENET, PUSH], _named("msg", "msg_signature", "signature", "nonce", "notifyType")),
    "iotda": Frame(CODECS[IOTDA, PUSH], _named("resource", "notify_data", "event_time")),
    "aliyun": Frame(CODECS[ALIYUN, PUSH], _named("productKey", "iotId", "items", "checkFailedData")),
    "tencent": Frame(CODECS[TENCENT, PUSH], _named("devicename", "productid", "payload")),
}
"""By name; those of topics have their names."""
