"""Counts of what crosses a line, by direction; nothing is followed, and nobody is known again.

A line is three lines: its own, and one on each side. What stands on them in one stretch from its coming to its going is
one crossing; the side that it was seen on first tells its direction.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analytics.video.detector import Key
from analytics.video.finding import Box, Cue
from analytics.video.measure import EVERY_S, Measure, Waiting, restarts
from analytics.video.scenes.background import Background
from analytics.video.scenes.evidence import NOTHING
from analytics.video.scenes.masks import across
from analytics.video.scenes.regions import box_of
from analytics.video.settings import Line
from analytics.video.view import SMALL, View

FORWARD, BACK = "crossings", "crossings_back"
"""Readings a minute: how many crossed from the line's left to its right, seen from `begin` to `end`, and back."""
ASIDE = 5.0
"""Pixels of 160 x 90 between the line and those beside it."""
GONE_S = 0.35
"""What left the line for so long has crossed it: a window or a gap lets the road through for a frame."""
MOST = 32
"""Stretches of a line at once."""
_LEAST = 2
"""Pixels of a stretch."""
_ALL = 0.5
_LONGEST_S = 60.0
"""What stands on a line for longer does not cross it."""


class _Stretch:
    """A part of a line that something stands on."""

    __slots__ = ("begin", "came", "end", "newest", "sides")

    def __init__(self, begin: int, end: int, t: float) -> None:
        self.begin, self.end, self.came, self.newest = begin, end, t, t
        self.sides: list[tuple[float, float, float]] = []


class _Watched:
    """One line."""

    def __init__(self, line: Line) -> None:
        self.line = line
        self.parts = [across(line.begin, line.end, aside) for aside in (-ASIDE, 0.0, ASIDE)]
        self.stretches: list[_Stretch] = []
        self.counts = [0, 0]
        self.begin: float | None = None

    def place(self, crossed: Sequence[_Stretch]) -> Box:
        """Where on the line some have crossed."""
        parts = [part[one.begin : one.end] for one in crossed for way in self.parts for part in way]
        rows, columns = np.concatenate(parts[::2]), np.concatenate(parts[1::2])
        corners = float(columns.min()), float(rows.min()), float(columns.max() + 1), float(rows.max() + 1)
        return box_of(corners, SMALL[::-1])


class Crossings:
    """The lines of a camera."""

    name = "crossings"
    kinds = ("line_crossing",)

    def __init__(self, background: Background, lines: Sequence[Line], every_s: float = EVERY_S) -> None:
        self._background, self._every_s = background, every_s
        self._lines = [_Watched(line) for line in lines]
        self._epoch = 0
        self._waiting = Waiting()

    def scores(self, view: View) -> Mapping[Key, Cue]:
        """1 with the frame in which a line was crossed whose crossings are events; for the counts see `taken`."""
        seen = self._background.seen(view)
        fresh = seen.epoch != self._epoch
        self._epoch = seen.epoch
        scores: dict[Key, Cue] = {}
        for watched in self._lines:
            if watched.line.event:
                scores[("line_crossing", watched.line.name)] = NOTHING
            if fresh or not seen.settled or seen.share > _ALL or not watched.line.window.holds(view.when):
                watched.stretches.clear()
                if fresh:
                    watched.begin = None
                continue
            crossed = self._look(watched, seen.mask, view.t)
            if watched.line.event and crossed:
                cue = Cue(1.0, {"crossed": float(len(crossed))}, watched.place(crossed))
                scores[("line_crossing", watched.line.name)] = cue
            self._tell(watched, view.t)
        return scores

    def _look(self, watched: _Watched, mask: NDArray[np.uint8], t: float) -> list[_Stretch]:
        """What has crossed with this frame."""
        crossed = list[_Stretch]()
        left, on, right = (mask[part] > 0 for part in watched.parts)
        for begin, end in _runs(left | on | right):
            whole = slice(begin, end)
            here = [one for one in watched.stretches if one.begin < end and begin < one.end]
            if here:
                stretch = here[0]
                stretch.begin, stretch.end = begin, end
                for other in here[1:]:
                    watched.stretches.remove(other)
            elif len(watched.stretches) < MOST:
                stretch = _Stretch(begin, end, t)
                watched.stretches.append(stretch)
            else:
                continue
            stretch.newest = t
            stretch.sides.append((float(left[whole].mean()), float(on[whole].mean()), float(right[whole].mean())))
            del stretch.sides[:-64]
        for stretch in [one for one in watched.stretches if t - one.newest > GONE_S]:
            watched.stretches.remove(stretch)
            way = _way(stretch)
            if way and stretch.newest - stretch.came <= _LONGEST_S:
                watched.counts[0 if way > 0 else 1] += 1
                crossed.append(stretch)
        return crossed

    def _tell(self, watched: _Watched, t: float) -> None:
        if watched.begin is None or restarts(t, watched.begin, self._every_s):
            watched.begin, watched.counts = t, [0, 0]
        elif t - watched.begin >= self._every_s:
            for metric, count in zip((FORWARD, BACK), watched.counts, strict=True):
                self._waiting.put(Measure(t, metric, float(count), watched.line.name))
            watched.begin, watched.counts = t, [0, 0]

    def taken(self) -> Sequence[Measure]:
        """The readings since the last call."""
        return self._waiting.taken()


def _way(stretch: _Stretch) -> int:
    """1: from left to right, -1: back, 0: it was not on the line itself, or went back to where it came from."""
    sides = np.array(stretch.sides)
    if sides[:, 1].max() < 0.3:
        return 0
    times = np.arange(len(sides))
    weight = sides.sum(axis=0)
    if weight[0] <= 0 or weight[2] <= 0:
        return 0
    left, right = (float((times * sides[:, side]).sum() / weight[side]) for side in (0, 2))
    return 0 if abs(left - right) < 0.1 else (1 if left < right else -1)


def _runs(on: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Begin and end of each stretch; gaps of two pixels are none."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], on, [False])).astype(np.int8)))
    runs: list[tuple[int, int]] = []
    for begin, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if runs and begin - runs[-1][1] <= 2:
            runs[-1] = (runs[-1][0], end)
        else:
            runs.append((begin, end))
    return [(begin, end) for begin, end in runs if end - begin >= _LEAST]
