"""What is a danger: kinds of events, and what is measured of fire, smoke, gas, floods and leakage current. Pure."""

import re
from collections.abc import Mapping

DANGER = frozenset(
    {
        *("fire", "smoke", "heat", "gas_leak", "flood", "water_immersion", "leakage_current", "manual_alarm", "tamper"),
        *("crowd", "intrusion", "line_crossing", "tilt", "cover_open", "other"),
    }
)
"""Kinds of events that nothing keeps back because of something else: neither another alert, nor fusion, nor that they
come and go; the API refuses it, and so does the database. Who writes a rule about one that is not PROMPT
(devices/vocabulary.py) may say when it counts: an intrusion is one at night only."""

CATEGORIES = frozenset({"fire"})
"""Of profiles: whatever they measure is a danger."""

METRICS: Mapping[str, frozenset[str]] = {
    **dict.fromkeys(("smoke", "ch4", "gas", "leakage_current", "depth", "water"), frozenset[str]()),
    "co": frozenset({"", "fire"}),
    "level": frozenset({"water"}),
}
"""Metrics of which the value is one, with the categories of profiles in which it is; none: in any. "" is that of
profiles without a category."""

_NAME = re.compile(r"[a-z_][a-z0-9_]*")
_RECEPTION = frozenset({"silence", "flat", "gap"})
"""Signals that tell of the instrument, not of what it measures."""


def finds_danger(metric: str, expression: str | None, signal: str, category: str | None) -> bool:
    """Whether a threshold rule on a profile of a category finds what is a danger; that nothing comes is none."""
    names = [metric] if expression is None else [metric, *_NAME.findall(expression)]
    return signal not in _RECEPTION and any(is_dangerous(name, category) for name in names)


def is_dangerous(metric: str, category: str | None) -> bool:
    """Whether what a metric of a profile of a category measures is a danger."""
    categories = METRICS.get(metric)
    measured = categories is not None and (not categories or (category or "") in categories)
    return measured or category in CATEGORIES
