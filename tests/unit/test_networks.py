"""What messages of networks hold within, whatever form they are written in; and the sessions of edge nodes."""

from base64 import b64decode

import pytest

from devices.codecs.decoded import Decoded
from devices.codecs.inner import Envelope, Inner, Link
from devices.codecs.lorawan import chirpstack_json, chirpstack_protobuf, the_things_stack
from devices.codecs.protobuf import block, key, varint
from devices.codecs.protocols import CHIRPSTACK, CODECS, THINGS_STACK
from devices.codecs.sparkplug.node import EdgeNode, Told
from devices.codecs.sparkplug.payload import METRICS, NAME, SEQ
from tests.support.frames import RECEIVED, ZONE
from tests.support.frames import at as time_of
from tests.support.frames_networks import DATA, FRAMES, NBIRTH, NDEATH, TTS, UP, UP_PROTOBUF

TH = b64decode("AXVcA2c0AQRoZQ==")
AT = time_of("2022-07-18T09:34:15.775023Z")
ID = "3ac7e3c4-4401-4b8d-9386-a5c902f9202d"
LINK = Link(session="00189440", counter=7, rssi=-60.0, snr=0.0, gateway="0016c001f153a14d", gateways=2)


def envelope(decoded: Decoded) -> Envelope:
    assert decoded.envelope is not None
    return decoded.envelope


@pytest.mark.parametrize(("payload", "places"), [(UP, ["/data", "/object"]), (UP_PROTOBUF, [98, 110])])
def test_an_uplink_of_chirpstack_is_the_same_in_json_and_protocol_buffers(payload: bytes, places: list[object]) -> None:
    decoded = CODECS[CHIRPSTACK, "up"](payload, RECEIVED, ZONE)
    found = envelope(decoded)
    [inner], [read] = found.inner, found.read
    assert inner._replace(at="", is_packed=True) == Inner(TH, "", AT, 85, ID)
    assert read._replace(at="") == Inner(b'{"temperature":30.8}', "", AT, 85, ID, "telemetry", is_packed=False)
    assert [inner.at, read.at] == places
    assert (found.ts, found.extras, found.link) == (AT, {"signal": -60.0, "snr": 0.0}, LINK)
    if isinstance(inner.at, int):
        assert payload[inner.at :].startswith(TH)
    reader = chirpstack_json.dev_eui(payload) if payload is UP else chirpstack_protobuf.dev_eui(payload, "up")
    assert reader == "0101010101010101"


def test_a_status_event_tells_the_battery_and_the_margin_in_either_form() -> None:
    json, unknown, protobuf = (good.payload for good in FRAMES["chirpstack-status"].good)
    told = [envelope(CODECS[CHIRPSTACK, "status"](each, RECEIVED, ZONE)) for each in (json, protobuf)]
    assert [found.link for found in told] == [
        Link(battery=75.5, margin=7.0, external_power=False),
        Link(battery=75.5, margin=-5.0, external_power=False),
    ]
    assert [found.extras for found in told] == [{"battery": 75.5}] * 2
    assert envelope(CODECS[CHIRPSTACK, "status"](unknown, RECEIVED, ZONE)).extras == {}
    joined = envelope(CODECS[CHIRPSTACK, "join"](FRAMES["chirpstack-join"].good[0].payload, RECEIVED, ZONE))
    assert joined.link == Link(session="00189440")
    log = envelope(CODECS[CHIRPSTACK, "log"](FRAMES["chirpstack-log"].good[0].payload, RECEIVED, ZONE))
    assert log.link == Link(note="ERROR: OTAA: x")


def test_a_frame_without_a_port_has_no_data() -> None:
    for more in (b"", b',"fPort":0'):
        decoded = CODECS[CHIRPSTACK, "up"](b'{"data":"AXVc","fCnt":9' + more + b"}", RECEIVED, ZONE)
        assert (envelope(decoded).inner, envelope(decoded).link) == ([], Link(counter=9))


