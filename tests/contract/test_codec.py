"""What every codec must do: the frames it knows, a reason for the others, and no surprise for any bytes."""

import json
import struct
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import repeat
from typing import TypeVar

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.codecs.decoded import MAX_BYTES, MAX_FAULTS, Codec, Decoded
from devices.codecs.protocols import CODECS, PLACES, name_of
from devices.diagnosis.caret import place_of
from devices.diagnosis.frame_forms import FRAMES as CHECKED_FORMS
from hub.errors import At, DecodeError
from hub.models import GANZHI, HUB
from tests.support.chinese import check_chinese
from tests.support.frames import RECEIVED, ZONE, Bad, Frames, Good
from tests.support.frames_all import FRAMES
from tests.support.frames_hj212 import WATER, frame
from tests.support.frames_networks import DATA
from tests.support.frames_senml_cbor import cbor
from tests.support.seals import SEALS

T = TypeVar("T")
TABLE: dict[str, Frames] = FRAMES
EACH = pytest.mark.parametrize("form", TABLE)
ALIKE = (
    "dragino-lse01",
    *(f"gb28181-{form}" for form in ("alarm", "part-alarm", "state", "position")),
    *(f"chirpstack-{event}" for event in ("join", "status", "ack", "txack", "log", "location", "integration")),
    *(f"sparkplug-{kind}" for kind in ("NBIRTH", "DBIRTH", "NDATA", "NDEATH", "DDEATH")),
)
"""Codecs that read with what others read with: drawn inputs would try the same once more."""
FORMS = pytest.mark.parametrize("form", [form for form in TABLE if form not in ALIKE])
OF_TEXT = pytest.mark.parametrize(
    "form",
    [form for form in TABLE if form not in (*ALIKE, "gb28181") and not CHECKED_FORMS[form].is_binary],
)
"""To a binary codec, and to one of XML, any JSON is a frame that begins with another byte."""


def _bits(values: list[float]) -> list[bytes]:
    """Floats by their bits, so that -0.0 is not 0.0."""
    return [struct.pack(">d", value) for value in values]


def test_each_codec_is_in_the_table() -> None:
    assert {form: frames.codec for form, frames in TABLE.items()} == {
        name_of(protocol, form): codec for (protocol, form), codec in CODECS.items() if protocol != HUB
    }


@contextmanager
def _at(number: int, frame: Good | Bad) -> Iterator[None]:
    """A failure names the frame: one test reads all of a form, for a test of its own costs more than reading one."""
    try:
        yield
    except BaseException as error:
        error.add_note(f"frame {number}: {frame.payload[:200]!r}")
        raise


@EACH
def test_good_frames_are_read_exactly(form: str) -> None:
    for number, good in enumerate(TABLE[form].good):
        with _at(number, good):
            _is_read_exactly(TABLE[form].codec, good)


def _is_read_exactly(codec: Codec, frame: Good) -> None:
    decoded = codec(frame.payload, RECEIVED, frame.zone)
    readings = list(zip(decoded.metrics, decoded.ts, decoded.values, strict=True))
    assert readings == frame.readings
    assert _bits(decoded.values) == _bits([float(value) for _, _, value in frame.readings])
    assert decoded.events == frame.events
    assert decoded.reply == frame.reply
    assert [fault.reason for fault in decoded.faults] == frame.faults
    assert (decoded.timeless, decoded.private) == (frame.timeless, frame.private)
    assert decoded.online is frame.online
    assert decoded.unused == frame.unused
    assert decoded.quality == frame.quality
    assert decoded.units == frame.units or frame.units is None
    if decoded.units is not None and frame.other_units is not None:
        assert decoded.units.others == frame.other_units
    for fault in decoded.faults:
        check_chinese(fault.detail)
    _check_sound(decoded)


@EACH
def test_bad_frames_have_a_reason_and_a_sentence(form: str) -> None:
    for number, bad in enumerate(TABLE[form].bad):
        with _at(number, bad):
            _has_a_reason(TABLE[form].codec, bad)


