"""Records of Kafka become messages: by whom, when, and what the bus carries comes out as it went in."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC

import pytest

from devices.codecs.protocols import CODECS
from hub.clip import Clip
from hub.models import GANZHI, Raw
from hub.picture import TOO_SLOW, Picture, absent
from hub.store.dead_letter_stage import REPLAY
from ingest.kafka.records import LAST, headers_of, of_bus, of_third_party
from tests.support.chinese import check_chinese
from tests.support.origins import ORIGINS, raw_of


@dataclass
class Given:
    value: bytes | None
    key: bytes | None = None
    offset: int = 7
    timestamp: int = 1_760_000_000_000
    headers: Sequence[tuple[str, bytes]] = ()
    topic: str = "ganzhi.telemetry"
    partition: int = 3


@pytest.mark.parametrize(
    ("record", "address"),
    [
        (Given(b"{}", b"d1"), "ganzhi.telemetry/d1"),
        (Given(b'{"device":"d2"}', b"d1"), "ganzhi.telemetry/d1"),
        (Given(b'{"device":"d2"}'), "ganzhi.telemetry/d2"),
        (Given(b'[{"n":1},{"device":"d3"}]'), "ganzhi.telemetry/d3"),
        (Given(b'{"device":"d4","a":nan}'), "ganzhi.telemetry/d4"),
        (Given(b'[{"a":-inf},{"device":"d5"}]'), "ganzhi.telemetry/d5"),
        (Given(b'{"device":"d6","a":'), "ganzhi.telemetry/d6"),
        (Given(b'{"device":5}'), "ganzhi.telemetry/"),
        (Given(b"\xff"), "ganzhi.telemetry/"),
        (Given(b"[" * 100_000), "ganzhi.telemetry/"),
        (Given(b"{}", b"\xff"), "ganzhi.telemetry/\ufffd"),
    ],
)
def test_a_record_is_of_the_device_that_its_key_or_its_value_names(record: Given, address: str) -> None:
    (raw,) = of_third_party([record], ORIGINS)
    assert raw.origin.address == address


def test_pictures_come_out_of_the_bus_as_they_went_in() -> None:
    pictures = (Picture(b"\xff\xd8\xff", 1280, 720, True), absent(TOO_SLOW))
    clip = Clip(b"RIFF", 640, 360, 10.0, 5.0)
    raw = raw_of("mqtt", "ganzhi/v1/d1/event", b"{}", 5)._replace(pictures=pictures, clip=clip)
    (back,) = of_bus([Given(raw.payload, headers=headers_of(raw))], ORIGINS)
    assert back == raw
    (broken,) = of_bus([Given(b"{}", headers=[*headers_of(raw)[:2], ("pictures", b"\xff")])], ORIGINS)
    assert (broken.pictures, broken.origin.device) == ((), ""), "nobody but an edge writes these"


def test_records_of_one_millisecond_have_times_of_their_own() -> None:
    keyed = [Given(b"{}", b"d", offset) for offset in range(995, 1995)]
    bare = [Given(b'{"device":"d"}', None, offset, partition=number) for offset in range(62) for number in range(12)]
    for records in (keyed, bare):
        arrivals = {raw.received for raw in of_third_party(records, ORIGINS)}
        assert len(arrivals) == len(records)
        assert {arrival // 1000 for arrival in arrivals} == {1_760_000_000_000}


@pytest.mark.parametrize(("stamp", "received"), [(-1, 7), (10**17, LAST)])
def test_a_stamp_out_of_this_world_can_be_stored(stamp: int, received: int) -> None:
    (raw,) = of_third_party([Given(b"{}", b"d", timestamp=stamp)], ORIGINS)
    assert raw.received == received


def test_records_without_a_value_are_left_out() -> None:
    assert of_third_party([Given(None, b"d")], ORIGINS) == of_bus([Given(None)], ORIGINS) == []


@pytest.mark.parametrize(
    "raw",
    [
        raw_of("mqtt", "ganzhi/v1/d1/telemetry", b"{}", 1_760_000_000_000_123),
        raw_of("mqtt", "ganzhi/v1/d1/event", b"\x00\xff", 1, 65_535, "hub/3", True),
        raw_of("http", "ganzhi/v1/温度/telemetry", b"", 2),
        raw_of("mqtt", "ganzhi/v1/d1/telemetry", b"{}", 3, source=f"{REPLAY}5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de01"),
    ],
)
def test_the_bus_carries_a_message_as_it_came(raw: Raw) -> None:
    sent = raw._replace(source=raw.source.removesuffix("/3"))  # the partition tells apart where tokens come from
    assert of_bus([Given(raw.payload, headers=tuple(headers_of(sent)))], ORIGINS) == [raw]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"transport": b"mqtt", "address": b"a", "received": b"soon"},
        {"transport": b"mqtt", "address": b"\xff", "received": b"1"},
        {"transport": b"mqtt", "address": b"a", "received": b"-1"},
        {"transport": b"mqtt", "address": b"a", "received": b"1", "token": b"70000", "source": b"s"},
        {"transport": b"mqtt", "address": b"a", "received": b"1", "token": b"7"},
        {"transport": b"mqtt", "address": b"a", "received": b"1", "letter": b"7"},
    ],
)
def test_what_no_edge_put_into_the_bus_is_nobodys(headers: dict[str, bytes]) -> None:
    (raw,) = of_bus([Given(b"x", headers=tuple(headers.items()))], ORIGINS)
    assert raw == raw_of("kafka", "ganzhi.telemetry", b"x", 1_760_000_000_000_115)


@pytest.mark.parametrize(
    ("address", "reason"),
    [("", "no_device"), ("a/b", "bad_device_code"), ("é", "bad_device_code")],
)
def test_a_record_without_a_code_says_why(address: str, reason: str) -> None:
    origin = ORIGINS.of_record("ganzhi.telemetry", address)
    assert origin.fault is not None
    assert (origin.device, origin.fault[0]) == ("", reason)
    check_chinese(origin.fault[1])


@pytest.mark.parametrize("form", ["telemetry", "event"])
def test_a_payload_may_name_its_device(form: str) -> None:
    body = b'"kind":"smoke"' if form == "event" else b'"n":1'
    decode = CODECS[GANZHI, form]
    assert decode(b"{%s}" % body, 0, UTC).devices == ()
    assert decode(b'{"device":"a",%s}' % body, 0, UTC).devices == ("a",)
    assert decode(b'[{"device":"a",%s},{"device":"a",%s}]' % (body, body), 0, UTC).devices == ("a",)
    many = b",".join(b'{"device":"d%d",%s}' % (number, body) for number in range(9))
    assert decode(b"[%s]" % many, 0, UTC).devices == ("d0", "d1"), "bounded"


def test_the_name_of_a_device_is_no_metric_but_a_number_is() -> None:
    assert CODECS[GANZHI, "telemetry"](b'{"device":"a","n":1}', 0, UTC).metrics == ["n"]
    assert CODECS[GANZHI, "telemetry"](b'{"device":4,"n":1}', 0, UTC).metrics == ["device", "n"]


def test_records_that_edges_of_version_0_1_put_into_the_bus_are_read() -> None:
    said = [
        ("transport", b"mqtt"),
        ("address", b"ganzhi/v1/pole/child/d1/event"),
        ("received", b"5"),
        ("token", b"7"),
        ("source", b"hub"),
    ]
    (raw,) = of_bus([Given(b"{}", headers=tuple(said))], ORIGINS)
    assert raw == raw_of("mqtt", "ganzhi/v1/pole/child/d1/event", b"{}", 5, 7, "hub/3")
    assert (raw.origin.device, raw.origin.form, raw.origin.gateway) == ("d1", "event", "pole")


def test_whether_the_broker_had_retained_it_crosses_the_bus() -> None:
    sent = raw_of("mqtt", "ganzhi/v1/d1/event", b"{}", 5)._replace(retained=True, current=True)
    (raw,) = of_bus([Given(b"{}", headers=tuple(headers_of(sent)))], ORIGINS)
    assert (raw.retained, raw.current) == (True, True)
    assert raw.origin is of_bus([Given(b"{}", headers=tuple(headers_of(sent)))], ORIGINS)[0].origin


def test_a_record_that_says_nonsense_of_its_repetition_is_a_letter() -> None:
    sent = headers_of(raw_of("mqtt", "ganzhi/v1/d1/event", b"{}", 5))
    for nonsense in (b"yes", b"7", b""):
        (raw,) = of_bus([Given(b"{}", headers=(*sent, ("repeated", nonsense)))], ORIGINS)
        assert not raw.origin.device
