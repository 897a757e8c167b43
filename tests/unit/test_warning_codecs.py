"""Official warnings as their sources write them, right and wrong (hub/warnings)."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.warnings.codecs.wolfx import felt_km
from hub.warnings.formats import FORMATS, Format, decode, guessed
from hub.warnings.message import MAX_DIVISIONS, Message, Report, Texts, WarningRefused
from tests.support.warning_samples import CAP_NAMESPACE, CITY, NOW, UPDATED, cap, national, nmc, quake, qweather


def one(text: str, format_: Format = "cap") -> Message:
    [message] = decode(text.encode(), format_, NOW).messages
    return message


def refusal(text: str | bytes, format_: Format = "cap") -> str:
    with pytest.raises(WarningRefused) as refused:
        decode(text if isinstance(text, bytes) else text.encode(), format_, NOW)
    assert refused.value.sentence.told("zh") != refused.value.sentence.told("en")
    return refused.value.sentence


@pytest.mark.parametrize("year", ["0001", "1969", "2030", "2200", "9999"])
def test_a_warning_of_a_year_that_none_is_of_is_in_force_as_one_without_a_time(year: str) -> None:
    at = f"{year}-12-31T23:59:59+00:00"
    message = one(cap().replace("<expires>2026-07-09T13:44:00+08:00", f"<onset>{at}</onset><expires>{at}"))
    assert (message.onset, message.expires) == (None, None)
    assert "time_unread" in message.remarks


def test_the_national_platform() -> None:
    message = one(national())
    assert (message.identifier, message.kind, message.event_code, message.level) == (
        CITY, "rainstorm", "11B03", "orange",
    )  # fmt: skip
    assert message.divisions == ("3301", "330106")
    assert message.sent == datetime(2026, 7, 8, 23, 44, tzinfo=UTC)
    assert message.sender == "示例市气象局"
    assert "示例某" not in message.model_dump_json(), "a person's name is dropped"
    assert message.remarks == ()


def test_cap_in_two_languages() -> None:
    message = one(cap())
    assert message.texts["en"].headline == "Orange rainstorm warning"
    assert message.texts["zh"].headline == "暴雨橙色预警"
    assert (message.level, message.level_stated, message.divisions) == ("orange", "Severe", ("3301",))
    assert message.expires == datetime(2026, 7, 9, 5, 44, tzinfo=UTC)


def test_outlines_of_cap() -> None:
    ring = "30,120 30,121 31,121 30,120"
    message = one(cap(area=f"<polygon>{ring}</polygon><circle>30.5,120.5 7.5</circle>"))
    assert message.polygons == (((120, 30), (121, 30), (121, 31), (120, 30)),)
    [circle] = message.circles
    assert (circle.lat, circle.lon, circle.km) == (30.5, 120.5, 7.5)
    assert message.divisions == (), "an outline is an area: the sender's division is not added"


def test_references_of_both_forms() -> None:
    of_cap = one(cap(UPDATED, "Update", references=f"office,{CITY},2026-07-09T07:44:00+08:00"))
    bare = one(national(UPDATED, "Update", references=CITY))
    assert of_cap.references == bare.references == (CITY,)


def test_a_list_of_the_nmc() -> None:
    report = decode(nmc(CITY, UPDATED).encode(), "nmc", NOW)
    assert [message.identifier for message in report.messages] == [CITY, UPDATED]
    assert report.messages[0].level == "orange"
    assert report.messages[0].divisions == ("3301",), "of its sender, for the list names no area"
    assert report.state
    assert not decode(nmc(CITY, count=2).encode(), "nmc", NOW).state, "a page tells nothing of the others"


def test_the_list_of_the_cma() -> None:
    item = {
        "id": CITY,
        "headline": "示例市气象台发布大风蓝色预警",
        "effective": "2026/07/09 07:44",
        "description": "风",
    }
    [message] = decode(json.dumps({"code": 0, "data": [item]}).encode(), "nmc", NOW).messages
    assert (message.kind, message.level) == ("gale", "blue")


def test_qweather_of_both_forms() -> None:
    report = decode(qweather(CITY).encode(), "qweather", NOW)
    assert report.state
    [new] = report.messages
    assert (new.identifier, new.kind, new.level, new.sender) == (CITY, "rainstorm", "orange", "示例市气象台")
    older = {"messageType": None, "msgType": "Update", "relatedAlertIds": ["2025"], "eventType": None, "event": "暴雨"}
    [message] = decode(qweather("2026", **older).encode(), "qweather", NOW).messages
    assert (message.identifier, message.type, message.references) == ("qweather:2026", "update", ("qweather:2025",))
    [person] = decode(qweather(CITY, senderName="示例某").encode(), "qweather", NOW).messages
    assert person.sender == ""


def test_a_bad_item_keeps_no_other_out_and_ends_nothing() -> None:
    report = decode(nmc(CITY, "").encode(), "nmc", NOW)
    assert [message.identifier for message in report.messages] == [CITY]
    [(pointer, why)] = report.refused
    assert pointer == "/data/page/list/1"
    assert "identifier" in why
    assert not report.state


def test_a_source_that_says_it_failed_is_no_empty_list() -> None:
    assert "failed" in refusal('{"code": 500, "data": {"page": {"list": []}}}', "nmc")
    assert "failed" in refusal('{"error": {"title": "Too many requests", "status": 429}}', "qweather")
    assert "no list" in refusal('{"code": 0, "data": null}', "nmc")


def test_earthquakes() -> None:
    message = one(quake(), "wolfx")
    assert message.quake is not None
    assert (message.identifier, message.quake.magnitude, message.quake.depth_km) == ("sc_eew:sc-1", 5.1, None)
    assert message.quake.origin == datetime(2026, 7, 9, 0, 44, 12, tzinfo=UTC), "Beijing time"
    japan = {"type": "jma_eew", "ReportNum": None, "Serial": 3, "ReportTime": None, "MaxIntensity": "5弱"}
    jma = one(quake(**japan, AnnouncedTime="2026/07/09 09:44:20", OriginTime="2026/07/09 09:44:12"), "wolfx")
    assert jma.quake is not None
    assert jma.quake.origin == message.quake.origin, "Japan's time"
    assert jma.quake.intensity == "5弱"
    assert one(quake(Magunitude=None, Magnitude=4.2, type="fj_eew"), "wolfx").level == "blue"


def test_a_cancelled_earthquake_names_its_event_only() -> None:
    message = one('{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}', "wolfx")
    assert (message.identifier, message.type, message.quake, message.texts) == ("sc_eew:sc-1", "cancel", None, {})


def test_a_heartbeat_is_no_warning() -> None:
    assert decode(b'{"type": "heartbeat", "ver": 18}', "wolfx", NOW) == Report()


@given(magnitude=st.floats(-2, 11))
def test_a_third_party_never_says_red(magnitude: float) -> None:
    message = one(quake(Magunitude=magnitude), "wolfx")
    assert message.level in ("blue", "yellow", "orange")
    assert "third_party" in message.remarks
    assert 20 <= felt_km(magnitude) <= 1000


def test_how_far_an_earthquake_is_felt() -> None:
    assert felt_km(5.0) < felt_km(6.0) < felt_km(7.0)
    assert 140 < felt_km(5.0) < 170


BOMB = '<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (national().replace("<alert>", BOMB + "<alert>"), "DOCTYPE"),
        (national().replace("<alert>", '<!DOCTYPE x SYSTEM "file:///etc/passwd"><alert>'), "DOCTYPE"),
        ("<alert>" * 100 + "</alert>" * 100, "deeper"),
        (f"<alert>{'<a/>' * 60_000}</alert>", "more than"),
        ("<alert><identifier>", "well-formed"),
        ("", "empty"),
        ("<rss/>", "root element is 'rss'"),
        (national(identifier=""), "no identifier"),
        (national(identifier="a b"), "no identifier: at most"),
        (national(identifier="x" * 300), "no identifier: at most"),
        (national(type_="Boom"), "message type 'boom'"),
        (national(status="Perhaps"), "status 'Perhaps'"),
        (national(type_="Cancel"), "names what it cancels"),
        (national(sent="yesterday"), "write 2026-"),
        (national(sent="2026-07-19 07:44:00+08:00"), "check the sender's clock"),
        (national(geocode=",".join(f"{n:012d}" for n in range(110000000001, 110000100001))), "divisions"),
        (cap(area="<polygon>30,120 31,121</polygon>"), "four points"),
        (cap(area="<polygon>30,120 30,121 31,121 30,120.5</polygon>"), "ends where it begins"),
        (cap(area="<polygon>95,120 30,121 31,121 95,120</polygon>"), "'95,120' is no point"),
        (cap(area="<polygon>nan,120 30,121 31,121 nan,120</polygon>"), "no point"),
        (cap(area=f"<polygon>{'30,120 ' * 30_000}</polygon>"), "20000 points"),
        (cap(area="<circle>30,120 far</circle>"), "no circle"),
        (cap(area="<circle>30,120 1</circle>" * 300), "200 polygons"),
        (national(references=" ".join(f"r{n}" for n in range(2000))), "refers to more than"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(text: str, told: str) -> None:
    assert told in refusal(text)


@pytest.mark.parametrize(
    ("text", "format_", "told"),
    [
        ("[" * 100_000, "nmc", "no JSON"),
        ("{}", "nmc", "no list"),
        ('{"alerts": 7}', "qweather", "no list"),
        (json.dumps({"alerts": [{}] * 6000}), "qweather", "more than 5000"),
        ("7", "wolfx", "no JSON object"),
        ('{"type": "cenc_eqlist"}', "wolfx", "'cenc_eqlist' is none of"),
        ('{"type": "sc_eew"}', "wolfx", "no identifier"),
    ],
)
def test_what_is_wrong_with_json_is_said(text: str, format_: Format, told: str) -> None:
    assert told in refusal(text, format_)


def test_sizes_and_encodings() -> None:
    assert "larger than 4 MiB" in refusal(b" " * (50 << 20))
    wrong = decode(national().encode("gbk"), "cap", NOW).messages[0]
    assert (wrong.texts["zh"].headline, wrong.remarks) == ("示例市气象局发布暴雨橙色预警", ("wrong_encoding",))
    declared = national().replace("UTF-8", "GB2312").encode("gbk")
    assert decode(declared, "cap", NOW).messages[0].remarks == ()
    assert decode(cap().encode("utf-16"), "cap", NOW).messages[0].identifier == CITY
    assert "no encoding" in refusal(national().encode() + b"\xff\xff\xff")
    assert "declares the encoding koi8-r" in refusal(national().replace("UTF-8", "KOI8-R"))


def test_what_is_odd_is_taken_and_remarked() -> None:
    many = ",".join(["330100000000"] * 100_000)
    assert one(national(geocode=many)).divisions == ("3301",), "repeats do not count"
    assert one(national(sent="2026-07-09 07:44:00")).sent == one(national()).sent, "without a zone it is Beijing's"
    assert one(national(sent="2026-07-09 07:44:00")).remarks == ("zone_assumed",)
    early = one(national(extra="<expires>2026-07-09 06:00:00+08:00</expires>"))
    assert (early.expires, early.remarks) == (None, ("end_before_begin",))
    mauve = one(national(severity="Mauve", headline="<b>紫</b>色<script>alert(1)</script>"))
    assert (mauve.level, mauve.level_stated, mauve.kind) == (None, "Mauve", "rainstorm")
    html = one(national(headline="&lt;script&gt;"))
    assert html.texts["zh"].headline == "<script>", "a text, which whoever shows it escapes"
    assert one(national(identifier="a/b/../c")).identifier == "a/b/../c"
    assert one(national(geocode="33010,hangzhou")).remarks == ("division_unknown_form",)
    assert one(national(identifier="x", geocode="").replace("33010041600000", "x")).remarks == ("no_area",)
    own = one(national(type_="Update", references=CITY))
    assert own.references == (CITY,), "which the store takes for none"


@pytest.mark.parametrize(
    ("headline", "level"),
    [
        ("黄山市气象台发布大风蓝色预警", "blue"),
        ("将暴雨橙色预警信号降级为黄色", "yellow"),
        ("黄山市气象台发布大风预警", None),
        ("Reduced visibility", None),
        ("RED alert", "red"),
    ],
)
def test_the_level_of_a_headline(headline: str, level: str | None) -> None:
    assert one(national(severity="", headline=headline)).level == level


XML = st.recursive(
    st.text(alphabet="a1 ,.:-中<>&", max_size=12),
    lambda inner: st.builds(
        lambda name, parts: f"<{name}>{''.join(parts)}</{name}>",
        st.sampled_from(["alert", "info", "area", "identifier", "sent", "msgType", "geocode", "polygon", "references"]),
        st.lists(inner, max_size=4),
    ),
    max_leaves=12,
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(
        st.sampled_from(["data", "page", "list", "alerts", "id", "alertid", "issuetime", "title", "type", "EventID",
                         "messageType", "code", "color", "issuedTime", "Latitude", "Magunitude", "count"]),
        inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


@given(text=XML | st.text(max_size=200), cut=st.integers(0, 500))
@settings(max_examples=40)
def test_no_xml_breaks_it(text: str, cut: int) -> None:
    for each in (text, f"<alert>{text}</alert>", national(extra=text), national()[:cut]):
        try:
            report = decode(each.encode("utf-8", "replace"), "cap", NOW)
        except WarningRefused:
            continue
        for message in report.messages:
            assert Message(**json.loads(message.model_dump_json())) == message


@given(value=JSON, format_=st.sampled_from(FORMATS))
@settings(max_examples=40)
def test_no_json_breaks_it(value: object, format_: Format) -> None:
    for each in (value, [value], {"alerts": [value]}, {"data": {"page": {"list": [value]}}}):
        try:
            decode(json.dumps(each).encode(), format_, NOW)
        except WarningRefused:
            continue


@given(body=st.binary(max_size=300), format_=st.sampled_from(FORMATS))
def test_no_bytes_break_it(body: bytes, format_: Format) -> None:
    try:
        decode(body, format_, NOW)
        guessed(body, "application/json")
    except WarningRefused:
        return


DIVISIONS = st.lists(st.from_regex(r"[1-9][0-9]{5}000000", fullmatch=True), max_size=20)


@given(
    divisions=DIVISIONS,
    minutes=st.integers(-60 * 24 * 300, 60 * 24),
    level=st.sampled_from(["Red", "orange", "YELLOW", "Blue"]),
)
def test_what_is_written_is_read(divisions: list[str], minutes: int, level: str) -> None:
    sent = (NOW + timedelta(minutes=minutes)).replace(microsecond=0)
    message = one(national(sent=sent.isoformat(" "), severity=level, geocode=",".join(divisions)))
    assert message.sent == sent
    assert message.level == level.lower()
    stated = {(code.rstrip("0") + "0" * 12)[:12] for code in divisions}
    assert {(division + "0" * 12)[:12] for division in message.divisions} == (stated or {"330100000000"})
    assert len(message.divisions) <= MAX_DIVISIONS


@pytest.mark.parametrize(
    ("body", "content_type", "format_"),
    [
        (national(), "application/xml", "12379"),
        ("\ufeff" + cap(), "application/octet-stream", "cap"),
        (nmc(CITY), "application/json", "nmc"),
        (qweather(CITY), "application/json", "qweather"),
        (quake(), "application/json", "wolfx"),
    ],
)
def test_the_form_is_recognised(body: str, content_type: str, format_: Format) -> None:
    assert guessed(body.encode(), content_type) == format_


def test_an_unknown_form_is_refused() -> None:
    with pytest.raises(WarningRefused, match="name one with"):
        guessed(b"{}", "application/json")


def test_no_namespace_is_needed() -> None:
    assert one(cap().replace(CAP_NAMESPACE, "urn:oasis:names:tc:emergency:cap:1.1")).identifier == CITY
    assert one(cap()).texts["zh"] != Texts()
