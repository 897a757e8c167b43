"""What the analysis measures, beside what it finds: readings of a zone, a line or a gauge."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple, Protocol, runtime_checkable

EVERY_S = 60.0
"""Of the stream: a reading stands for so much time before it, where the settings tell no other."""
MOST = 512
"""Readings that wait to be taken; what comes then is dropped, for nobody comes for them."""


class Measure(NamedTuple):
    """A reading."""

    t: float
    """Seconds of the stream: the end of the time that it stands for."""
    metric: str
    value: float
    zone: str | None
    """The zone, line or gauge that it is about; None: the whole picture."""


@runtime_checkable
class Measuring(Protocol):
    """A detector that measures, too."""

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""


def restarts(t: float, begin: float | None, every_s: float) -> bool:
    """Whether the time of a reading that began at `begin` cannot go on at `t`."""
    return begin is None or t < begin or t - begin > every_s + max(every_s, EVERY_S)


class Waiting:
    """Readings until they are taken."""

    def __init__(self) -> None:
        self._waiting: list[Measure] = []

    def put(self, measure: Measure) -> None:
        """Keep a reading, if there is room."""
        if len(self._waiting) < MOST:
            self._waiting.append(measure)

    def taken(self) -> Sequence[Measure]:
        """What waits; it waits no longer."""
        taken, self._waiting = self._waiting, []
        return taken


class Means:
    """The mean of a value by zone, a reading each `every_s`."""

    def __init__(self, metric: str, zones: Iterable[str | None], every_s: float = EVERY_S) -> None:
        self._metric, self._every_s = metric, every_s
        self._sums = {zone: [0.0, 0.0] for zone in zones}
        self._begin: dict[str | None, float | None] = dict.fromkeys(self._sums)
        self._waiting = Waiting()

    def take(self, t: float, zone: str | None, value: float) -> None:
        """Add a value at `t`; time that goes back begins anew."""
        begin = self._begin[zone]
        if begin is None or restarts(t, begin, self._every_s):
            self._begin[zone], self._sums[zone] = t, [0.0, 0.0]
        elif t - begin >= self._every_s:
            total, count = self._sums[zone]
            if count:
                self._waiting.put(Measure(t, self._metric, round(total / count, 3), zone))
            self._begin[zone], self._sums[zone] = t, [0.0, 0.0]
        sums = self._sums[zone]
        sums[0] += value
        sums[1] += 1

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""
        return self._waiting.taken()
