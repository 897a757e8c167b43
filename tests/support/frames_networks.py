"""Messages of networks: ChirpStack 4, The Things Stack 3, Sparkplug B. What is within them is tested elsewhere."""

import json
import math
import struct
from typing import Any

from devices.codecs.protobuf import block, key, varint
from devices.codecs.protocols import CHIRPSTACK, CODECS, SPARKPLUG, THINGS_STACK
from devices.codecs.sparkplug.payload import AT, DOUBLE, INT, METRICS, NAME, PROPERTIES
from hub.quality import Quality
from tests.support.frames import RECEIVED, Bad, Frames, Good

ITEM = "019bb5a8-0d4a-7000-8000-000000000000"
UP = (
    b'{"deduplicationId":"3ac7e3c4-4401-4b8d-9386-a5c902f9202d","time":"2022-07-18T09:34:15.775023242+00:00",'
    b'"deviceInfo":{"deviceProfileName":"EM300-TH","devEui":"0101010101010101"},"devAddr":"00189440","fCnt":7,"fPort":85,'
    b'"data":"AXVcA2c0AQRoZQ==","object":{"temperature":30.8},"rxInfo":[{"gatewayId":"0016c001f153a14c","rssi":-97,'
    b'"snr":-7.25},{"gatewayId":"0016c001f153a14d","rssi":-60}],"txInfo":{"frequency":867100000}}'
)
UP_PROTOBUF = bytes.fromhex(
    "0a2433616337653363342d343430312d346238642d393338362d613563393032663932303264120c0897d2d49606108ad5c7f1021a1c3208"
    "454d3330302d54484210303130313031303130313031303130312208303031383934343038074055520a01755c036734010468655a1a0a18"
    "0a0b74656d7065726174757265120911cdcccccccccc3e4062220a1030303136633030316631353361313463309fffffffffffffffff013d"
    "0000e8c0621d0a103030313663303031663135336131346430c4ffffffffffffffff016a0608e0cabb9d03"
)
"""UP as Google's implementation of Protocol Buffers writes it."""


def _told(**members: Any) -> bytes:
    return json.dumps({"time": "2022-07-18T09:34:15Z", **members}).encode()


def _nested(depth: int) -> bytes:
    """An object of Protocol Buffers in another, as often."""
    content = b""
    for _ in range(depth):
        content = block(1, block(1, b"a") + block(2, block(5, content)))
    return block(11, content)


_JSON_BAD = [
    Bad(b"", "bad_length", "has 0 bytes"),
    Bad(b'{"time": "x"}', "bad_time", "'x'"),
    Bad(b'{"time": "1970-01-01T00:00:00Z"}', "time_out_of_range", "1970"),
    Bad(b'{"time": 5}', "bad_field", "str | null is expected here, not int"),
    Bad(b'{"a": ', "not_json", "it ends too early"),
    Bad(b"\x07", "bad_frame", "no wire type 7"),
    Bad(b"\x0a\x05ab", "bad_length", "field 1 ends 3 bytes behind"),
    Bad(b"\x12\x02\x08", "bad_length", "field 2 ends 1 bytes"),
    Bad(b"\x12\x04\x08\xff\xff\xff", "bad_length", "no end"),
    Bad(b"\x80", "bad_length", "no end"),
    Bad(b"\xff" * 11, "bad_frame", "more than ten bytes"),
    Bad(b"\x02\x00", "bad_frame", "from 1 on"),
]


_LOG_BAD = [bad for bad in _JSON_BAD if not bad.payload.startswith(b"\x12")]
"""Its time is field 1."""


def _chirpstack(event: str, good: list[Good], bad: list[Bad]) -> Frames:
    return Frames(CODECS[CHIRPSTACK, event], good, bad)


