"""What a desk does with an alarm (处警), and why an alert was raised, in the details of changes, and in words."""

from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from typing import Any, Literal

from hub.quality import flags_of
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
        return _why_told(why, lang)
    if "at" in given:
        given["at"] = f"{datetime.fromisoformat(given['at']).astimezone(zone):%Y-%m-%d %H:%M:%S}"
    names = ("by", "result", "cause", "to", "who", "number", "at")
    return text("desk.join", lang).join(
        text(f"desk.told.{name}", lang, value=given[name]) for name in names if name in given
    )


def _why_told(why: Mapping[str, Any], lang: Lang) -> str:
    if "metrics" in why:
        parts = (f"{name} {'?' if value is None else format(value, 'g')}" for name, value in why["metrics"].items())
        return text("alert.why.expression", lang, values=", ".join(parts))
    if "quality" in why:
        names = (flag.name_en if lang == "en" else flag.name_zh for flag in flags_of(why["quality"]))
        return text("alert.why.flagged", lang, flags=text("desk.join", lang).join(names))
    if "held_s" in why:
        return text("alert.why.held", lang, value=f"{why['held']:.3g}", seconds=f"{why['held_s']:g}")
    shown = {name: f"{why[name]:g}" for name in ("value", "expected", "low", "high") if why[name] is not None}
    known = len(shown) == 4
    told = [text("alert.why.known", lang, **shown) if known else text("alert.why.new", lang, value=shown["value"])]
    if (signal := why["signal"]) in ("excess", "unshared"):
        of = why[f"{signal}_of"]
        told.insert(0, text(f"alert.why.excess.{of}", lang, excess=f"{why[signal]:.3g}"))
    if signal == "unshared":
        told.append(text("alert.why.unshared", lang))
    return text("desk.join", lang).join(told)
