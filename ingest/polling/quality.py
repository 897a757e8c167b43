"""How well a line answers, told from time to time as readings of its DTU. Pure."""

import json
from typing import ClassVar

from hub.models import Micros
from ingest.polling.line import SECOND, Outcome

EVERY = 300 * SECOND
SIGN_OF_LIFE = 60 * SECOND


class Quality:
    """Of one connection."""

    METRICS: ClassVar = ("answered", "delay")

    def __init__(self, now: Micros) -> None:
        self._since = self._said = now
        self._asked = self._answered = 0
        self._delays: list[float] = []

    def note(self, outcome: Outcome) -> None:
        """What became of one more request."""
        self._asked += outcome.tries
        if outcome.answer is not None:
            self._answered += 1
            if len(self._delays) < 1_000:
                self._delays.append(outcome.took / SECOND)

    def due(self, now: Micros) -> bool:
        """Whether something is to be said: a DTU whose slaves are all silent is there nevertheless."""
        return now - self._said >= SIGN_OF_LIFE

    def told(self, now: Micros, at: Micros) -> bytes | None:
        """Readings of what was since the last time, of the time `at`; None when it is too early, or none was asked."""
        self._said = now
        if now - self._since < EVERY or not self._asked:
            return None
        values: dict[str, float] = {"answered": round(100 * self._answered / self._asked, 1)}
        if self._delays:
            values["delay"] = round(sorted(self._delays)[len(self._delays) // 2], 3)
        self._since, self._asked, self._answered, self._delays = now, 0, 0, []
        return json.dumps({"ts": at // 1000, "values": values}).encode()
