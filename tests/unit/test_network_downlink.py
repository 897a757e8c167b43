"""Commands as the bytes and messages of networks of LoRaWAN, and what networks tell of them."""

import json
from copy import deepcopy
from typing import Any
from uuid import UUID

import pytest
from pydantic import ValidationError

from api.downlink_body import DownlinkBody
from api.thing_model import ProfileBody
from devices.codecs.inner import Downlink
from devices.codecs.lorawan.downlink import (
    DownlinkRefused,
    for_chirpstack,
    for_the_things_stack,
    payload_of,
)
from devices.codecs.protobuf import block, key, varint
from devices.codecs.protocols import CHIRPSTACK, CODECS, THINGS_STACK
from devices.commands.networks import timeout_of
from devices.library.profiles import library
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames_networks import ITEM

ID = UUID(ITEM)


@pytest.mark.parametrize(("data", "params", "octets"), [
    ("FF10FF", {}, "ff10ff"),
    ("FF 03 {s:u16le}", {"s": 1200}, "ff03b004"),
    ("{a:s8}{b:u32be}{c:s16be}", {"a": -1, "b": 1, "c": -2}, "ff00000001fffe"),
    ("01{on:u8}", {"on": True}, "0101"),
    ("{s:u16be}", {"s": 60.0}, "003c"),
    ("{raw:hex}", {"raw": "be ef"}, "beef"),
    ("00{raw:base64}", {"raw": "vu8="}, "00beef"),
])  # fmt: skip
def test_bytes_are_digits_with_parameters_between_them(data: str, params: dict[str, Any], octets: str) -> None:
    DownlinkBody(f_port=1, data=data)
    assert payload_of({"f_port": 1, "data": data}, params).octets == bytes.fromhex(octets)


@pytest.mark.parametrize(("data", "params"), [
    ("{s:u16le}", {"s": 65_536}), ("{s:u16le}", {"s": -1}), ("{s:u16le}", {"s": 1.5}), ("{s:u16le}", {}),
    ("{s:u16le}", {"s": "60"}), ("{raw:hex}", {"raw": "xy"}), ("{raw:base64}", {"raw": "x"}),
    ("{raw:hex}", {"raw": ""}),
    ("{raw:hex}", {"raw": "00" * 243}),
])  # fmt: skip
def test_a_parameter_that_does_not_fit_is_refused(data: str, params: dict[str, Any]) -> None:
    with pytest.raises(DownlinkRefused):
        payload_of({"f_port": 1, "data": data}, params)


