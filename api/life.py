"""Steps in a device's life, as the API refuses them."""

from api.problems import ProblemError
from devices.life import State, legal, possible


def refuse_step(code: str, before: State | None, after: State) -> None:
    """409 for a step that is not legal, saying what is possible; a new device may begin in any state."""
    if before is not None and not legal(before, after):
        raise ProblemError(409, f"a step from {before} to {after} is not possible: {possible(code, before)}")
