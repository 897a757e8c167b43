"""Device lifecycle: pending, active, suspended, retired, and the allowed transitions. Pure."""

from collections.abc import Iterator
from typing import Literal, get_args

State = Literal["pending", "active", "suspended", "retired"]
STATES: tuple[State, ...] = get_args(State)

STEPS: dict[State, tuple[State, ...]] = {
    "pending": ("active", "retired"),
    "active": ("suspended", "retired"),
    "suspended": ("active", "retired"),
    "retired": (),
}
"""Where a device may go from each state. Retired is the end: its readings and events stay, its code is not given again.

Nothing goes back to pending, which means that nobody has looked at the device yet.
"""


def legal(before: State, after: State) -> bool:
    """Whether a transition is allowed. Moving to the current state is a no-op and always allowed."""
    return before == after or after in STEPS[before]


def pairs() -> Iterator[str]:
    """Allowed transitions as `before>after`, for SQL that checks many devices at once."""
    for before, afters in STEPS.items():
        yield from (f"{before}>{after}" for after in (before, *afters))


def possible(code: str, state: State) -> str:
    """Sentence listing the allowed transitions from a state."""
    steps = STEPS[state]
    if not steps:
        return f"'{code}' is {state}, which is final; register what replaces it under a code of its own"
    return f"'{code}' is {state} and can become {' or '.join(steps)}"
