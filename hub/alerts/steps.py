"""The states of an alert and the steps a desk may take between them (GB/T 30428: 立案, 派遣, 处置, 核查, 结案)."""

from hub.errors import PermanentError

STEPS: dict[str, frozenset[str]] = {
    "open": frozenset({"acknowledged", "false_alarm"}),
    "cleared": frozenset({"acknowledged", "closed", "false_alarm"}),
    "acknowledged": frozenset({"dispatched", "handled", "closed", "false_alarm"}),
    "dispatched": frozenset({"handled", "false_alarm"}),
    "handled": frozenset({"verified", "dispatched"}),
    "verified": frozenset({"closed"}),
    "closed": frozenset(),
    "false_alarm": frozenset(),
}
"""From a state to the states a person may move it to. `cleared` is set by the condition itself, never by a person."""


class IllegalStep(PermanentError):
    """That step is not possible for this alert"""


def check_step(state: str, to: str) -> None:
    """Pass if a desk may move an alert from `state` to `to`; else IllegalStep says what is possible."""
    allowed = STEPS[state]
    if to not in allowed:
        possible = ", ".join(sorted(allowed)) or "nothing; it has ended"
        raise IllegalStep(f"from {state} to {to}; possible from here: {possible}")
