"""Lifecycle checks of the API."""

from api.problems import ProblemError
from devices.lifecycle import State, legal, possible


def refuse_step(code: str, before: State | None, after: State) -> None:
    """Raise 409 for an invalid transition, listing valid ones; a new device may start in any state."""
    if before is not None and not legal(before, after):
        raise ProblemError(409, f"a step from {before} to {after} is not possible: {possible(code, before)}")
