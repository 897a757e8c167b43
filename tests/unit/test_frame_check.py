"""What the hub would make of a payload: the place of each flaw, and the same verdict as the hub's own codecs."""

import json
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.codecs.decoded import Decoded
from devices.diagnosis.frame_check import Report, check, unhex
from devices.diagnosis.frame_forms import FRAMES
from devices.diagnosis.frame_profile import ProfileView, check_with, hold_against
from devices.diagnosis.frame_report import as_object
from hub.errors import DecodeError
from tests.support.chinese import check_chinese
from tests.support.frames import RECEIVED
from tests.support.frames_all import FRAMES as CORPUS

NOW = 1_795_305_600_000_000
ZONE = ZoneInfo("Asia/Shanghai")
AIR = ProfileView("air", {"pm25": {"name": "PM2.5", "unit": "ug/m3", "min": 0, "max": 2000}, "temperature": {}})

NAMES = (
    st.sampled_from(["ts", "values", "pm25", "n", "v", "bn", "bt", "kind", "state", "level", "a b", "data"]) | st.text()
)
VALUES = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def checked(payload: bytes, form: str = "auto") -> Report:
    return check(payload, form, NOW, ZONE)


@pytest.mark.parametrize(
    ("payload", "form", "reason", "path", "byte"),
    [
        (b'{"ts": 1767225600, "values": {"pm25": 3}}', "telemetry", "time_out_of_range", "$.ts", 7),
        (b'{"values": {"pm25": "3", "ok": 1}}', "telemetry", "value_not_a_number", "$.values.pm25", 20),
        (b'{"values": {"a b": 1, "ok": 1}}', "telemetry", "bad_metric_name", '$.values["a b"]', 19),
        (b'[{"pm25": 1}, {"pm25": ""}]', "telemetry", "value_not_a_number", "$[1].pm25", 23),
        (b'[{"pm25": 1}, 7]', "telemetry", "not_an_object", "$[1]", 14),
        (b'{"pm25": NaN, "ok": 1}', "telemetry", "value_not_finite", "$.pm25", 9),
        (b'{"values": 7, "x": "y"}', "telemetry", "value_not_a_number", "$.x", 19),
        ('{"名": 1, "ok": 1}'.encode(), "telemetry", "bad_metric_name", '$["名"]', 8),
        (b'[{"n": "a", "v": 1}, {"n": "b"}]', "senml", "senml_no_value", "$[1]", 21),
        (b'[{"n": "a", "v": 1}, {"n": "b", "vs": "x"}]', "senml", "senml_not_numeric", "$[1].vs", 38),
        (b'[{"n": "a", "v": 1}, {"bt": "x"}, {"n": "b", "v": 1}]', "senml", "bad_time", "$[1].bt", 28),
        (
            b'[{"bn": "d:", "n": "a", "v": 1}, {"bn": "e:", "n": "a", "v": 1}]',
            "senml",
            "senml_other_device",
            "$[1].bn",
            40,
        ),
        (b'{"kind": "smoke", "level": "pink"}', "event", "event_bad_level", "$.level", 27),
        (b'[{"kind": "smoke"}, {"kind": 3.5}]', "event", "event_no_kind", "$[1].kind", 29),
    ],
)
def test_a_wrong_field_is_pointed_at(payload: bytes, form: str, reason: str, path: str, byte: int) -> None:
    report = checked(payload)
    assert report.form == form
    flaw = report.flaws[0]
    assert (flaw.reason, flaw.place and flaw.place.path, flaw.place and flaw.place.byte) == (reason, path, byte)


def test_units_are_shown_converted_or_refused() -> None:
    water = ProfileView(
        "water", {"depth": {"unit": "cm", "max": 500}, "temp": {"unit": "Cel"}, "noise": {"unit": "dB[SPL]"}}
    )
    pack = (
        b'[{"bu":"m","n":"depth","v":0.57},{"n":"depth","v":7.5,"t":-1},'
        b'{"n":"temp","u":"s","v":1},{"n":"temp","u":"K","v":0}]'
    )
    report = check_with(pack, "auto", NOW, ZONE, water)
    assert [(each.metric, each.value, each.unit) for each in report.readings] == [
        ("depth", 57.0, "cm"),
        ("depth", 750.0, "cm"),
        ("temp", -273.15, "Cel"),
    ]
    assert report.readings[1].note == "outside -∞ to 500: stored and flagged, raises no alert"
    assert report.remarks == [
        "'depth' is converted from m to cm: 0.57 is 57",
        "'temp' is converted from K to Cel: 0 is -273.15",
    ]
    assert [(flaw.reason, flaw.at) for flaw in report.flaws] == [("unit_mismatch", "/2/n")]
    assert "cannot be converted to 'Cel'" in report.flaws[0].detail
    for text in (*report.remarks, *(flaw.detail for flaw in report.flaws)):
        check_chinese(text)
    same = check_with(b'[{"n":"noise","u":"dB","v":5}]', "senml", NOW, ZONE, water)
    assert ([(each.value, each.unit) for each in same.readings], same.remarks) == ([(5.0, "dB[SPL]")], [])
    bare = check_with(b'[{"n":"depth","u":"m","v":1},{"n":"x","u":"banana","v":1}]', "senml", NOW, ZONE, None)
    assert (bare.readings[0].unit, bare.flaws[0].reason, bare.verdict) == ("m", "senml_bad_unit", "partly")


