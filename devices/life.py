"""A device's life: pending, active, suspended, retired; which steps are legal. Pure."""

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
    """Whether a device may go from one state to another; staying is no step and always may be."""
    return before == after or after in STEPS[before]


def pairs() -> Iterator[str]:
    """Each legal step as `before>after`, for statements that look at many devices at once."""
    for before, afters in STEPS.items():
        yield from (f"{before}>{after}" for after in (before, *afters))


def possible(code: str, state: State) -> str:
    """The sentence on what a device in this state can become."""
    steps = STEPS[state]
    if not steps:
        return f"'{code}' is {state}, which is final; register what replaces it under a code of its own"
    return f"'{code}' is {state} and can become {' or '.join(steps)}"