_UNTIMED = Good(b'{"deviceInfo":{"devEui":"0101010101010101"}}', timeless=True)
FRAMES: dict[str, Frames] = {
    "chirpstack-up": _chirpstack("up", [
        Good(UP), Good(UP_PROTOBUF), _UNTIMED,
        Good(b'{"time":"2022-07-18T09:34:15Z","fPort":1,"object":null,"data":null}'),
    ], [
        *_JSON_BAD,
        Bad(b'{"data": "@@"}', "bad_base64", "no base64"),
        Bad(b'{"rxInfo": [{}, {"rssi": "strong"}]}', "bad_field", "float is expected here, not str"),
        Bad(b'{"fCnt": 1.5}', "bad_field", "int is expected here, not float"),
        Bad(b"\x0a\x02\xff\xff", "not_utf8", "deduplication_id"),
        Bad(b"\x52\x00\x38\x01\x3d\x00\x00\x00\x00", "bad_frame", "f_cnt has the wire type 5"),
        Bad(b"{}" + b" " * 600_000, "too_large", "600,002"),
        Bad(b"\x62\x00" * 5_001, "too_many_values", "5,000"),
        Bad(_nested(20), "too_deep", "nested"),
    ]),
    "chirpstack-join": _chirpstack("join", [Good(_told(devAddr="00189440"), online=True)], _JSON_BAD),
    "chirpstack-status": _chirpstack("status", [
        Good(_told(margin=7, batteryLevel=75.5)), Good(_told(batteryLevelUnavailable=True)),
        Good(bytes.fromhex("12060897d2d4960628fbffffffffffffffff014500009742")),
    ], _JSON_BAD),
    "chirpstack-ack": _chirpstack("ack", [Good(_told(queueItemId=ITEM, acknowledged=True, fCntDown=3))], _JSON_BAD),
    "chirpstack-txack": _chirpstack("txack", [Good(_told(queueItemId=ITEM, gatewayId="0016c001f153a14c"))], _JSON_BAD),
    "chirpstack-log": _chirpstack("log", [
        Good(_told(level="ERROR", code="OTAA", description="x")), Good(_told(context={"queue_item_id": ITEM})),
    ], [*_LOG_BAD, Bad(b'{"context":{"a":1}}', "bad_field", "str is expected here, not int")]),
    "chirpstack-location": _chirpstack("location", [Good(_told(location={"latitude": 1}))], _JSON_BAD),
    "chirpstack-integration": _chirpstack("integration", [Good(_told(eventType="x"))], _JSON_BAD),
}  # fmt: skip
TTS = (
    b'{"end_device_ids":{"device_id":"dev1","dev_eui":"0004A30B001C0530","dev_addr":"00BCB929"},'
    b'"received_at":"2020-02-12T15:15:45.787066666Z","uplink_message":{"session_key_id":"AXBSH1Pk6Z0G166g","f_cnt":7,'
    b'"f_port":85,"frm_payload":"AXVcA2c0AQRoZQ==","decoded_payload":{"temperature":30.8},"rx_metadata":[{"gateway_ids":'
    b'{"gateway_id":"gtw1","eui":"9C5C8E00001A05C4"},"rssi":-97,"snr":-7.25}],"received_at":"2020-02-12T15:15:45.586Z"}}'
)
FRAMES["the-things-stack"] = Frames(CODECS[THINGS_STACK, "frame"], [
    Good(TTS),
    Good(b'{"uplink_message":{}}', timeless=True),
    Good(b'{"received_at":"2020-02-12T15:15:45Z","join_accept":{"session_key_id":"x"}}', online=True),
    Good(b'{"received_at":"2020-02-12T15:15:45Z","downlink_failed":{"error":{"message_format":"late"}}}'),
    Good(b'{"received_at":"2020-02-12T15:15:45Z","location_solved":{}}'),
    Good(b'{"received_at":"2020-02-12T15:15:45Z","downlink_sent":{"correlation_ids":["ganzhi:x"]}}'),
], [
    Bad(b"", "not_json", "empty"),
    Bad(b"[]", "bad_field", "object is expected here, not array"),
    Bad(b"{}", "bad_frame", "no message of The Things Stack"),
    Bad(TTS[:-1] + b',"simulated":true}', "simulated", "it is no measurement"),
    Bad(TTS.replace(b"AXVc", b"@@@@"), "bad_base64", "no base64"),
    Bad(TTS.replace(b"-97", b'"x"'), "bad_field", "float is expected here, not str"),
    Bad(TTS.replace(b"15:45.586", b"99:45"), "bad_time", "99:45"),
])  # fmt: skip
_T = 1_772_352_000_000_000
NBIRTH = bytes.fromhex(
    "0880a0a5c3ca3312120a0562645365711880a0a5c3ca3320085803121a0a144e6f646520436f6e74726f6c2f52656269727468200b700012"
    "160a0474656d7010011881a0a5c3ca332009650000ac4112150a0d4f7574707574732f4c454420311002200b700112110a05646570746810"
    "03200250fbffffff0f12160a05746f74616c1004200458f9ffffffffffffffff01120b0a046d616b65200c7a01781800"
)
"""bdSeq 3; temp (alias 1, float), Outputs/LED 1 (2, boolean), depth (3, int16), total (4, int64), a text; seq 0."""
DATA = bytes.fromhex("0880a0a5c3ca3312071001650000b2411204100350071801")
"""Of the aliases 1 and 3, without types. Sequence 1."""
NDEATH = bytes.fromhex("120b0a05626453657120085803")
"""bdSeq 3."""
_NAMED = bytes.fromhex(
    "0880a0a5c3ca33121a0a0474656d7018a0cba1c3ca33200a280169000000000040364012070a01612003380112090a027538200550c80112"
    "090a026938200150fb011801"
)