def _has_a_reason(codec: Codec, frame: Bad) -> None:
    with pytest.raises(DecodeError) as caught:
        codec(frame.payload, RECEIVED, ZONE)
    assert caught.value.reason == frame.reason
    assert frame.says in caught.value.detail
    _check_sentence(caught.value.detail)
    for _, detail, _ in caught.value.faults:
        check_chinese(detail)
    _check_place(frame.payload, caught.value.at)
    assert caught.value.faults[0] == (frame.reason, caught.value.detail, caught.value.at)


AT: list[tuple[str, bytes, list[At]]] = [
    ("telemetry", b'{"pm25": 1', [10]),
    ("telemetry", b'{\n"a": 1,\n}', [10]),
    ("telemetry", b'\xef\xbb\xbf{"\xe6\xb8\xa9": x}', [11]),
    ("telemetry", b'{"a": "\xff"}', [7]),
    ("telemetry", b" ", [0]),
    ("telemetry", b"[" * 3_000, [""]),
    ("telemetry", b"x" * (MAX_BYTES + 1), [MAX_BYTES]),
    ("telemetry", b"5", [""]),
    ("telemetry", b'{"ts": 1, "values": {"a": 1}}', ["/ts"]),
    ("telemetry", b'{"values": {"a/b~c": "x", "d": true, "e": {}}}', ["/values/a~1b~0c", "/values/e"]),
    (
        "telemetry",
        b'{"a": -inf, "values": {"x": nan, "y": 1.#QNAN, "b": "z", "c": 1}}',
        ["/values/x", "/values/y", "/values/b"],
    ),
    ("telemetry", b'{"a": nan, "b": 1}\0', [18]),
    ("telemetry", b'{"a": inf, "b": -nan, "c": x}', [27]),
    ("telemetry", b'{"Time_stamp": 1, "values": {"a": 1}}', ["/Time_stamp"]),
    ("telemetry", b'[{"b": 1}, {"values": {"a": 1, "time": "x"}}]', ["/1/values/time"]),
    ("event", b'[{"kind": "smoke"}, {"kind": "smoke", "time": "x"}]', ["/1/time"]),
    ("telemetry", b'[{"a": 1}, 5, {"a": "x", "ts": 1}, {"a": 1, "": 2}, {}]', ["/1", "/2/ts", "/3/", "/4"]),
    ("telemetry", b'{"\\ud800": 1}', [""]),
    ("telemetry", b'{"values": {"' + b"x" * 200 + b'": 1}}', ["/values"]),
    ("senml", b"{}", [""]),
    ("senml", b'[{"n": "a", "v": 1}, {"n": "b"}, 7, {"n": "c", "v": "x"}]', ["/1", "/2", "/3/v"]),
    ("senml", b'[{"n": "a", "v": 1, "t": 1e99}, {"n": 5, "v": 1}, {"bt": "x"}, 7]', ["/0/t", "/1/n", "/2/bt"]),
    ("event", b'[{"kind": "smoke"}, {"kind": ""}, {"kind": "gas", "level": "x", "id": "1"}]', ["/1/kind", "/2/level"]),
    ("event", b'{"kind": "smoke", "state": "x"}', ["/state"]),
    ("event", b'{"kind": "smoke", "State": "x"}', ["/State"]),
    ("event", b'{"kind": "smoke", "zone": NaN, "attributes": {"a": 1}}', ["/zone"]),
    ("event", b'{"kind": "smoke", "attributes": {"a": 1, "b": {"c": NaN}}}', ["/attributes/b"]),
    ("event", b'{"kind": "smoke", "ts": "x"}', ["/ts"]),
    ("event", b'{"kind": "smoke", "image": "x"}', ["/image"]),
    ("reply", b'{"id": "x"}', ["/id"]),
    ("reply", b'{"id": "019bb5a8-0d4a-7000-8000-000000000000", "result": NaN}', ["/result"]),
    ("status", b'{"state": "maybe"}', ["/state"]),
    ("hj212", WATER[:100], [100]),
    ("hj212", WATER.replace(b"1.1", b"1.2"), [145]),
    ("hj212", frame("DataTime=20160801085857;w01001-Rtd=x;junk"), [WATER.find(b"w01018") + 11, WATER.find(b"1.1") + 2]),
    ("status", b"[5]", [""]),
    ("senml-cbor", cbor([{"n": "a", "v": 1}, {"n": "b"}, 7, {"n": "c", "v": "x"}]), [7, 11, 17]),
    ("senml-cbor", cbor([{"n": "a", "v": 1, "t": 1e99}, {"n": 5, "v": 1}, {"bt": "x"}, 7]), [8, 19, 24]),
    ("senml-cbor", bytes.fromhex("81a20061ff0201"), [4]),
    ("chirpstack-up", b'{"rxInfo": [{}, {"rssi": "x"}]}', ["/rxInfo/1/rssi"]),
    ("chirpstack-up", b'{"fPort": 1, "data": "@"}', ["/data"]),
    ("chirpstack-up", b'{"time": "x"}', ["/time"]),
    ("chirpstack-up", b"\x0a\x01a\x0a\x02b\xff", [6]),
    ("chirpstack-up", b"\x0a\x01a\x12\x09\x08\x01", [3]),
    ("the-things-stack", b'{"uplink_message": {"rx_metadata": [{"snr": {}}]}}', ["/uplink_message/rx_metadata/0/snr"]),
    ("the-things-stack", b'{"uplink_message": {"received_at": "x"}}', ["/uplink_message/received_at"]),
    ("sparkplug-DDATA", DATA, [7, 16]),
]


