"""What a desk does with an alarm (处警), and why an alert was raised, in the details of changes, and in words."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from hub.alerts.reasons_told import why_told
from hub.words import Lang, text

Means = Literal["call", "camera", "on_site"]
"""How an alarm is checked (核实)."""
CheckResult = Literal["real", "false_alarm", "test"]
"""真警, 误报, 测试."""
Service = Literal["119", "110", "120", "other"]
"""Fire brigade, police, ambulance, or somebody else."""


def details_told(kind: str, details: Mapping[str, Any] | None, lang: Lang, zone: tzinfo = UTC) -> str:
    """The details of a change in a sentence, its time in a zone; empty where there are none."""
    if not details:
        return ""
    given = {name: value for name, value in details.items() if value is not None}
    if "cause_name" in given:
        given["cause"] = given["cause_name"][lang]
    if kind == "checked":
        given |= {name: text(f"desk.{name}.{given[name]}", lang) for name in ("by", "result")}
    if kind == "transferred":
        given["to"] = text(f"desk.to.{given['to']}", lang)
    if (why := given.get("why")) is not None:
        return why_told(why, lang)
    if "at" in given:
        given["at"] = f"{datetime.fromisoformat(given['at']).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    names = ("by", "result", "cause", "to", "who", "number", "at")
    return text("desk.join", lang).join(
        text(f"desk.told.{name}", lang, value=given[name]) for name in names if name in given
    )
