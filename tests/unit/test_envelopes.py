"""Payloads within an envelope: decoded as the profile says, with their time, their id and their place."""

import re
from base64 import b64encode
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.decoded import Decoded
from devices.codecs.inner import Envelope, Inner, within
from devices.codecs.mapping import compiled
from devices.codecs.payloads import PAYLOADS
from devices.diagnosis.caret import place_of
from devices.envelopes import opened
from devices.registry.device import Device, Profile
from hub.errors import DecodeError
from hub.words.sentence import Sentence

UTC = ZoneInfo("UTC")
RECEIVED, SENT = 1_767_225_600_000_000, 1_767_225_599_000_000
TH = bytes.fromhex("01755C03673401046865")
"""Of Milesight: battery 92, temperature 30.8, humidity 50.5."""


def device(payload: str | None, *metrics: str, **mapping: str) -> Device:
    profile = Profile(
        1, "p", 1, 0, dict.fromkeys(metrics, (0.0, 1e9)), mapping=compiled(mapping), payload=payload
    )  # fmt: skip
    return Device(1, "d", None, UTC, True, profile, 10, {name: number for number, name in enumerate(metrics)})


def enveloped(*inner: Inner, **more: object) -> Decoded:
    decoded = Decoded()
    decoded.envelope = Envelope(list(inner), **more)  # type: ignore[arg-type]
    return decoded


def test_bytes_are_decoded_as_the_profile_says_with_the_time_and_id_of_the_envelope() -> None:
    tilted = bytes.fromhex("01755C03824408040001")
    decoded, _ = opened(enveloped(Inner(tilted, "/data", SENT, 85, "id")), device("milesight"), RECEIVED, UTC)
    assert list(zip(decoded.metrics, decoded.ts, decoded.values, strict=True)) == [
        ("battery", SENT, 92), ("distance", SENT, 2116),
    ]  # fmt: skip
    assert [(event.kind, event.ts, event.source_id) for event in decoded.events] == [("tilt", SENT, "id")]
    assert not decoded.timeless
    assert decoded.units == {"battery": "%", "distance": "mm"}


def test_several_payloads_keep_their_units_and_each_event_an_id_of_its_own() -> None:
    both = enveloped(Inner(TH, "/a", SENT, id="x"), Inner(bytes.fromhex("040001"), "/b", SENT, id="x"),
                     Inner(bytes.fromhex("040000"), "/c", id="x"))  # fmt: skip
    decoded, _ = opened(both, device("milesight"), RECEIVED, UTC)
    assert decoded.units == {"battery": "%", "temperature": "Cel", "humidity": "%"}
    assert [(event.source_id, event.ts) for event in decoded.events] == [("x", SENT), ("x:1", None)]
    assert decoded.timeless, "the last one told no time"
    twice = enveloped(
        Inner(b'[{"n":"t","u":"Cel","v":1}]', "/a", form="senml"), Inner(b'[{"n":"t","v":2}]', "/b", form="senml")
    )
    decoded, _ = opened(twice, device(None), RECEIVED, UTC)
    assert decoded.units is not None
    assert [decoded.units.of(row, "t") for row in (0, 1)] == ["Cel", None]


def test_a_profile_without_a_codec_takes_what_the_network_has_decoded() -> None:
    read = Inner(b'{"temperature": 21.5}', "/object", SENT, form="telemetry", is_packed=False)
    message = enveloped(Inner(TH, "/data", SENT), read=[read])
    decoded, _ = opened(message, device(None), RECEIVED, UTC)
    assert (decoded.metrics, decoded.ts, decoded.values) == (["temperature"], [SENT], [21.5])
    mapped = device(None, telemetry="{values: {t: temperature}}")
    assert opened(enveloped(read=[read]), mapped, RECEIVED, UTC)[0].metrics == ["t"]
    raw, _ = opened(enveloped(Inner(TH, "/data", SENT), read=[read]), device("milesight"), RECEIVED, UTC)
    assert raw.metrics == ["battery", "temperature", "humidity"], "what was sent comes first"


@pytest.mark.parametrize("payload", [None, "of-tomorrow"])
def test_what_nobody_can_decode_is_refused_and_the_codecs_are_listed(payload: str | None) -> None:
    with pytest.raises(DecodeError) as caught:
        opened(enveloped(Inner(TH, "/data")), device(payload), RECEIVED, UTC)
    assert (caught.value.reason, caught.value.at) == ("no_payload_codec", "/data")
    assert "cayenne, cjt188, dragino-lht65" in caught.value.detail
    assert isinstance(caught.value.detail, Sentence)
    assert re.search("[一-鿿]", caught.value.detail.told("zh"))


def test_a_fault_is_at_its_byte_in_the_payload_within_the_message() -> None:
    broken = TH[:4] + b"\x09\x99\x01"
    with pytest.raises(DecodeError) as caught:
        opened(enveloped(Inner(broken[3:], "/data")), device("milesight"), RECEIVED, UTC)
    assert caught.value.at == "/data#0"
    decoded, _ = opened(enveloped(Inner(TH[:3] + b"\x09\x99\x01", 20)), device("milesight"), RECEIVED, UTC)
    assert [fault.at for fault in decoded.faults] == [23]
    message = b'{"x": 1,\n "data": "' + b64encode(broken) + b'"}'
    place = place_of(message, "/data#4")
    assert place is not None
    assert (place.path, place.line, place.column) == ("$.data#4", 2, 10)
    assert "09 99 01" in place.excerpt
    assert place_of(b'{"d": "7b2261223a317d"}', "/d#/a") is not None
    assert place_of(b'{"d": "zz!"}', "/d#0") is None
    assert [within(Inner(b"", "/o", form="telemetry", is_packed=False), at) for at in ("/a", 3)] == ["/o/a", "/o"]


def test_readings_beside_it_are_taken_where_the_profile_has_them() -> None:
    message = enveloped(Inner(TH, "/data", SENT), ts=SENT, extras={"signal": -97.0, "snr": 7.5, "battery": 50.0})
    decoded, _ = opened(message, device("milesight", "signal", "battery"), RECEIVED, UTC)
    assert decoded.metrics == ["battery", "temperature", "humidity", "signal"]
    assert decoded.values[0] == 92, "the device's own counts"
    lenient = enveloped(lenient=True)
    lenient.metrics, lenient.ts, lenient.values = ["a", "b", "c"], [1, 2, 3], [1.0, 2.0, 3.0]
    decoded, _ = opened(lenient, device(None, "b"), RECEIVED, UTC)
    assert (decoded.metrics, decoded.ts, decoded.values, decoded.unused) == (["b"], [2], [2.0], ("a", "c"))


def test_each_protocol_of_devices_may_be_within_and_the_contract_of_the_hub() -> None:
    assert {"telemetry", "event", "senml", "milesight", "cayenne", "hj212", "gb26875", "cjt188"} <= PAYLOADS.keys()