def test_an_uplink_of_the_things_stack() -> None:
    decoded = CODECS[THINGS_STACK, "frame"](TTS, RECEIVED, ZONE)
    found, at = envelope(decoded), time_of("2020-02-12T15:15:45.586Z")
    assert found.inner == [Inner(TH, "/uplink_message/frm_payload", at, 85, "AXBSH1Pk6Z0G166g:7")]
    assert found.link == Link("AXBSH1Pk6Z0G166g", 7, -97.0, -7.25, "gtw1", 1)
    assert the_things_stack.dev_eui(TTS) == "0004A30B001C0530"


def data(seq: int, *metrics: bytes) -> bytes:
    return b"".join(block(METRICS, metric) for metric in metrics) + key(SEQ, 0) + varint(seq)


def read(told: list[Told]) -> list[tuple[str, float]]:
    found = [CODECS["sparkplug", each.kind](each.payload, RECEIVED, ZONE) for each in told]
    return [pair for decoded in found for pair in zip(decoded.metrics, decoded.values, strict=True)]


def test_data_get_the_names_and_types_that_a_birth_has_given() -> None:
    node = EdgeNode()
    assert node.take("NDATA", "", DATA) == ([Told("NDATA", "", DATA)], True), "no birth is known: it is asked for"
    told, asks = node.take("NBIRTH", "", NBIRTH)
    assert (len(told), asks) == (1, False)
    told, asks = node.take("NDATA", "", DATA)
    assert (read(told), asks) == ([("temp", 22.25), ("depth", 7.0)], False)
    negative = data(
        2, key(2, 0) + b"\x03" + key(10, 0) + varint(2**32 - 9), block(NAME, b"total") + key(11, 0) + varint(-3)
    )
    told, asks = node.take("NDATA", "", negative)
    assert (read(told), asks) == ([("depth", -9.0), ("total", -3.0)], False), "signed as unsigned, by alias and by name"


def test_a_gap_or_an_unknown_alias_asks_for_a_birth_and_a_birth_may_have_any_number() -> None:
    node = EdgeNode()
    node.take("NBIRTH", "", NBIRTH)
    node.take("NDATA", "", DATA)
    assert node.take("DDATA", "d", data(3))[1], "2 is missing"
    assert not node.take("DDATA", "d", data(4))[1]
    assert node.take("DDATA", "d", data(5, key(2, 0) + b"\x63" + key(10, 0) + b"\x01"))[1], "an alias of no birth"
    assert node.gaps == 1
    for seq in range(6, 256):
        assert not node.take("NDATA", "", data(seq))[1], seq
    assert not node.take("NDATA", "", data(0))[1], "255 is followed by 0"
    assert not node.take("NBIRTH", "", NBIRTH.replace(b"\x18\x00", b"\x18\x63"))[1]


def test_the_death_of_a_node_is_that_of_its_devices_unless_it_is_of_a_session_before() -> None:
    node = EdgeNode()
    node.take("NBIRTH", "", NBIRTH)
    for number, device in enumerate(("a", "b"), 1):
        node.take("DBIRTH", device, data(number))
    node.take("DDEATH", "b", data(3))
    before = NDEATH[:-1] + b"\x02"
    assert node.take("NDEATH", "", before) == ([], False)
    assert node.born
    told, asks = node.take("NDEATH", "", NDEATH)
    assert ([(each.kind, each.device) for each in told], asks) == ([("NDEATH", ""), ("DDEATH", "a")], False)
    assert not node.born
    assert node.take("NDATA", "", DATA)[1]


def test_what_cannot_be_read_is_given_back_as_it_is() -> None:
    node = EdgeNode()
    for broken in (b"\x12\x05ab", b"\x12\x02\x0a\x05", b"{}"):
        assert node.take("NBIRTH", "", broken) == ([Told("NBIRTH", "", broken)], False)
