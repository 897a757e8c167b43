"""How one connection does: up or down, since when, and why."""

import time
from dataclasses import dataclass

from hub.words.sentence import Sentence

HEARD_EVERY_S = 60.0
"""How old the time may be that people see as heard last."""


@dataclass(slots=True)
class Standing:
    """Of one connection; `changed` until it is written."""

    state: str = "new"
    since: float = 0.0
    """Seconds since 1970."""
    heard_at: float = 0.0
    error: Sentence | None = None
    changed: bool = False
    noted_at: float = 0.0

    def up(self) -> None:
        """It is connected."""
        self._is("up", None)

    def down(self, why: Sentence) -> None:
        """It is not."""
        self._is("down", why)

    def heard(self) -> None:
        """It has said something."""
        self.heard_at = time.time()
        if self.heard_at - self.noted_at > HEARD_EVERY_S:
            self.noted_at, self.changed = self.heard_at, True

    def _is(self, state: str, error: Sentence | None) -> None:
        if state != self.state:
            self.state, self.since = state, time.time()
            self.changed = True
        if error != self.error:
            self.error, self.changed = error, True