@pytest.mark.parametrize("told", [
    {"data": "FF1"}, {"data": "{s:u24}"}, {"data": "{s}"}, {"data": ""}, {"data": "FF", "object": {}}, {},
    {"data": "FF", "f_port": 0}, {"data": "FF", "f_port": 224}, {"data": "00" * 243},
])  # fmt: skip
def test_what_a_profile_says_wrongly_is_refused(told: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        DownlinkBody.model_validate({"f_port": 1, **told})


def test_bytes_need_parameters_that_the_command_requires() -> None:
    thermometer = {name: value for name, value in deepcopy(library()["em300-th"]).items() if name != "sources"}
    told = ProfileBody.model_validate(thermometer).columns()["commands"]["set_interval"]["downlink"]
    assert told == {"f_port": 85, "confirmed": True, "data": "FF03{seconds:u16le}"}
    del thermometer["commands"]["set_interval"]["schema"]["required"]
    with pytest.raises(ValidationError, match="let its schema require it"):
        ProfileBody.model_validate(thermometer)


def test_messages_name_the_command_and_its_device() -> None:
    payload = payload_of({"f_port": 85, "confirmed": False, "data": "FF10FF"}, {})
    topic, body = for_chirpstack("52f1", "24E124136B502217", ID, payload)
    assert topic == "application/52f1/device/24e124136b502217/command/down"
    told = {"id": ITEM, "devEui": "24e124136b502217", "confirmed": False, "fPort": 85}
    assert json.loads(body) == {**told, "data": "/xD/"}
    topic, body = for_the_things_stack("my-app@ttn/dev1", "24E124136B502217", ID, payload)
    assert topic == "v3/my-app@ttn/devices/dev1/down/push"
    [item] = json.loads(body)["downlinks"]
    assert item == {"f_port": 85, "confirmed": False, "priority": "NORMAL", "correlation_ids": [f"ganzhi:{ITEM}"],
                    "frm_payload": "/xD/"}  # fmt: skip
    read = payload_of({"f_port": 85, "object": {"led": 1}}, {"on": True})
    _, body = for_chirpstack("52f1", "24E124136B502217", ID, read)
    assert json.loads(body)["object"] == {"led": 1, "on": True}


def test_a_command_waits_for_the_device_as_long_as_it_may_sleep() -> None:
    assert timeout_of(None, {"f_port": 1}, None) == 2 * 86_400
    assert timeout_of(None, {"f_port": 1}, 3_600.0) == 7_200
    assert timeout_of(None, {"f_port": 1, "expires_s": 60}, 3_600.0) == 60
    assert timeout_of(30, {"f_port": 1, "expires_s": 60}, 3_600.0) == 30
    assert timeout_of(None, {"f_port": 1}, 31_536_000.0) == 14 * 86_400


def chirpstack(event: str, payload: bytes) -> Downlink | None:
    envelope = CODECS[CHIRPSTACK, event](payload, RECEIVED, ZONE).envelope
    assert envelope is not None
    return envelope.downlink


def test_chirpstack_tells_what_became_of_it_in_either_form() -> None:
    item = block(4, ITEM.encode())
    refused = Downlink(ITEM, "refused", "the device has not acknowledged it")
    assert chirpstack("txack", b'{"queueItemId":"%s"}' % ITEM.encode()) == Downlink(ITEM, "sent")
    assert chirpstack("txack", item) == Downlink(ITEM, "sent")
    assert chirpstack("ack", b'{"queueItemId":"%s","acknowledged":true}' % ITEM.encode()) == Downlink(ITEM, "done")
    assert chirpstack("ack", item + key(5, 0) + b"\x01") == Downlink(ITEM, "done")
    assert chirpstack("ack", b'{"queueItemId":"%s"}' % ITEM.encode()) == refused, "false is left out"
    assert chirpstack("ack", item) == refused
    context = block(6, block(1, b"item_size") + block(2, b"9")) + block(
        6, block(1, b"queue_item_id") + block(2, ITEM.encode())
    )
    error = key(3, 0) + varint(2) + key(4, 0) + varint(1) + context
    assert chirpstack("log", error) == Downlink(ITEM, "refused", "ERROR: DOWNLINK_PAYLOAD_SIZE")
    told = {"level": "ERROR", "code": "DOWNLINK_PAYLOAD_SIZE", "context": {"queue_item_id": ITEM}}
    assert chirpstack("log", json.dumps(told).encode()) == Downlink(ITEM, "refused", "ERROR: DOWNLINK_PAYLOAD_SIZE")
    assert chirpstack("log", json.dumps(told | {"level": "INFO"}).encode()) is None, "it is still in the queue"
    assert chirpstack("log", b'{"level":"ERROR","code":"OTAA"}') is None


def test_the_things_stack_tells_what_became_of_it() -> None:
    told = {"correlation_ids": ["as:downlink:1", f"ganzhi:{ITEM}"]}
    for member, downlink in (
        ({"downlink_queued": told}, Downlink(ITEM, "queued")),
        ({"downlink_sent": told}, Downlink(ITEM, "sent")),
        ({"downlink_ack": told}, Downlink(ITEM, "done")),
        ({"downlink_nack": told}, Downlink(ITEM, "refused", "the device has not acknowledged it")),
        ({"downlink_failed": {"downlink": told, "error": {"message_format": "late"}}},
         Downlink(ITEM, "refused", "downlink failed: late")),
        ({"downlink_sent": {"correlation_ids": ["as:downlink:1"]}}, Downlink("", "sent")),
    ):  # fmt: skip
        envelope = CODECS[THINGS_STACK, "frame"](json.dumps(member).encode(), RECEIVED, ZONE).envelope
        assert envelope is not None
        assert envelope.downlink == downlink