@pytest.mark.parametrize(
    ("payload", "line", "column", "byte", "hint"),
    [
        (b"{'pm25': 3}", 1, 2, 1, "double quotes"),
        (b'{"pm25": 3', 1, 11, 10, "too early"),
        (b'{\n  "pm25" 3}', 2, 10, 11, "colon"),
        (b'{"pm25": 1 "x": 2}', 1, 12, 11, "comma is missing"),
        (b'{"pm25": 3,}', 1, 12, 11, "remove it"),
        (b"pm25=3", 1, 1, 0, "send an object"),
        (b'{"pm25": True}', 1, 10, 9, "lower case"),
        ('{"温": x}'.encode(), 1, 7, 8, "value is missing"),
        ('{"pm25"：3}'.encode(), 1, 8, 7, "full-width"),
        (b'{"pm25":1}{"pm25":2}', 1, 11, 10, "one object"),
    ],
)
def test_what_is_no_json_has_its_place_a_caret_and_a_hint(
    payload: bytes, line: int, column: int, byte: int, hint: str
) -> None:
    (flaw,) = checked(payload).flaws
    assert flaw.reason == "not_json"
    assert hint in flaw.detail
    check_chinese(flaw.detail)
    assert flaw.place is not None
    assert flaw.place.line == line
    if "remove it" not in hint:  # Python 3.13 points at the comma itself
        assert (flaw.place.column, flaw.place.byte) == (column, byte)
    text, caret = flaw.place.excerpt.split("\n")
    assert caret.strip() == "^"
    if text.isascii():
        assert caret.index("^") == flaw.place.column - 1


def test_a_byte_that_is_no_text_is_shown_in_hex() -> None:
    (flaw,) = checked(b'{"a":"\xb2\xe2"}').flaws
    assert flaw.reason == "not_utf8"
    assert flaw.place is not None
    assert flaw.place.byte == 6
    shown, caret = flaw.place.excerpt.split("\n")
    assert shown[caret.index("^") :].startswith("b2 e2")


@pytest.mark.parametrize("name", sorted(FRAMES))
def test_the_verdict_is_that_of_the_codec(name: str) -> None:
    """Over the whole corpus: nothing that the hub takes is refused here, and nothing that it refuses is let pass."""
    for each in CORPUS[name].all:
        report = check(each.payload, name, RECEIVED, ZONE)
        said, taken = _hub(name, each.payload)
        assert report.works == (not said), each
        assert said <= {flaw.reason for flaw in report.flaws}, (each, report.flaws)
        assert bool(report.flaws) == bool(said), (each, report.flaws)
        if taken is None:
            assert report.verdict == "refused"
        else:
            assert len(report.readings) == len(taken.metrics)
            assert report.events == taken.events


def _hub(name: str, payload: bytes) -> tuple[set[str], Decoded | None]:
    """The reasons that the hub's codec gives, and what it takes; None when it takes nothing."""
    try:
        decoded = CORPUS[name].codec(payload, RECEIVED, ZONE)
    except DecodeError as error:
        return {error.reason}, None
    return {fault.reason for fault in decoded.faults}, decoded


def test_a_profile_tells_unknown_names_ranges_and_times() -> None:
    ahead = NOW // 1000 + 3_600_000
    payload = b'[{"PM2.5": 1}, {"pm25": 4000}, {"ts": %d, "values": {"temperature": 1}}]' % ahead
    report = checked(payload)
    hold_against(report, AIR, NOW, ZONE, payload)
    assert report.verdict == "partly"
    assert [(flaw.reason, flaw.place and flaw.place.path) for flaw in report.flaws] == [
        ("unknown_metric", '$[0]["PM2.5"]'),
        ("future_time", "$[2].ts"),
    ]
    assert "did you mean pm25?" in report.flaws[0].detail
    assert report.flaws[0].place is not None
    assert report.flaws[0].place.byte == 2
    assert "3600 s ahead" in report.flaws[1].detail
    for flaw in report.flaws:
        check_chinese(flaw.detail)
    (reading,) = report.readings
    assert (reading.metric, reading.unit) == ("pm25", "ug/m3")
    assert "outside 0 to 2000" in reading.note
    check_chinese(reading.note)


def test_what_the_privacy_gate_empties_is_no_refusal() -> None:
    report = checked(b'{"licensePlate": 1}')
    assert (report.verdict, report.private, report.works) == ("dropped", 1, True)


def test_hex_with_spaces_and_prefixes() -> None:
    assert unhex("0x7b 0x7d\n7B,7D") == b"{}{}"
    with pytest.raises(ValueError, match="line 2, column 3"):
        unhex("7b\n7dx")
    with pytest.raises(ValueError, match="one is missing"):
        unhex("7b7")


def test_foreign_json_is_mapped_as_its_profile_says() -> None:
    mapped = replace(AIR, mapping={"telemetry": "{values: {pm25: data.PM}}"})
    report = check_with(b'{"data": {"PM": 7}}', "auto", NOW, ZONE, mapped)
    assert [(reading.metric, reading.value) for reading in report.readings] == [("pm25", 7.0)]
    assert '{"values":{"pm25":7}}' in report.remarks[0]
    empty = check_with(b'{"other": 1}', "auto", NOW, ZONE, mapped)
    assert (empty.verdict, empty.flaws[0].reason) == ("refused", "mapping_empty")
    broken = check_with(b"{'data': 1}", "auto", NOW, ZONE, mapped)
    assert broken.flaws[0].place is not None


@given(
    payload=st.binary(max_size=100) | VALUES.map(lambda value: json.dumps(value).encode()),
    form=st.sampled_from(["auto", *FRAMES]),
)
def test_no_payload_breaks_it(payload: bytes, form: str) -> None:
    report = check_with(payload, form, NOW, ZONE, AIR)
    assert report.works == (not report.flaws)
    json.dumps(as_object(report))