def _metric(name: bytes, field: int, value: float, more: bytes = b"") -> bytes:
    return block(METRICS, block(NAME, name) + more + key(field, 1) + struct.pack("<d", value))


def _sparkplug(kind: str, good: list[Good], bad: list[Bad]) -> Frames:
    return Frames(CODECS[SPARKPLUG, kind], good, bad)


_BORN = Good(
    NBIRTH,
    [("temp", _T + 1000, 21.5), ("Outputs/LED_1", _T, 1), ("depth", _T, -5), ("total", _T, -7)],
    online=True,
    unused=("make",),
)
_READ = Good(
    _NAMED,
    [("temp", _T - 60_000_000, 22.25), ("a", _T, math.nan), ("u8", _T, 200), ("i8", _T, -5)],
    quality=[Quality.LATE, Quality.NOT_A_NUMBER, 0, 0],
)
"""The first is historical, the second null."""


def _property(name: bytes, value: int) -> bytes:
    """Properties of a metric: one text, and one whole number."""
    first = block(1, b"unit") + block(1, name)
    return block(
        PROPERTIES, first + block(2, key(8, 2) + b"\x01m") + block(2, key(1, 0) + b"\x03" + key(3, 0) + varint(value))
    )


_JUDGED = Good(
    b"".join(_metric(name, DOUBLE, 1.5, _property(b"Quality", code)) for name, code in (
        (b"good", 192), (b"bad", 0), (b"stale", 500), (b"other", 64))) + _metric(b"a", DOUBLE, 2.5, _property(b"x", 0)),
    [("good", RECEIVED, 1.5), ("bad", RECEIVED, 1.5), ("stale", RECEIVED, 1.5), ("other", RECEIVED, 1.5),
     ("a", RECEIVED, 2.5)],
    timeless=True, quality=[0, Quality.FAULT, Quality.STALE, Quality.SUSPECT, 0],
)  # fmt: skip
_FLAWS = [
    Bad(b"\x12\x05ab", "bad_length", "field 2 ends 3 bytes behind"),
    Bad(b"\x0f", "bad_frame", "no wire type 7"),
    Bad(b"\x15\x00\x00\x00\x00", "bad_frame", "metrics has the wire type 5"),
    Bad(b"\x12\x00" * 1_001, "too_many_values", "1,000"),
]
_NAMELESS = Bad(DATA, "sparkplug_no_birth", "the alias 1")
FRAMES |= {
    "sparkplug-NBIRTH": _sparkplug("NBIRTH", [_BORN], _FLAWS),
    "sparkplug-DBIRTH": _sparkplug("DBIRTH", [_BORN], _FLAWS),
    "sparkplug-NDATA": _sparkplug("NDATA", [_READ], [*_FLAWS, _NAMELESS]),
    "sparkplug-DDATA": _sparkplug("DDATA", [
        _READ, _JUDGED,
        Good(_metric(b"a", DOUBLE, 1.5), [("a", RECEIVED, 1.5)], timeless=True),
        Good(_metric(b"faceId", DOUBLE, 1.5), private=1),
    ], [
        *_FLAWS, _NAMELESS,
        Bad(block(METRICS, block(NAME, b"a") + key(INT, 0) + b"\x05"), "sparkplug_no_birth", "data type"),
        Bad(_metric(b"a", DOUBLE, math.inf), "value_not_finite", "'a'"),
        Bad(_metric(b"a", DOUBLE, 1.5, key(AT, 0) + b"\x05"), "time_out_of_range", "2000"),
        Bad(block(METRICS, block(NAME, b"\xff")), "not_utf8", "name"),
    ]),
    "sparkplug-NDEATH": _sparkplug("NDEATH", [Good(NDEATH, online=False, timeless=True)], _FLAWS[:3]),
    "sparkplug-DDEATH": _sparkplug("DDEATH", [Good(b"", online=False, timeless=True)], _FLAWS[:3]),
}  # fmt: skip