@pytest.mark.parametrize(("form", "payload", "places"), AT)
def test_a_fault_knows_its_place(form: str, payload: bytes, places: list[At]) -> None:
    assert [at for _, _, at in _faults(form, payload)] == places


def _faults(form: str, payload: bytes) -> Sequence[tuple[str, str, At]]:
    try:
        return TABLE[form].codec(payload, RECEIVED, ZONE).faults
    except DecodeError as error:
        return error.faults


@EACH
def test_places_are_those_of_the_readings(form: str) -> None:
    kind = next(kind for kind, each in CODECS.items() if each is TABLE[form].codec)
    for number, good in enumerate(TABLE[form].good):
        if kind in PLACES and (good.readings or good.events):
            with _at(number, good):
                _places_are_right(kind, good)


def _places_are_right(kind: tuple[str, str], frame: Good) -> None:
    places = PLACES[kind](frame.payload, RECEIVED, frame.zone)
    assert len(places) == len(frame.readings or frame.events)
    for (value, time), reading in zip(places, frame.readings, strict=False):
        _check_place(frame.payload, value)
        _check_place(frame.payload, time)
        if kind[1] == "telemetry":
            assert str(value).rpartition("/")[2].replace("~1", "/").replace("~0", "~") == reading[0]


@EACH
def test_same_input_gives_same_output(form: str) -> None:
    for number, good in enumerate(TABLE[form].good):
        with _at(number, good):
            _is_read_the_same(TABLE[form].codec, good)


def _is_read_the_same(codec: Codec, frame: Good) -> None:
    first = codec(frame.payload, RECEIVED, frame.zone)
    kept = _written(first)
    second = codec(frame.payload, RECEIVED, frame.zone)
    second.metrics.append("changed by its receiver")
    second.faults.clear()
    assert _written(first) == kept
    assert _written(codec(frame.payload, RECEIVED, frame.zone)) == kept


def _written(decoded: Decoded) -> bytes:
    return msgspec.json.encode([getattr(decoded, name) for name in Decoded.__slots__], enc_hook=str)


def _check_sentence(detail: str) -> None:
    """A sentence is short and can be stored and logged."""
    assert 8 <= len(detail) <= 400
    assert "\0" not in detail
    assert detail.encode()


def _check_place(payload: bytes, at: At) -> None:
    """A place leads to something in the payload; a byte offset at most to its end."""
    assert at is not None
    assert place_of(payload, at) is not None, at
    if isinstance(at, int):
        assert 0 <= at <= len(payload)


