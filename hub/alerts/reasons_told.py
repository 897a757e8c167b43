"""Why a rule has changed the level of an alert, in words. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from hub.quality import flags_of
from hub.signals import GROWING
from hub.words import Lang, text
from hub.words.figure import lasting


def why_told(why: Mapping[str, Any], lang: Lang) -> str:
    """A `why` of the details of a change in a sentence."""
    told = [*_found_told(why, lang)]
    if (crossed := why.get("rule")) is not None:
        told += _rule_told(why["signal"], crossed, lang)
    return text("desk.join", lang).join(told)


def _found_told(why: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    """What a level goes by beside the value, or instead."""
    signal = why["signal"]
    if "metrics" in why:
        parts = (f"{name} {'?' if value is None else format(value, 'g')}" for name, value in why["metrics"].items())
        yield text("alert.why.expression", lang, values=", ".join(parts))
    elif "quality" in why:
        names = (flag.name_en if lang == "en" else flag.name_zh for flag in flags_of(why["quality"]))
        yield text("alert.why.flagged", lang, flags=text("desk.join", lang).join(names))
    elif "held_s" in why:
        yield text("alert.why.held", lang, value=f"{why['held']:.3g}", seconds=f"{why['held_s']:g}")
    elif "expected" in why:
        if signal in ("excess", "unshared"):
            of = why[f"{signal}_of"]
            yield text(f"alert.why.excess.{of}", lang, excess=f"{why[signal]:.3g}")
        shown = {name: f"{why[name]:g}" for name in ("value", "expected", "low", "high") if why[name] is not None}
        known = len(shown) == 4
        yield text("alert.why.known", lang, **shown) if known else text("alert.why.new", lang, value=shown["value"])
        if signal == "unshared":
            yield text("alert.why.unshared", lang)


def _rule_told(signal: str, crossed: Mapping[str, Any], lang: Lang) -> Iterator[str]:
    """Which threshold was crossed, by how much, and what of the rule counted beside it."""
    value, threshold, by = (crossed[name] for name in ("value", "threshold", "by"))
    if by is not None:
        side = "at" if not by else "above" if value > threshold else "below"
        shown = {"value": value, "threshold": threshold, "by": by}
        figures = {name: lasting(each, lang) if signal in GROWING else f"{each:g}" for name, each in shown.items()}
        yield text(f"alert.why.rule.{side}", lang, **figures)
    for name in ("hysteresis", "hold_s", "clear_s", "version"):
        if crossed.get(name) is not None:
            yield text(f"alert.why.rule.{name}", lang, value=f"{crossed[name]:g}")
