"""Kinds of events: one vocabulary for all protocols; each protocol maps its own codes to it in a table."""

from collections.abc import Mapping

OTHER = "other"
"""What a table does not know; the original code is kept in the event's attributes["code"]."""

GUARDS = ("shielded", "muted", "test", "maintenance", "removed", "calibration", "low_battery")
"""States that switch a guard off, for as long as they last; they raise nothing by themselves (devices/guards)."""

KINDS = frozenset(
    {
        *GUARDS,
        "fire",
        "smoke",
        "heat",
        "gas_leak",
        "flood",
        "water_immersion",
        "crowd",
        "intrusion",
        "line_crossing",
        "object_left",
        "object_removed",
        "tamper",
        "occlusion",
        "video_loss",
        "video_quality",
        "manual_alarm",
        "tilt",
        "door_open",
        "cover_open",
        "power_loss",
        "leakage_current",
        "fault",
        "offline",
        OTHER,
    }
)

MANIFOLD = frozenset({OTHER, "fault"})
"""Kinds that have many meanings; attributes["code"] tells which."""

LATCHING = frozenset(
    {"fire", "smoke", "heat", "gas_leak", "water_immersion", "leakage_current", "manual_alarm", "tamper"}
)
"""Kinds that somebody must hear of even when they come late: what happened is not undone by time."""

PROMPT = LATCHING | {"flood"}
"""Kinds of which each event pages at once: no rule may wait for a second one, or pause after an alert."""

MOMENTARY: Mapping[str, int] = {
    "manual_alarm": 300_000_000,
    "line_crossing": 60_000_000,
}
"""Kinds without an end of their own, with how long one lasts after its newest event, in microseconds. Until then a
repeat belongs to the same alert; what comes later is another one."""

NAMES: Mapping[str, str] = {
    **{kind: kind for kind in KINDS},
    "火警": "fire",
    "火灾": "fire",
    "烟雾": "smoke",
    "烟感": "smoke",
    "高温": "heat",
    "燃气泄漏": "gas_leak",
    "内涝": "flood",
    "积水内涝": "flood",
    "积水": "flood",
    "水浸": "water_immersion",
    "人群聚集": "crowd",
    "区域入侵": "intrusion",
    "越界": "line_crossing",
    "越线": "line_crossing",
    "物品遗留": "object_left",
    "物品移除": "object_removed",
    "拆动": "tamper",
    "遮挡": "occlusion",
    "视频丢失": "video_loss",
    "视频质量异常": "video_quality",
    "手动报警": "manual_alarm",
    "一键报警": "manual_alarm",
    "倾斜": "tilt",
    "门打开": "door_open",
    "井盖打开": "cover_open",
    "断电": "power_loss",
    "漏电": "leakage_current",
    "故障": "fault",
    "离线": "offline",
    "屏蔽": "shielded",
    "消音": "muted",
    "测试": "test",
    "维护": "maintenance",
    "拆除": "removed",
    "校准": "calibration",
    "低电量": "low_battery",
    "电量低": "low_battery",
}
"""The table of the hub's own event JSON: the vocabulary itself, and its common Chinese names."""


def kind_of(code: str, table: Mapping[str, str] = NAMES) -> str:
    """The kind of a protocol's code, read without regard to case, spaces and hyphens; `other` if unmapped."""
    found = table.get(code)
    return found or table.get(code.strip().lower().replace("-", "_").replace(" ", "_"), OTHER)
