"""Kinds of events that only the hub raises, about itself: an alert of anybody else's would be taken for one."""

from typing import Literal, get_args

from hub.words.sentence import Sentence

OwnKind = Literal[
    "calendar_missing", "cameras_silent", "case_overdue", "channel_degraded", "clock_off", "edge_aside",
    "edge_clock", "edge_gap", "edge_silent", "edge_twice", "network_away", "network_silent", "path_broken",
    "subscription_silent",
    "timers_overdue", "unguarded", "warnings_stale",
]  # fmt: skip
"""Each has its title in the catalogue (alert.hub.*)."""
ROUND = "path_round"
"""Of the rounds by which the hub watches the path of alerts; nobody is told of them."""
RESERVED: frozenset[str] = frozenset((*get_args(OwnKind), ROUND))


def reserved(kind: str) -> Sentence | None:
    """Why a kind is refused to devices, people and rules, however it is written; None: it is not the hub's."""
    if kind.strip().lower().replace("-", "_").replace(" ", "_") not in RESERVED:
        return None
    return Sentence("refusal.kind.reserved", kind=kind)
