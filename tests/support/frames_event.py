"""Frames of event JSON."""

import json
from base64 import b64encode

from devices.codecs.decoded import EventDraft
from devices.codecs.event import decode
from devices.vocabulary import kind_of
from tests.support.frames import Bad, Frames, Good, at, json_flaws

T = at("2026-03-01T08:00:00Z")
JPEG = b"\xff\xd8\xff\xe0" + bytes(100) + b"\xff\xd9"
_PICTURE = b64encode(JPEG).decode()


def smoke(**more: object) -> bytes:
    return json.dumps({"kind": "smoke", "ts": T // 1000, **more}).encode()


SMOKE = EventDraft("smoke", T)

_ACTIVE: tuple[object, ...] = (
    "on", "ON", " Alarm ", "true", True, 1, 1.0, "1", "TRIGGERED", "Ｏｎ", "not-normal", "报警", "异常", "有烟",
)  # fmt: skip
_INACTIVE: tuple[object, ...] = (
    "OFF", "Inactive", "false", False, 0, 0.0, "0", "normal", "NO_ALARM", "not active", "cleared", "恢复", "解除报警",
)  # fmt: skip
_NEITHER: tuple[object, ...] = (
    "", " ", "unknown", "test", "inactve", "acitve", "解", 2, -1, 0.5, [], {}, float("nan"), "on" * 40, "故障",
)  # fmt: skip
_EITHER = (
    ("smoke", "open"), ("fire", "closed"), ("power_loss", "on"), ("video_loss", "off"), ("offline", "ON"),
    ("gas_leak", "pressed"), ("object_removed", "无"), ("E-4711", "dry"), ("power_loss", 1), ("power_loss", "0"),
    ("offline", True), ("offline", "False"), ("video_loss", "否"), ("heat", "over"), ("crowd", "OVER"),
    ("leakage_current", "over"), ("intrusion", "set"), ("door_open", "set"), ("tamper", "SET"),
)  # fmt: skip
_NO_LEVELS: tuple[object, ...] = ("crimson", "", "urgent", "一级", 4, 0, True, [], {}, float("inf"))
_UNREAD: tuple[dict[str, object], ...] = (*({"level": each} for each in _NO_LEVELS), {"severity": 3}, {"Level": 3})
_OF_KINDS = (
    ("door_open", "Open", "active"), ("door_open", "closed", "inactive"), ("井盖打开", "关闭", "inactive"),
    ("tamper", "open", "active"), ("water_immersion", "wet", "active"), ("water_immersion", "DRY", "inactive"),
    ("offline", "Online", "inactive"), ("offline", "offline", "active"), ("power_loss", "停电", "active"),
    ("power_loss", "断电", "active"), ("power_loss", "restored", "inactive"), ("fault", "over", "inactive"),
    ("manual_alarm", "pressed", "active"), ("fault", "故障", "active"), ("intrusion", "无人", "inactive"),
    ("E-4711", "on", "active"),
)  # fmt: skip


_OTHER_NAMES: tuple[tuple[dict[str, object], str], ...] = (
    ({"status": "inactive"}, "inactive"), ({"alarmStatus": 0}, "inactive"), ({"eventStatus": "clear"}, "inactive"),
    ({"alarm": False}, "inactive"), ({"active": False}, "inactive"), ({"Alarm-Status": "报警"}, "active"),
    ({"is_active": "true", "state": None}, "active"), ({"告警状态": "恢复"}, "inactive"),
    ({"cleared": True}, "inactive"),
    ({"alarmFlag": 0}, "inactive"), ({"triggered": False}, "inactive"), ({"Is_Detected": 1}, "active"),
    ({"resolved": False}, "active"), ({"alarm": 1, "status": "on", "event_state": None}, "active"),
    ({"alarm": "smoke"}, "active"),
)  # fmt: skip
REFUSED_NAMES: tuple[tuple[str, dict[str, object]], ...] = (
    ("/state", {"state": None}), ("/status", {"status": "new"}), ("/alarm", {"alarm": None}),
    ("/active", {"active": 7}),
    ("/alarmStatus", {"alarmStatus": "?", "alarm": True}), ("/alarm", {"status": "on", "alarm": False}),
    ("/attributes/state", {"attributes": {"state": "?"}}),
    ("/attributes/alarmState", {"attributes": {"alarmState": 5}}),
    ("/state", {"state": None, "attributes": {"status": "charging"}}),
)  # fmt: skip


def _states(kind: str, word: object, state: str) -> Good:
    read = kind_of(kind)
    attributes = {"code": kind} if read == "other" else {}
    return Good(smoke(kind=kind, state=word), events=[EventDraft(read, T, state=state, attributes=attributes)])


GOOD = [
    *(_states("smoke", word, "active") for word in _ACTIVE),
    *(_states("smoke", word, "inactive") for word in _INACTIVE),
    *(_states(*each) for each in _OF_KINDS),
    Good(smoke(level=None), events=[SMOKE]),
    Good(smoke(part="1/3/217"), events=[EventDraft("smoke", T, part="1/3/217")]),
    Good(smoke(part=2), events=[EventDraft("smoke", T, part="2")]),
    # A danger that begins is worth more than where in the device it is.
    *(Good(smoke(part=part), events=[SMOKE], faults=["event_bad_text"]) for part in ("", "1//2", True, 1.5)),
    Good(smoke(kind="E-4711", part=[]), events=[EventDraft("other", T, attributes={"code": "E-4711"})],
         faults=["event_bad_text"]),
    Good(smoke(part={}, state="active"), events=[EventDraft("smoke", T, state="active")], faults=["event_bad_text"]),
    # Nor is how much it burns worth more than that it does: it counts as the worst, and says so.
    *(Good(smoke(**told), events=[EventDraft("smoke", T, level=4, attributes={"level_unread": True})],
           faults=["event_bad_level"])
      for told in _UNREAD),
    Good(smoke(level="pink", state="inactive"), events=[EventDraft("smoke", T, state="inactive")],
         faults=["event_bad_level"]),
    Good(smoke(continues=True), events=[EventDraft("smoke", T, continues=True)]),
    Good(smoke(continues="yes"), events=[SMOKE], faults=["event_bad_text"]),
    # the state and the level under other names, among attributes too, where some may be anything
    *(Good(smoke(**said), events=[EventDraft("smoke", T, state=state)]) for said, state in _OTHER_NAMES),
    Good(smoke(kind="power_loss", alarm=False), events=[EventDraft("power_loss", T, state="inactive")]),
    Good(smoke(attributes={"state": "off", "a": 1}),
         events=[EventDraft("smoke", T, state="inactive", attributes={"state": "off", "a": 1})]),
    Good(smoke(attributes={"alarm_state": 0, "status": "on"}),
         events=[EventDraft("smoke", T, state="inactive", attributes={"alarm_state": 0, "status": "on"})]),
    Good(smoke(attributes={"status": "normal", "alarm": None}, resolved=1_767_225_600, cleared=None),
         events=[EventDraft("smoke", T, attributes={"status": "normal", "alarm": None, "resolved": 1_767_225_600,
                                                    "cleared": None})]),
    Good(smoke(severity="minor"), events=[EventDraft("smoke", T, level=1)]),
    Good(smoke(severity="Critical"), events=[EventDraft("smoke", T, level=4)]),
    Good(smoke(level="major"), events=[EventDraft("smoke", T, level=3)]),
    Good(smoke(alarmLevel="红色", level=None, severity=None), events=[EventDraft("smoke", T, level=4)]),
    Good(smoke(severity="x", level="red"), events=[EventDraft("smoke", T, level=4, attributes={"severity": "x"})]),
    # the fields by another spelling; what has its field already is an attribute
    Good(smoke(State="OFF", LEVEL="red"), events=[EventDraft("smoke", T, state="inactive", level=4)]),
    Good(smoke(alarm_state=1, state=None), events=[EventDraft("smoke", T, state="active")]),
    Good(smoke(eventState="x", state="active"),
         events=[EventDraft("smoke", T, state="active", attributes={"eventState": "x"})]),
    # a time under another name
    Good(b'{"kind": "smoke", "timestamp": %d, "room": 1}' % (T // 1000),
         events=[EventDraft("smoke", T, attributes={"room": 1})]),
    Good(b'{"kind": "smoke", "time": 35, "t": "x"}', events=[EventDraft("smoke", attributes={"time": 35, "t": "x"})],
         timeless=True),
    Good(smoke(timestamp=5), events=[EventDraft("smoke", T, attributes={"timestamp": 5})]),
    Good(smoke(level="红色预警"), events=[EventDraft("smoke", T, level=4)]),
    Good(smoke(level="Severe"), events=[EventDraft("smoke", T, level=3)]),
    Good(b'[{"kind": "smoke", "state": "?"}, {"kind": "fire", "ts": %d}]' % (T // 1000),
         events=[EventDraft("fire", T)], faults=["event_bad_state"]),
    Good(b'{"kind": "smoke"}', events=[EventDraft("smoke")], timeless=True),
    Good(
        smoke(id="a-1", state="active", level="red", attributes={"a": {"b": [1, None]}}, image=_PICTURE),
        events=[EventDraft("smoke", T, "a-1", "active", 4, {"a": {"b": [1, None]}}, JPEG)],
    ),
    Good(smoke(id=17, level="Blue"), events=[EventDraft("smoke", T, "17", None, 1)]),
    Good(smoke(level="橙色"), events=[EventDraft("smoke", T, level=3)]),
    Good(smoke(image="data:image/jpeg;base64," + _PICTURE), events=[EventDraft("smoke", T, image=JPEG)]),
    Good(smoke(kind="Gas-Leak"), events=[EventDraft("gas_leak", T)]),
    Good(smoke(kind="水浸"), events=[EventDraft("water_immersion", T)]),
    Good(smoke(kind="other"), events=[EventDraft("other", T)]),
    Good(smoke(kind="E-4711"), events=[EventDraft("other", T, attributes={"code": "E-4711"})]),
    Good(smoke(kind=4711), events=[EventDraft("other", T, attributes={"code": "4711"})]),
    Good(
        smoke(kind="E-4711", attributes={"code": 9}),
        events=[EventDraft("other", T, attributes={"code": "E-4711", "code_of_device": 9})],
    ),
    Good(smoke(room="12", device="x"), events=[EventDraft("smoke", T, attributes={"room": "12"})]),
    Good(b'[{"kind": "smoke", "ts": %d}, {"kind": "fire", "ts": %d}, 5, {}]' % (T // 1000, T // 1000),
         events=[SMOKE, EventDraft("fire", T)], faults=["not_an_object", "event_no_kind"]),
    # an event is kept without what is wrong in its trimmings
    Good(smoke(attributes=[1]), events=[SMOKE], faults=["event_bad_attributes"]),
    Good(smoke(attributes={"x": "y" * 16_400}), events=[SMOKE], faults=["event_bad_attributes"]),
    Good(smoke(attributes={"x": {"y": ["a\0b"]}}), events=[SMOKE], faults=["nul_character"]),
    Good(smoke(attributes={"x\0": 1}), events=[SMOKE], faults=["nul_character"]),
    Good(smoke(attributes={"x": "\\u0000"}), events=[EventDraft("smoke", T, attributes={"x": "\\u0000"})]),
    Good(smoke(attributes={"x": "\ud800"}), events=[SMOKE], faults=["event_bad_attributes"]),
    Good(smoke(attributes={"x": float("nan")}), events=[SMOKE], faults=["event_bad_attributes"]),
    Good(smoke(attributes={"a": 1, "x": float("nan"), "b": {"y": "\0"}, "c": 2}, room=3),
         events=[EventDraft("smoke", T, attributes={"a": 1, "c": 2, "room": 3})], faults=["event_bad_attributes"]),
    Good(b'{"kind": "smoke", "attributes": {"t": -nan, "room": None}, "level": null}',
         events=[EventDraft("smoke", attributes={"room": None})], timeless=True, faults=["event_bad_attributes"]),
    Good(smoke(attributes={"x": 10**30}), events=[EventDraft("smoke", T, attributes={"x": 10**30})]),
    Good(smoke(attributes={"x": json.loads("[" * 20 + "]" * 20)}), events=[SMOKE], faults=["too_deep"]),
    Good(smoke(image="not base64!"), events=[SMOKE], faults=["bad_image"]),
    Good(smoke(image=b64encode(b"\x89PNG\r\n").decode()), events=[SMOKE], faults=["bad_image"]),
    Good(smoke(image=""), events=[SMOKE], faults=["bad_image"]),
    Good(smoke(image=7), events=[SMOKE], faults=["bad_image"]),
    Good(smoke(image="ÿ"), events=[SMOKE], faults=["bad_image"]),
    Good(smoke(image=b64encode(JPEG + bytes(256 << 10)).decode()), events=[SMOKE], faults=["too_large_image"]),
    # the privacy gate
    Good(smoke(kind="faceCapture", image=_PICTURE), private=1),
    Good(smoke(kind="ANPR"), private=1),
    Good(smoke(kind="人脸识别"), private=1),
    Good(smoke(kind="TargetTrack"), private=1),
    Good(smoke(kind="intrusion", eventType="AccessControllerEvent"), private=1),
    Good(smoke(kind="intrusion", attributes={"type": "face_recognition"}), private=1),
    Good(
        smoke(attributes={"a": 1, "plateNo": "x", "who": [{"person_id": 1, "n": 2}], "姓名": "x"}, licensePlate="x"),
        events=[EventDraft("smoke", T, attributes={"a": 1, "who": [{"n": 2}]})],
        private=4,
    ),
    Good(b'[{"kind": "face_match"}, {"kind": ""}]', private=1, faults=["event_no_kind"]),
]  # fmt: skip

BAD = [
    *json_flaws(),
    Bad(b"5", "not_an_object"),
    Bad(b"[]", "event_no_kind"),
    *(
        Bad(smoke(part=part, state="inactive"), "event_bad_text", "part is")
        for part in ("", "1//2", "/1", True, {"a": 1})
    ),
    Bad(smoke(kind="offline", part=1.5), "event_bad_text", "part is"),
    Bad(b"{}", "event_no_kind", "no kind"),
    Bad(b'{"kind": null}', "event_no_kind"),
    Bad(b'{"kind": "  "}', "event_no_kind"),
    Bad(b'{"kind": ["smoke"]}', "event_no_kind", "a list"),
    Bad(b'{"kind": true}', "event_no_kind", "true"),
    Bad(b'{"kind": "a\\u0000b"}', "nul_character", "kind"),
    Bad(b'{"kind": "a\\ud800b"}', "not_utf8", "kind"),
    Bad(b'{"kind": "' + b"x" * 129 + b'"}', "event_bad_text", "129"),
    Bad(smoke(id=""), "event_bad_id"),
    Bad(smoke(id=1.5), "event_bad_id", "1.5"),
    Bad(smoke(id="x\0"), "nul_character", "id"),
    Bad(smoke(id="x" * 129), "event_bad_text"),
    Bad(b'{"kind": "smoke", "id": 1' + b"0" * 4200 + b"}", "event_bad_text"),
    Bad(b'{"kind": "smoke", "id": 1' + b"0" * 9000 + b"}", "event_bad_text"),
    # neither active nor inactive: of the event nothing is known
    *(Bad(smoke(state=said), "event_bad_state", "send active or inactive") for said in _NEITHER),
    *(Bad(smoke(kind=kind, state=said), "event_bad_state", "either way for ") for kind, said in _EITHER),
    *(Bad(smoke(**said), "event_bad_state") for _, said in REFUSED_NAMES),
    Bad(smoke(kind="door_open", severity="minor", alarmLevel="red"), "event_bad_level", "severity, alarmLevel"),
    Bad(smoke(kind="power_loss", status=True), "event_bad_state", "either way for "),
    Bad(smoke(eventState="x"), "event_bad_state", "send active or inactive"),
    *(
        Bad(smoke(kind="door_open", level=level), "event_bad_level", "blue, yellow, orange, red")
        for level in _NO_LEVELS
    ),
    Bad(b'{"kind": "smoke", "alarmTime": %d}' % (T // 1_000_000), "time_out_of_range", "'alarmTime' stands for ts"),
    Bad(b'{"kind": "smoke", "timestamp": "noon"}', "bad_time", "'noon'"),
    Bad(smoke(ts="noon"), "bad_time", "'noon'"),
    Bad(smoke(ts=T // 1_000_000), "time_out_of_range", "looks like seconds"),
    Bad(b"[" + b",".join([b"{}"] * 501) + b"]", "too_many_values", "500"),
]

FRAMES = Frames(decode, GOOD, BAD)