def _check_sound(decoded: Decoded) -> None:
    """Whatever was read can be stored."""
    assert len(decoded.metrics) == len(decoded.ts) == len(decoded.values)
    for value, ts, flags in zip(decoded.values, decoded.ts, decoded.quality or repeat(0), strict=False):
        assert type(value) is float
        assert type(ts) is int
        assert value - value == 0.0 or flags, "not finite, and no flag says why"
    for event in decoded.events:
        assert b"\\u0000" not in msgspec.json.encode([event.kind, event.source_id])
        assert len(msgspec.json.encode(event.attributes)) <= (16 << 10) + 1000
    if decoded.reply is not None:
        reply = msgspec.json.encode([decoded.reply.result, decoded.reply.error])
        assert b"\\u0000" not in reply.replace(b"\\\\", b"")
        assert len(reply) <= (16 << 10) + 1000
    assert len(decoded.faults) <= MAX_FAULTS
    for fault in decoded.faults:
        _check_sentence(fault.detail)


def _survives(form: str, payload: bytes) -> None:
    try:
        decoded = TABLE[form].codec(payload, RECEIVED, ZONE)
    except DecodeError as error:
        _check_sentence(f"{error.reason}: {error.detail}")
        _check_place(payload, error.at)
    else:
        _check_sound(decoded)
        for fault in decoded.faults:
            _check_place(payload, fault.at)
        if decoded.metrics and (GANZHI, form) in PLACES:
            assert len(PLACES[GANZHI, form](payload, RECEIVED, ZONE)) == len(decoded.metrics)
        assert decoded.metrics or decoded.events or decoded.private or not decoded.faults


LABELS = [
    *("ts", "values", "kind", "id", "state", "level", "attributes", "image", "pm25", "face", "type", "code"),
    *("bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t", "ut", "x_", "b_"),
]
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.sampled_from(
        [1772352000, 1772352000000, 1e300, 2**63, 2**64, 10**400, "red", "active", "smoke", "a:", "faceId"]
    ),
    st.text(max_size=8),
)
NAMES = st.one_of(st.sampled_from(LABELS), st.text(max_size=6))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=12
)
EXAMPLES = pytest.mark.parametrize("examples", [25, pytest.param(1_500, marks=pytest.mark.heavy)])
"""Of each form and kind of input: one takes 15 to 30 ms, most of it to draw it. tests/contract/test_protocol_fuzz.py
draws more, guided by what was reached."""


def _each(examples: int, strategy: st.SearchStrategy[T], judge: Callable[[T], None]) -> None:
    """Judge so many drawn inputs."""
    quick = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    quick(given(strategy)(lambda drawn: judge(drawn)))()


CHECKED = ("hj212", "gb26875", "sl651", "cjt188", "szy206", "modbus-rtu")
"""Codecs whose frames tell their length and have a checksum."""


@pytest.mark.parametrize("form", CHECKED)
def test_a_frame_that_was_cut_is_refused(form: str) -> None:
    """Unless it lacks nothing but the end of its line."""
    for good in TABLE[form].good:
        whole = good.payload.rstrip(b"\r\n") if form == "hj212" else good.payload
        for length in range(len(whole)):
            with pytest.raises(DecodeError) as caught:
                TABLE[form].codec(whole[:length], RECEIVED, ZONE)
            _check_place(whole[:length], caught.value.at)


@pytest.mark.parametrize("form", CHECKED)
def test_a_frame_with_a_wrong_bit_is_refused_or_means_the_same(form: str) -> None:
    for number, good in enumerate(TABLE[form].good):
        with _at(number, good):
            _each_bit_counts(TABLE[form].codec, good)


def _each_bit_counts(decode: Codec, frame: Good) -> None:
    meant = _written(decode(frame.payload, RECEIVED, ZONE))
    for bit in range(8 * len(frame.payload)):
        damaged = bytearray(frame.payload)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            assert _written(decode(bytes(damaged), RECEIVED, ZONE)) == meant, bit
        except DecodeError as error:
            _check_place(bytes(damaged), error.at)


@pytest.mark.parametrize("form", ["milesight", "cayenne", "dragino-lht65", "dragino-lse01"])
def test_of_an_uplink_that_was_cut_only_the_beginning_is_kept(form: str) -> None:
    """They have no checksum of their own: that of LoRaWAN guards them."""
    for payload in [good.payload for good in TABLE[form].good]:
        whole = TABLE[form].codec(payload, RECEIVED, ZONE)
        for length in range(len(payload)):
            try:
                part = TABLE[form].codec(payload[:length], RECEIVED, ZONE)
            except DecodeError as error:
                _check_place(payload[:length], error.at)
            else:
                assert (whole.metrics[: len(part.metrics)], whole.values[: len(part.values)]) == (
                    part.metrics,
                    part.values,
                )
                assert whole.events[: len(part.events)] == part.events


