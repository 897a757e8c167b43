"""Classes and levels of data after GB/T 43697-2024, and what may leave below a ceiling."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from functools import lru_cache
from typing import Any, Literal


class DataClass(StrEnum):
    """What data describes (GB/T 43697, annex A)."""

    USER = "user"  # 用户数据: accounts, and what they did
    BUSINESS = "business"  # 业务数据: what the city's things measure and report, and what came of it
    MANAGEMENT = "management"  # 经营管理数据: what is configured: devices, profiles, rules, organisations
    OPERATIONS = "operations"  # 系统运维数据: what the hub needs to run


class Level(IntEnum):
    """Levels in ascending order: 一般数据 (general) in four steps, 重要数据 (important), 核心数据 (core).

    The hub itself assigns no more than L4: what is important or core is named by the catalogue of an authority.
    """

    L1 = 1  # public: no harm when everybody knows it
    L2 = 2  # internal: for those whose work it is
    L3 = 3  # sensitive: where exactly a thing is, what a person wrote
    L4 = 4  # secrets, and what shows or reaches a person
    IMPORTANT = 5
    CORE = 6


CeilingName = Literal["L1", "L2", "L3", "L4", "important", "core"]
"""The highest level that may leave, as it is written in the API and the store."""

ReadCeiling = Literal["L2", "L3", "L4", "important", "core"]
"""Of a grant or a share. L1 is none: below L2 no device has a name."""


def level_named(name: CeilingName | str) -> Level:
    """The level of a stored or given name. Raises KeyError."""
    return Level[name.upper()]


SERIES = {
    "environment": Level.L1,
    "water": Level.L2,
    "fire": Level.L2,
    "municipal": Level.L2,
    "pole": Level.L2,
    "traffic": Level.L2,
    "structure": Level.L3,
    "video": Level.L3,
}
"""Levels of the values of series, by the category of their profile."""
OTHER_SERIES = Level.L3
"""Of a category that is not listed."""

PICTURE = Level.L4
"""Of pictures and clips of places, also when what moves in them is pixelated."""

ALERT = {
    **dict.fromkeys(
        ("alert", "seq", "category", "metric", "event_kind", "level", "peak_level", "state", "condition", "handling",
         "opened_at", "cleared_at", "changed_at", "raised_at", "link", "origin", "cause", "drill", "shelved_until",
         "merged_into", "incident", "signal"),
        Level.L1,
    ),
    **dict.fromkeys(
        ("rule", "rule_name", "rule_version", "device", "device_name", "target", "organisation", "region", "title",
         "guidance"),
        Level.L2,
    ),
    **dict.fromkeys(("lon", "lat"), Level.L3),
    "assignee": Level.L4,
}  # fmt: skip
"""Levels of the fields of outgoing alerts, but of `value` and `threshold`, which are those of their series."""
CASE = {
    **dict.fromkeys(
        ("case", "number", "seq", "step", "stage_from", "stage", "source", "category_kind", "category",
         "category_name", "level", "alert", "reported_at", "reporters", "stage_at", "stage_due_at", "due_at",
         "accepted_at", "filed_at", "dispatched_at", "handled_at", "ended_at", "closed_at", "closed_how", "returned",
         "reworked", "extended", "suspended", "suspended_at", "review_at", "supervised", "supervision",
         "supervision_due_at", "asked", "asked_at", "asked_hours", "asked_until", "merged_into", "outcome", "outside"),
        Level.L1,
    ),
    **dict.fromkeys(("region", "organisation", "responsible", "assisting", "step_organisation"), Level.L2),
    **dict.fromkeys(("title", "component", "lon", "lat", "note", "detail", "attachments"), Level.L3),
}  # fmt: skip
"""Levels of the fields of outgoing cases; who took a step is none of them."""
MEASURED = ("value", "threshold")
PART_TEXT = Level.L3
"""Of what a device calls a part of it, which is an attribute of its event."""
TOWN_DIGITS = 9
"""Of a division code of 12: what is left of it below the level of a region."""


def alert_level(field: str, category: str | None) -> Level:
    """The level of a field of an alert whose device is of a category; CORE for a field that nobody classified."""
    if field in MEASURED:
        return SERIES.get(category or "", OTHER_SERIES)
    return ALERT.get(field, Level.CORE)


@lru_cache(256)
def _below(ceiling: Level, category: str | None) -> frozenset[str]:
    """The classified fields of an alert that may leave."""
    return frozenset(name for name in (*ALERT, *MEASURED) if alert_level(name, category) <= ceiling)


def cut_alert(alert: Mapping[str, Any], ceiling: Level) -> dict[str, Any]:
    """The fields of an outgoing alert that may leave under a ceiling; of its region always the town (乡镇、街道).

    A title tells what was measured, or what the device calls the part of it that an event is at: where that may not
    leave, it names the device, the path of the part and the rule.
    """
    category = alert.get("category")
    if ceiling >= Level.CORE:
        return dict(alert)
    below = _below(ceiling, category)
    kept = {name: value for name, value in alert.items() if name in below}
    part = _part_of(alert)
    told = PART_TEXT if part else alert_level("value", category) if alert.get("metric") else Level.L1
    if "title" in kept and told > ceiling:
        at = f" · {part}" if part else ""
        kept["title"] = f"{alert['device_name']}{at}: {alert['rule_name']}"
    if "region" not in kept and alert.get("region"):
        kept["region"] = town(alert["region"])
    return kept


def _part_of(alert: Mapping[str, Any]) -> str:
    """The path of the part of its device that an alert of an event is at; empty: all of it, or no event."""
    if alert.get("origin") != "rule" or alert.get("metric"):
        return ""
    return "/".join(str(alert.get("target") or "").split("/")[2:])


def cut_case(case: Mapping[str, Any], ceiling: Level) -> dict[str, Any]:
    """The fields of an outgoing case that may leave under a ceiling; of its region always the town (乡镇、街道)."""
    kept = {name: value for name, value in case.items() if CASE.get(name, Level.CORE) <= ceiling}
    if "region" not in kept and case.get("region"):
        kept["region"] = town(case["region"])
    return kept


def cut_row(row: Mapping[str, Any], levels: Mapping[str, Level], ceiling: Level) -> dict[str, Any]:
    """A row of an export with null where a column is above the ceiling, and with the town of its region."""
    kept = {name: value if levels.get(name, Level.CORE) <= ceiling else None for name, value in row.items()}
    if "region" in kept and kept["region"] is None and row["region"]:
        kept["region"] = town(row["region"])
    return kept


def town(region: str) -> str:
    """The code of the town in which a division lies; larger divisions stay as they are."""
    return region[:TOWN_DIGITS].ljust(len(region), "0")
