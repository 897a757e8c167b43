"""Each finding of a diagnosis from the facts that make it, and its words in both languages."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from devices.diagnosis.diagnosis import diagnose, hours_off, works
from devices.diagnosis.example import example_of
from devices.diagnosis.facts import Credential, Facts, Flood, Health, Metric, NoNews, Parent, Polled, Refusal, Stray
from devices.diagnosis.frame_check import check
from devices.diagnosis.note import Note
from devices.diagnosis.rendering import ago, span, worded
from hub.models import to_micros
from hub.words import LANGS, Lang, catalogue
from tests.support.station_frames import hj212

ROOT = Path(__file__).parents[2]
REASONS = {key.split(".")[1] for key in catalogue() if key.startswith("reason.")}
NOW = datetime(2026, 5, 1, 12, 0, tzinfo=UTC)
KEY = Credential("password", "air-1", None)


def before(seconds: float) -> datetime:
    return NOW - timedelta(seconds=seconds)


def metric(name: str = "pm25", seconds: float = 20, **more: Any) -> Metric:
    told = {"shown": "PM2.5", "unit": "ug/m3", "low": 0.0, "high": 1000.0, "newest_at": before(seconds), "value": 7.0}
    return Metric(name, **{**told, "first_of_hour": before(3600), "of_hour": 60, "of_day": 60, **more})


def refusal(reason: str = "not_json", seconds: float = 10, **more: Any) -> Refusal:
    told = {"detail": "it is wrong", "payload": b"{'pm25': 1}", "payload_size": 11, **more}
    return Refusal(UUID(int=1), before(seconds), "mqtt", "ganzhi/v1/air-1/telemetry", reason, **told)


GOOD = Facts(
    code="air-1",
    now=NOW,
    prefix="ganzhi/v1",
    name="Air",
    created_at=before(86_400),
    profile="air",
    interval_s=60.0,
    seen_at=before(20),
    clock_offset_s=0.4,
    health=Health(True, before(7200), None),
    metrics=(metric(),),
    credentials=(KEY,),
    parent=Parent("pole-1", "active", True, before(5)),
    expected=1440,
    received=1440,
)
SLAVE = Polled("dtu-7", "3", False, None, 900, 890, 1, None, None, None, None)
LINE = replace(SLAVE, address="127.0.0.1", is_line=True)
SILENT = replace(GOOD, seen_at=before(4000), metrics=(metric(seconds=4000, of_hour=0, first_of_hour=None),))
MUTE = replace(GOOD, seen_at=None, metrics=(metric(newest_at=None, of_hour=0, of_day=0),), clock_offset_s=None)
STRAY = Stray("air-l", "ganzhi/v1/air-l/telemetry", "unknown_device", 3, before(5))
PLAIN = replace(MUTE, health=None)
DETECTOR = replace(MUTE, metrics=(), interval_s=None)
"""It tells events only, and has had none to tell."""
UNKNOWN = refusal("unknown_metric", sent=("PM2.5", "pm25"))


def test_a_device_that_works_has_no_fault_and_says_so() -> None:
    notes = diagnose(GOOD)
    assert works(notes)
    assert {note.level for note in notes} == {"ok"}
    assert {note.code for note in notes} == {
        *("state_active", "heard", "online", "credential_ok", "gateway_ok", "clock_ok", "metrics_ok", "rate_ok"),
    }


SESSION: dict[str, Any] = {
    "transport": "hj212", "since": before(60).isoformat(), "ended_at": None, "peer": "10.0.0.7:40001",
    "frame_at": before(30).isoformat(), "twin_at": None, "twin_peers": None,
}  # fmt: skip
TWINS = {"twin_peers": ["10.0.0.7:40001", "10.0.0.8:40002"]}
SIP: dict[str, Any] = {
    "transport": "udp", "since": before(600).isoformat(), "at": before(60).isoformat(), "host": "10.0.0.7",
    "port": 5060, "expires_at": before(-3000).isoformat(), "heard_at": before(30).isoformat(), "status": "OK",
    "manufacturer": "Sim", "model": "NVR-8", "firmware": None, "channels": 8, "told_at": before(500).isoformat(),
    "twin_at": None, "twin_peers": None, "faulty": [],
}  # fmt: skip
LINK: dict[str, Any] = {
    "received": 99, "missed": 1, "resets": 0, "repeats": 0, "rssi": -97.0, "gateway": "'g1'", "battery": None,
    "margin": None, "note": None,
}  # fmt: skip
GAP = {
    "from_at": before(900).isoformat(),
    "to_at": before(600).isoformat(),
    "state": "open",
    "why": None,
    "why_words": None,
    "count": 1,
}

TABLE: list[tuple[str, str, Facts]] = [
    ("state_pending", "fault", replace(GOOD, state="pending")),
    ("state_suspended", "fault", replace(GOOD, state="suspended")),
    ("state_retired", "fault", replace(GOOD, state="retired")),
    ("maintenance", "info", replace(GOOD, maintenance=(before(60), NOW + timedelta(hours=1), "new filter"))),
    ("flood", "fault", replace(GOOD, flood=Flood(before(90), before(5), 9_000, None))),
    (
        "flood_kept_out",
        "fault",
        replace(GOOD, flood=Flood(before(900), before(200), 9_000, NOW + timedelta(minutes=2))),
    ),
    ("flood_over", "info", replace(GOOD, flood=Flood(before(9_000), before(8_000), 9_000, before(7_700)))),
    ("retained", "info", replace(GOOD, no_news=NoNews(3, 0, "ganzhi/v1/air-1/telemetry", before(900)))),
    ("retained", "warning", replace(MUTE, no_news=NoNews(1, 0, "ganzhi/v1/air-1/event", before(9)))),
    ("empty_messages", "warning", replace(MUTE, no_news=NoNews(0, 2, "ganzhi/v1/air-1/telemetry", before(9)))),
    ("line_gone", "fault", replace(GOOD, polled=replace(SLAVE, ended_at=before(60)))),
    ("line_silent", "fault", replace(GOOD, polled=replace(LINE, answered=0))),
    ("line_answers", "ok", replace(GOOD, polled=LINE)),
    ("slave_answers", "ok", replace(GOOD, polled=SLAVE)),
    ("slave_refuses", "fault", replace(GOOD, polled=replace(SLAVE, exception=2, registers="3:4-5"))),
    ("slave_disturbed", "warning", replace(GOOD, polled=replace(SLAVE, wrong_sums=30))),
    *(
        (f"slave_{why}", "fault", replace(GOOD, polled=replace(SLAVE, complaint=why, silent_since=before(60))))
        for why in ("silent", "checksum", "slave", "function", "length", "cut", "noise")
    ),
    ("never_heard", "fault", PLAIN),
    ("never_heard", "warning", replace(DETECTOR, health=None)),
    ("never_heard_camera", "fault", replace(PLAIN, cameras=("isapi",), schemes=("gb28181",))),
    ("never_heard_camera", "warning", replace(DETECTOR, health=None, cameras=("rtsp",))),
    ("never_heard_number", "fault", replace(PLAIN, schemes=("gb28181", "modbus"))),
    ("never_heard_number", "warning", replace(DETECTOR, health=None, schemes=("gat1400",))),
    ("never_heard", "fault", replace(PLAIN, schemes=("modbus",))),
    ("only_connected", "fault", MUTE),
    ("only_connected", "ok", DETECTOR),
    ("never_taken", "fault", replace(MUTE, refusals=(refusal("unknown_device", 90_000),))),
    ("silent", "fault", SILENT),
    ("silent", "info", replace(SILENT, maintenance=(before(60), NOW + timedelta(hours=1), ""))),
    ("silent", "fault", replace(GOOD, offline_after_s=10.0)),
    ("heard", "ok", replace(SILENT, interval_s=None, health=None)),
    ("offline", "fault", replace(GOOD, health=Health(False, before(30), "status"))),
    # What is refused: the newest is a fault, mended when good messages follow, a warning when both kinds come.
    ("refused_not_json", "fault", replace(MUTE, refusals=(refusal(),))),
    ("refused_not_json", "fault", replace(GOOD, refusals=(refusal(),))),
    ("refused_not_json", "info", replace(GOOD, refusals=(refusal(seconds=7000),))),
    ("refused_not_json", "warning", replace(GOOD, refusals=(refusal(seconds=600),))),
    ("refused_not_json", "warning", replace(MUTE, refusals=(UNKNOWN, refusal(seconds=60)))),
    ("refused_unknown_metric", "fault", replace(MUTE, refusals=(UNKNOWN, refusal(seconds=60)))),
    ("refused_unknown_metric", "warning", replace(GOOD, refusals=(replace(UNKNOWN, partial=True),))),
    ("refused_future_time", "fault", replace(MUTE, refusals=(refusal("future_time", ahead_s=28_800.0),))),
    ("refused_unknown_device", "info", replace(GOOD, refusals=(refusal("unknown_device", 90_000),))),
    ("mistyped", "fault", replace(MUTE, strays=(STRAY,))),
    ("mistyped", "warning", replace(GOOD, strays=(STRAY,))),
    ("mistyped", "info", replace(GOOD, strays=(replace(STRAY, last_at=before(600)),))),
    ("bad_topic", "fault", replace(MUTE, strays=(replace(STRAY, code=None, address="ganzhi/v1/air 1/telemetry"),))),
    ("credential_none", "info", replace(GOOD, credentials=())),
    ("credential_none", "warning", replace(MUTE, credentials=())),
    ("credential_none", "info", replace(MUTE, credentials=(), cameras=("onvif",))),
    ("credential_none", "info", replace(MUTE, credentials=(), schemes=("gb28181",))),
    ("credential_revoked", "fault", replace(GOOD, credentials=(replace(KEY, revoked_at=before(60)),))),
    ("credential_unused", "warning", MUTE),
    ("gateway_inactive", "warning", replace(GOOD, parent=Parent("pole-1", "pending", None, None))),
    ("gateway_inactive", "fault", replace(MUTE, parent=Parent("pole-1", "pending", None, None))),
    ("gateway_offline", "info", replace(GOOD, parent=Parent("pole-1", "active", False, before(4000)))),
    ("gateway_offline", "fault", replace(SILENT, parent=Parent("pole-1", "active", False, before(4000)))),
    ("clock_ahead", "warning", replace(GOOD, clock_offset_s=90.0)),
    ("clock_behind", "warning", replace(GOOD, clock_offset_s=-3600.0)),
    ("metric_never", "warning", replace(GOOD, metrics=(metric(), metric("pm10", newest_at=None)))),
    ("metric_stopped", "warning", replace(GOOD, metrics=(metric(), metric("pm10", 1000)))),
    ("out_of_range", "warning", replace(GOOD, metrics=(metric(out_of_range=3, quality=2, value=-4.0),))),
    ("late", "warning", replace(GOOD, metrics=(metric(late=10),))),
    ("late", "info", replace(GOOD, metrics=(metric(late=1),))),
    ("reading_ahead", "warning", replace(GOOD, metrics=(metric(watermark=before(540)),))),
    ("readings_were_ahead", "info", replace(GOOD, metrics=(metric(top=before(-540)),))),
    ("untimed", "info", replace(GOOD, metrics=(metric(untimed=60),))),
    ("events_untimed", "warning", replace(GOOD, events_of_day=9, untimed_events=1)),
    ("unused", "info", replace(GOOD, unused=("fw", "seq"))),
    ("session", "info", replace(GOOD, session=SESSION)),
    ("session_ended", "warning", replace(GOOD, session=SESSION | {"ended_at": before(9).isoformat()})),
    ("session_frame", "info", replace(GOOD, session=SESSION)),
    ("session_twins", "warning", replace(GOOD, session=SESSION | TWINS | {"twin_at": before(600).isoformat()})),
    ("session_twins", "info", replace(GOOD, session=SESSION | TWINS | {"twin_at": before(86400).isoformat()})),
    ("sip", "info", replace(GOOD, registration=SIP)),
    ("sip_over", "warning", replace(GOOD, registration=SIP | {"expires_at": before(9).isoformat()})),
    ("sip_keepalive", "info", replace(GOOD, registration=SIP)),
    ("sip_faulty", "warning", replace(GOOD, registration=SIP | {"status": "ERROR"})),
    ("sip_faulty", "warning", replace(GOOD, registration=SIP | {"faulty": ["34020000001320000009"]})),
    ("sip_device", "info", replace(GOOD, registration=SIP)),
    ("sip_twins", "warning", replace(GOOD, registration=SIP | TWINS | {"twin_at": before(600).isoformat()})),
    ("sip_twins", "info", replace(GOOD, registration=SIP | TWINS | {"twin_at": before(86400).isoformat()})),
    ("link", "info", replace(GOOD, link=LINK)),
    ("link_lossy", "warning", replace(GOOD, link=LINK | {"missed": 50})),
    ("link_counter", "info", replace(GOOD, link=LINK | {"resets": 1})),
    ("link_status", "info", replace(GOOD, link=LINK | {"margin": 7.0, "told_at": before(60).isoformat()})),
    ("link_note", "info", replace(GOOD, link=LINK | {"note": "'OTAA'", "note_at": before(60).isoformat()})),
    ("gap_open", "warning", replace(GOOD, gap=GAP)),
    ("gap_open", "info", replace(GOOD, gap=GAP | {"to_at": before(864_000).isoformat()})),
    ("gap_waits", "info", replace(GOOD, gap=GAP | {"state": "waits"})),
    ("gap_latest", "info", replace(GOOD, gap=GAP | {"state": "latest"})),
    ("gap_properties", "info", replace(GOOD, gap=GAP | {"state": "properties"})),
    ("gap_filled", "info", replace(GOOD, gap=GAP | {"state": "filled"})),
    ("rate_low", "warning", replace(GOOD, metrics=(metric(of_hour=20),))),
    ("rate_high", "warning", replace(GOOD, metrics=(metric(of_hour=600),))),
    ("day_low", "warning", replace(GOOD, received=700)),
    ("alert_open", "info", replace(GOOD, alerts=(("red", "PM2.5 high", before(60)),))),
]


@pytest.mark.parametrize(("code", "level", "facts"), TABLE)
def test_each_finding_has_its_facts(code: str, level: str, facts: Facts) -> None:
    notes = diagnose(facts)
    assert {note.code: note.level for note in notes}.get(code) == level, [(note.code, note.level) for note in notes]
    assert works(notes) == all(note.level != "fault" for note in notes)
    if facts is not GOOD and level != "ok":
        assert code not in {note.code for note in diagnose(GOOD)}


def test_every_sentence_is_reached_by_the_table() -> None:
    reached = {note.code for _, _, facts in TABLE for note in diagnose(facts)} | {note.code for note in diagnose(GOOD)}
    kinds = {"refused" if code.startswith("refused_") else code for code in reached}
    told = {key.split(".")[1] for key in catalogue() if key.startswith("finding.")}
    assert kinds | {"metric_never_one"} == told


@pytest.mark.parametrize("lang", LANGS)
def test_every_finding_has_words_in_both_languages(lang: Lang) -> None:
    for _, _, facts in TABLE:
        for note in diagnose(facts):
            finding = worded(note, NOW, lang)
            assert finding.what
            assert "{" not in re.sub(r"\{[\"']", "", finding.what)
            assert "None" not in finding.what + finding.advice, finding
            assert bool(re.search("[一-鿿]", finding.what)) == (lang == "zh"), finding
            assert finding.advice or note.level != "fault", finding


@pytest.mark.parametrize("lang", LANGS)
def test_every_reason_has_a_remedy(lang: Lang) -> None:
    for reason in [*REASONS, "never_seen_before"]:
        notes = diagnose(replace(MUTE, refusals=(refusal(reason),)))
        assert [bool(worded(note, NOW, lang).advice) for note in notes if note.code == f"refused_{reason}"] == [True], (
            reason
        )


def test_every_reason_of_the_hub_is_in_the_table() -> None:
    texts = [path.read_text(encoding="utf-8") for part in ("devices", "hub") for path in (ROOT / part).rglob("*.py")]
    calls = re.compile(
        r'(?:DecodeError|_PackError|refusal)\(\s*"([a-z_0-9]+)",|\breturn "([a-z]+_[a-z_]+)", (?:f?"|\()'
    )
    raised = {found for text in texts for pair in calls.findall(text) for found in pair if found}
    assert len(raised) > 40
    assert raised <= REASONS, raised - REASONS
    texts += [path.read_text(encoding="utf-8") for path in (ROOT / "ingest").rglob("*.py")]
    assert {reason for reason in REASONS if f'"{reason}"' not in "".join(texts)} == set()


def test_faults_come_first_and_the_newest_of_them() -> None:
    facts = replace(MUTE, refusals=(refusal("future_time", 30, ahead_s=3600.0),), strays=(STRAY,), credentials=())
    notes = diagnose(facts)
    assert [note.level for note in notes] == sorted(
        (n.level for n in notes), key=["fault", "warning", "info", "ok"].index
    )
    assert [note.code for note in notes][:2] == ["mistyped", "refused_future_time"]


def _said(facts: Facts, code: str, lang: Lang = "en") -> str:
    (note,) = [note for note in diagnose(facts) if note.code == code]
    return " ".join(worded(note, NOW, lang)[2:])


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_a_station_is_told_nothing_about_json(lang: Lang) -> None:
    payload = hj212(1, extra=";w01001-Rtd=abc")
    report = check(payload, "hj212", to_micros(NOW), ZoneInfo("Asia/Shanghai"))
    facts = replace(MUTE, refusals=(refusal("value_not_a_number", payload=payload, report=report),))
    said = _said(facts, "refused_value_not_a_number", lang)
    assert ("JSON" in said, "hub frame check --form hj212" in said) == (False, True), said


def test_nested_json_is_told_of_mappings_and_not_of_quotes() -> None:
    for payload, nested in ((b'{"data": {"temp": 21.5}}', True), (b'{"temp": [1]}', True), (b'{"temp": "hot"}', False)):
        report = check(payload, "telemetry", to_micros(NOW), ZoneInfo("UTC"))
        [flaw] = report.flaws
        facts = replace(MUTE, refusals=(refusal(flaw.reason, detail=flaw.detail, payload=payload, report=report),))
        words: list[tuple[Lang, str, str]] = [("en", "mapping", "quotes"), ("zh", "映射", "引号")]
        for lang, mapping, quotes in words:
            said = _said(facts, "refused_value_not_a_number", lang)
            assert (mapping in said) == nested
            assert (quotes in said) == (not nested)


def test_the_words_name_the_fault_and_the_remedy() -> None:
    broken = check(b"{'pm25': 1}", "telemetry", to_micros(NOW), ZoneInfo("UTC"))
    said = _said(replace(MUTE, refusals=(refusal(report=broken),)), "refused_not_json")
    assert "column 2" in said
    assert "byte 1" in said
    assert "double quotes" in said
    assert "PM2.5 -> pm25" in _said(
        replace(MUTE, metrics=(metric(newest_at=None),), refusals=(UNKNOWN,)), "refused_unknown_metric"
    )
    ahead = replace(MUTE, refusals=(refusal("future_time", ahead_s=28_790.0),))
    assert "8 whole hours: a wrong time zone" in _said(ahead, "refused_future_time")
    assert "8 小时：时区" in _said(ahead, "refused_future_time", "zh")
    stray = _said(replace(MUTE, strays=(STRAY,)), "mistyped")
    assert "Did you mean air-1?" in stray
    assert "ganzhi/v1/air-1/telemetry instead of ganzhi/v1/air-l/telemetry" in stray
    assert "1.1 h ago; one every 60 s is expected" in _said(SILENT, "silent")
    assert "；应每 60 秒一条。" in _said(SILENT, "silent", "zh")
    recent = replace(GOOD, health=Health(True, before(2), None))
    assert _said(recent, "online").strip() == "It has been connected for 2 s."
    assert _said(recent, "online", "zh").strip() == "已在线 2 秒。"


def test_one_metric_and_several_agree_with_their_verb() -> None:
    one = replace(GOOD, metrics=(metric(), metric("pm10", newest_at=None)))
    several = replace(one, metrics=(*one.metrics, metric("co", newest_at=None)))
    assert "pm10. Profile air has it. Let the device send it by exactly this name" in _said(one, "metric_never")
    told = "pm10, co. Profile air has them. Let the device send them by exactly these names"
    assert told in _said(several, "metric_never")


def test_what_is_advised_to_be_sent_fits_the_device() -> None:
    gauge = replace(PLAIN, example={"depth": 0})
    assert "-t ganzhi/v1/air-1/telemetry -m '{\"depth\": 0}'" in _said(gauge, "never_heard")
    detector = replace(DETECTOR, health=None, example={"kind": "smoke", "state": "inactive"})
    assert '-t ganzhi/v1/air-1/event -m \'{"kind": "smoke"' in _said(detector, "never_heard", "zh")
    assert "-m PAYLOAD." in _said(PLAIN, "never_heard")


def test_a_camera_that_was_never_heard_is_not_sent_to_the_broker() -> None:
    asked = _said(replace(PLAIN, cameras=("isapi",)), "never_heard_camera")
    assert "hub cameras check isapi URL" in asked
    called = _said(replace(PLAIN, schemes=("gb28181",)), "never_heard_number")
    assert "(gb28181)" in called
    assert "mosquitto" not in asked + called


@pytest.mark.parametrize(
    ("low", "high", "value"),
    [(0, 500, 0), (-40, 60, 0), (300, 1100, 300), (-90, -10, -10), (None, 5, 0), (2, None, 2), (None, None, 0)],
)
def test_an_example_is_at_rest(low: float | None, high: float | None, value: float) -> None:
    assert example_of({"depth": {"min": low, "max": high}, "other": {}}) == {"depth": value}
    assert example_of({}) == {}


def test_readings_tell_when_a_message_came_by_the_measured_clock() -> None:
    ahead = replace(GOOD, clock_offset_s=500.0, seen_at=before(20), metrics=(metric(seconds=-480),))
    assert ahead.taken_at == before(20)
    notes = diagnose(replace(ahead, refusals=(refusal(seconds=20),)))
    assert {note.code: note.level for note in notes}["refused_not_json"] == "fault"
    # The same clock, measured on a later message of which nothing was stored.
    assert replace(ahead, seen_at=before(5)).taken_at == before(20)
    # An hour ahead is refused: a reading of now came with a clock that was right, after it.
    mended = replace(GOOD, clock_offset_s=3600.0, seen_at=before(30), metrics=(metric(seconds=10),))
    assert mended.taken_at == before(10)


@pytest.mark.parametrize(
    ("seconds", "hours"), [(3600, 1), (-28_800, -8), (28_700, 8), (5400, 0), (90, 0), (None, 0), (86_400, 0)]
)
def test_whole_hours_hint_at_a_time_zone(seconds: float | None, hours: int) -> None:
    assert hours_off(seconds) == hours


def test_spans_in_words() -> None:
    told = [span(seconds, "en") for seconds in (0.4, 45, 600, 3600, 5400, 86_400, 400_000)]
    assert told == ["0.4 s", "45 s", "10 min", "1 h", "1.5 h", "24 h", "5 days"]
    assert ago(before(180), NOW, "zh") == "3 分钟前"
    assert ago(None, NOW, "en") == "never"


def test_a_note_of_no_table_is_a_mistake() -> None:
    with pytest.raises(KeyError):
        worded(Note("nonsense", "ok"), NOW, "en")