@FORMS
@EXAMPLES
def test_any_bytes_are_read_or_refused(form: str, examples: int) -> None:
    _each(examples, st.binary(max_size=64), lambda payload: _survives(form, payload))


@OF_TEXT
@EXAMPLES
def test_any_json_is_read_or_refused(form: str, examples: int) -> None:
    # the standard encoder writes NaN, lone surrogates and big integers, as devices do
    _each(examples, VALUES, lambda value: _survives(form, json.dumps(value).encode()))


@st.composite
def _damaged(draw: st.DrawFn, frames: Sequence[bytes], most: int) -> bytes:
    """One of these frames with some bytes taken out, and others put in their place."""
    payload = bytearray(draw(st.sampled_from(frames)))
    for _ in range(draw(st.integers(1, most))):
        place = draw(st.integers(0, len(payload)))
        payload[place : place + draw(st.integers(0, 2))] = draw(st.binary(max_size=3))
    return bytes(payload)


@FORMS
@EXAMPLES
def test_any_damaged_frame_is_read_or_refused(form: str, examples: int) -> None:
    frames = [frame.payload for frame in TABLE[form].good if 0 < len(frame.payload) < 600]
    _each(examples, _damaged(frames, 3), lambda payload: _survives(form, payload))


@pytest.mark.parametrize("form", SEALS)
@EXAMPLES
def test_any_damaged_body_with_a_right_checksum_is_read_or_refused(form: str, examples: int) -> None:
    """What a checksum keeps from the other tests: a station whose software is wrong."""
    frames = [good.payload for good in TABLE[form].good if len(good.payload) < 300]
    _each(examples, _damaged(frames, 4), lambda payload: _survives(form, SEALS[form](bytearray(payload))))


@FORMS
@pytest.mark.parametrize(
    "seed", [b'{"a":1},', b'["\\ud800",0],', b"1,", b'{"n":"a","v":NaN},', b'{"kind":5,"x":"\\u0000"},']
)
def test_largest_message_is_read_or_refused(form: str, seed: bytes) -> None:
    body = seed * (MAX_BYTES // len(seed) - 1)
    _survives(form, b"[" + body[:-1] + b"]")
    _survives(form, b'{"ts":1,"kind":"smoke","attributes":[' + body[:-60] + b"}")


_METRICS = b",".join([b'"m%d":1' % number for number in range(40_000)])
_LONG = b"9" * 4_000
HOSTILE = {
    "100,000 metrics": b'{"values":{' + b",".join([b'"%d":1' % number for number in range(100_000)]) + b"}}",
    "40,000 metrics": b'{"kind":"smoke","attributes":{' + _METRICS + b"}}",
    "40,000 records": b"[" + b'{"n":"a"},' * 40_000 + b"{}]",
    "nested lists": b'{"a":' + b"[" * 200_000,
    "nested objects": b'{"kind":"smoke","attributes":' + b'{"a":' * 500 + b"1" + b"}" * 500 + b"}",
    "huge numbers": b'[{"n":"a","v":' + b'},{"n":"a","v":'.join([_LONG] * 100) + b"}]",
    "huge exponents": b'{"a":1,"v":[' + b"1e308," * 80_000 + b"1]}",
    "a long integer": b'{"pm25":' + b"9" * 500_000 + b"}",
    "invalid UTF-8": b'{"kind":"' + b"\xff\xfe" * 250_000 + b'"}',
    "invalid UTF-8 at the end": b'{"pm25":"' + b"x" * 500_000 + b'\x80"}',
    "half a surrogate": b'{"kind":"smoke","id":"' + b"\\ud800" * 20 + b'"}',
    "a large picture": b'{"kind":"smoke","image":"' + b"/9j/" * 120_000 + b'"}',
}


@FORMS
@pytest.mark.parametrize("payload", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_message_costs_little_memory(form: str, payload: bytes) -> None:
    tracemalloc.start()
    try:
        _survives(form, payload)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 << 20
