"""The score of the Numenta Anomaly Benchmark: early alarms in windows gain, alarms elsewhere and missed windows cost.

After Lavin and Ahmad, "Evaluating Real-time Anomaly Detection Algorithms", 2015 (arXiv:1510.03336). One threshold is
for all files: the best one. 0 is a detector that never alarms, 100 one that alarms at the first reading of each window.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detectors.detector import Floats, Ints
from analytics.evaluation.files import BadData, Series

PROFILES = {"standard": (0.11, 1.0), "low FP": (0.22, 1.0), "low FN": (0.11, 2.0)}
"""What an alarm outside of windows, and a missed window, cost at most; an alarm in a window gains 1 at most."""
UNSCORED, AT_MOST = 0.15, 750
"""The share of a file, and the rows, in which a detector may learn."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The rows of a file that count: shape (n,) each."""

    scores: Floats
    worth: Floats
    """Of an alarm there: 0 .. 1 in a window, -1 .. 0 outside, before what the profile weighs."""
    window: Ints
    """The number of its window in the file; -1 outside."""
    windows: int
    """Of the file."""


def _worth(position: Floats) -> Floats:
    """By the place in windows' widths from a window's end: nearly 1 at its beginning, -1, 0 at 0, -1 far behind."""
    return np.asarray(2.0 / (1.0 + np.exp(5.0 * np.minimum(position, 3.0))) - 1.0)


def judged(series: Series, scores: Floats, windows: list[tuple[str, str]]) -> Judged:
    """What an alarm would be worth at each row of a file; raises BadData for a window whose ends are no rows of it."""
    rows = {stamp[:19]: place for place, stamp in reversed(list(enumerate(series.stamps)))}
    count = len(scores)
    worth, window = np.full(count, -1.0), np.full(count, -1)
    for number, (begin, end) in enumerate(sorted(windows)):
        if begin[:19] not in rows or end[:19] not in rows:
            raise BadData(f"the window {begin} .. {end} of {series.name} does not begin and end at times of its rows")
        left, right = rows[begin[:19]], rows[end[:19]]
        width = right - left + 1
        inside, behind = np.arange(left, right + 1), np.arange(right + 1, count)
        worth[behind] = np.where(behind - right > 3 * (width - 1), -1.0, _worth((behind - right) / max(width - 1, 1)))
        worth[inside] = _worth((inside - right - 1) / width) / _worth(np.array(-1.0))
        window[behind], window[inside] = -1, number
    start = min(int(UNSCORED * count), AT_MOST)
    return Judged(scores[start:], worth[start:], window[start:], len(windows))


def benchmark(files: list[Judged]) -> dict[str, tuple[float, float]]:
    """By profile, the score of a detector on all files together and the threshold at which it has it."""
    before = np.cumsum([0, *(file.windows for file in files)]).tolist()
    scores = np.concatenate([file.scores for file in files])
    worth = np.concatenate([file.worth for file in files])
    window = np.concatenate(
        [np.where(file.window < 0, -1, file.window + first) for file, first in zip(files, before, strict=False)]
    )
    order = np.argsort(-scores, kind="stable")
    return {name: _best(scores[order], worth[order], window[order], before[-1], *of) for name, of in PROFILES.items()}


def _best(
    scores: Floats, worth: Floats, window: NDArray[np.int64], windows: int, alarm: float, missed: float
) -> tuple[float, float]:
    """Of rows by falling score."""
    gain = np.where(window < 0, alarm * worth, 0.0)
    found: dict[int, float] = {}
    for place in np.flatnonzero(window >= 0).tolist():
        had, now = found.get(int(window[place]), -missed), float(worth[place])
        if now > had:
            found[int(window[place])] = now
            gain[place] = now - had
    last = np.append(scores[1:] != scores[:-1], True)  # rows of one score are alarms together
    total = np.cumsum(gain)[last]
    top = int(total.argmax())
    if total[top] <= 0:
        return 0.0, float("inf")
    return 100.0 * float(total[top]) / ((1.0 + missed) * windows), float(scores[last][top])
