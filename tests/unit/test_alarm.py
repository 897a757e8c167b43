"""devices/forwarding/alarm.py: an event becomes an alarm from which the next platform reads the same kind again."""

from dataclasses import replace
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from devices.codecs.gb28181 import reports
from devices.codecs.gb28181.telling import told
from devices.forwarding.alarm import LATE, alarm_of
from devices.vocabulary import GUARDS, PROMPT
from hub.models import Event, Micros

NOW: Micros = 1_772_251_200_000_000
CHANNEL = "33010600001320000001"
NOWHERE = frozenset({"leakage_current"})
"""Kinds that the codec has no words for: they arrive as `other`, with their name."""


def event(kind: str, state: str | None = "active", late: Micros = 0, **attributes: Any) -> Event:
    return Event(UUID(int=1), 1, CHANNEL, NOW - late, NOW, kind, state, None, attributes)


def read_again(told_of: Event) -> tuple[str, dict[str, Any]]:
    alarm = alarm_of(told_of)
    assert alarm is not None
    fields: dict[str, Any] = {
        "AlarmPriority": alarm.priority,
        "AlarmMethod": alarm.method,
        "AlarmDescription": alarm.text,
    }
    info = {"Info": {"AlarmType": alarm.type}} if alarm.type else {}
    body = told("Notify", "Alarm", 1, CHANNEL, {**fields, **info}, "GB2312")
    [draft] = reports.decode(body, NOW, ZoneInfo("Asia/Shanghai")).events
    return draft.kind, draft.attributes


@pytest.mark.parametrize(
    "kind", [*sorted(PROMPT - NOWHERE), "intrusion", "crowd", "occlusion", "video_loss", "cover_open", "power_loss"]
)
def test_each_kind_is_read_again(kind: str) -> None:
    assert read_again(event(kind))[0] == kind


def test_what_a_camera_said_goes_on_as_it_said_it() -> None:
    kind, attributes = read_again(event("smoke", method="7", priority=2, text="烟雾报警 3号楼"))
    assert (kind, attributes["method"], attributes["priority"]) == ("smoke", "7", 2)
    assert attributes["text"] == "烟雾报警 3号楼"


@pytest.mark.parametrize(
    ("kind", "part", "said"),
    [("fire", "picture/flame", "明火"), ("video_quality", "picture/freeze", "视频质量异常 画面冻结"),
     ("flood", "码头/level", "码头 水位")],
)  # fmt: skip
def test_what_video_shows_is_said_in_words(kind: str, part: str, said: str) -> None:
    found = replace(event(kind), part=part)
    read, attributes = read_again(found)
    assert read == kind
    assert said in attributes["text"]


def test_a_name_in_words_makes_no_other_kind_of_it() -> None:
    """A gauge in a zone that is called after smoke detectors; a detector that has lost its power."""
    assert read_again(replace(event("flood"), part="烟雾监测点/level"))[0] == "flood"
    assert read_again(event("power_loss", text="烟雾探测器断电"))[0] == "power_loss"


def test_danger_that_only_a_table_of_the_operator_tells_is_said_in_words() -> None:
    """A contact on which a detector hangs: method 2 without a type."""
    alarm = alarm_of(event("smoke", method="2", code="2"))
    assert alarm is not None
    assert (alarm.method, alarm.type, alarm.priority) == ("2", "", 1)
    assert "烟雾" in alarm.text


@pytest.mark.parametrize("kind", [*GUARDS, "offline"])
def test_states_are_no_alarms(kind: str) -> None:
    assert alarm_of(event(kind)) is None


def test_ends_are_not_told_and_late_ones_only_of_what_somebody_must_hear() -> None:
    assert alarm_of(event("smoke", "inactive")) is None
    assert alarm_of(event("intrusion", late=LATE + 1)) is None
    assert alarm_of(event("intrusion", late=LATE)) is not None
    late = alarm_of(event("fire", late=LATE + 1))
    assert late is not None
    assert (late.priority, late.text[:2]) == (4, "迟报")
