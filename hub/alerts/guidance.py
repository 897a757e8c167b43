"""Guidance: cause, consequence, action (预案), contacts and time to respond of an orange or red alert.

What the author of a rule gives goes before the hub's own texts, which guidance.json finds by kind of event or metric;
their words stand in hub/words/guidance.json. A rule that can be orange or red is switched on with all five only. Pure.
"""

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

from hub.models import LEVEL_NAMES
from hub.words import Lang, text

TEXTS = ("cause", "consequence", "action", "contacts")
FIELDS = (*TEXTS, "respond_s")
GRAVE = frozenset(LEVEL_NAMES[2:])
"""Orange and red."""


class Shipped(NamedTuple):
    """Guidance of the hub's own."""

    code: str
    respond_s: int
    categories: frozenset[str]
    """Of profiles that a metric has to belong to; none: any. A profile without a category belongs to all."""

    def told(self, lang: Lang) -> dict[str, Any]:
        """All that it says in a language."""
        said: dict[str, Any] = {name: text(f"guidance.{self.code}.{name}", lang) for name in TEXTS}
        return said | {"respond_s": self.respond_s}


def shipped(event_kind: str | None, metric: str | None, category: str | None) -> Shipped | None:
    """The hub's own for a kind of event, or for a metric of a profile of a category; None: there is none."""
    if event_kind is not None:
        return _by_kind().get(event_kind)
    found = _by_metric().get(metric or "")
    fits = found is not None and (category is None or not found.categories or category in found.categories)
    return found if fits else None


def lacking(
    given: Mapping[str, Any] | None, event_kind: str | None, metric: str | None, category: str | None
) -> list[str]:
    """The fields that neither the author nor the hub gives."""
    if shipped(event_kind, metric, category) is not None:
        return []
    return [name for name in FIELDS if not (given or {}).get(name)]


def is_grave(thresholds: Collection[str] | None, level: str | None) -> bool:
    """Whether a rule with these thresholds, or with this level where the event says none, can be orange or red."""
    return not GRAVE.isdisjoint(thresholds or ()) or level in GRAVE


def guidance_in(lang: Lang, alert: Mapping[str, Any]) -> dict[str, Any] | None:
    """What an alert's picture tells whoever answers it; None: nothing, or it was cut.

    Below orange only what the author gave.
    """
    if alert.get("rule") is None:
        return None
    own = alert.get("guidance") or {}
    found = None
    if alert["peak_level"] in GRAVE:
        metric = alert.get("metric") if alert.get("signal") in (None, "value") else None
        found = shipped(alert.get("event_kind"), metric, alert.get("category"))
    return (({} if found is None else found.told(lang)) | own) or None


@cache
def _sets() -> list[tuple[Shipped, dict[str, Any]]]:
    told = json.loads(files("hub.alerts").joinpath("guidance.json").read_text(encoding="utf-8"))
    return [(Shipped(code, each["respond_s"], frozenset(each["categories"])), each) for code, each in told.items()]


@cache
def _by_kind() -> Mapping[str, Shipped]:
    return {kind: found for found, each in _sets() for kind in each["kinds"]}


@cache
def _by_metric() -> Mapping[str, Shipped]:
    return {metric: found for found, each in _sets() for metric in each["metrics"]}
