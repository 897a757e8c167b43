"""Readings that may come out of order are judged in the order of their times, each once, and none too early."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reordering import stage
from analytics.reordering.judged import judged_with
from analytics.reordering.newest import NewestJudged
from analytics.reordering.stage import Reordering
from devices.quality import QualityFlags
from devices.registry.registry import Registry
from hub.models import Batch, Columns
from hub.quality import Quality
from hub.repeats import Corrected
from hub.stage import run_steps
from hub.store.latest import Latest
from tests.support.batches import columns
from tests.support.origins import raw_of

S = 1_000_000
ALLOWED = 10
"""Seconds of series 1 and 2; series 3 allows none."""


class Came(NamedTuple):
    series: int
    ts: int
    value: float = 0.0
    at: int | None = None
    """When it came, in seconds; None: when its series had come so far."""


class Line:
    """The stages that a reading passes before it is judged, and what was judged."""

    def __init__(self) -> None:
        registry = self.registry = Registry()
        registry.lateness[1:3] = registry.longest_lateness = ALLOWED * S
        self.latest = Latest()
        self.newest = NewestJudged(self.latest)
        self.stage = Reordering(registry, self.newest, lambda now: now, lambda code: True)
        self.flags = QualityFlags(registry, self.latest, self.stage.judged)
        self.judged: dict[int, list[tuple[int, float]]] = {1: [], 2: [], 3: []}
        self.late: list[tuple[int, int]] = []
        self.early = 0

    def take(self, came: Sequence[Came], now: int = 0, corrected: Sequence[int] = ()) -> list[tuple[int, float]]:
        """A batch of readings, each in a message of its own; what was judged with it, by second and value."""
        received = [(each.ts if each.at is None else each.at) * S for each in came]
        raws = [raw_of("mqtt", "ganzhi/v1/d/telemetry", b"", at) for at in received]
        batch = Batch(raws, columns([(one.series, one.ts * S, one.value, 0) for one in came]))
        batch.now = max([now * S, *received])
        places = sorted(range(len(came)), key=lambda place: came[place][:2])
        batch.order = np.array(places, np.int32)
        if corrected:
            batch.put(Corrected(np.isin(batch.order, corrected)))
        run_steps(self.flags, batch)
        run_steps(self.stage, batch)
        found = judged_with(batch).readings
        self.latest.adopt(batch)
        self.stage.adopt(batch)
        self.late += [(row.series, row.ts) for row in _rows(batch.readings) if row.quality & Quality.LATE]
        told = [row for row in _rows(found) if not row.quality & Quality.LATE]
        for row in told:
            self.judged[row.series].append((row.ts, row.value))
        return [(row.ts, row.value) for row in told]

    def end(self, now: int) -> None:
        """Let time pass."""
        while (due := self.stage.due(now * S)) is not None and due <= now * S:
            self.take([], now)


class Row(NamedTuple):
    series: int
    ts: int
    value: float
    quality: int


def _rows(readings: Columns) -> list[Row]:
    arrays = readings.series, readings.ts // S, readings.value, readings.quality
    return [Row(*row) for row in zip(*(each.tolist() for each in arrays), strict=True)]


@st.composite
def arrivals(draw: st.DrawFn) -> tuple[list[Came], list[int]]:
    """Readings in an order that their profiles allow, and where it is cut into batches."""
    keys = draw(st.lists(st.tuples(st.integers(1, 3), st.integers(0, 60)), min_size=1, max_size=25, unique=True))
    delays = draw(st.lists(st.integers(0, ALLOWED), min_size=len(keys), max_size=len(keys)))
    times = [(ts + (0 if series == 3 else delay), ts, series) for (series, ts), delay in zip(keys, delays, strict=True)]
    came = [Came(series, ts, float(ts), at) for at, ts, series in sorted(times)]
    return came, draw(st.lists(st.integers(0, len(came)), max_size=8))


@given(arrivals())
def test_in_any_order_and_cut_each_is_judged_once_in_the_order_of_times(given: tuple[list[Came], list[int]]) -> None:
    came, cuts = given
    line = Line()
    bounds = sorted({0, len(came), *cuts})
    for start, end in pairwise(bounds):
        line.take(came[start:end])
        for series in (1, 2):
            newest = max([each.ts for each in came[:end] if each.series == series], default=0)
            now = came[end - 1].at or 0
            assert all(ts <= max(newest, now) - ALLOWED for ts, _ in line.judged[series]), "judged too early"
    line.end(1_000)
    assert line.late == []
    for series, judged in line.judged.items():
        assert judged == sorted((each.ts, each.value) for each in came if each.series == series)
    assert line.stage.due(2_000 * S) is None


def test_late_is_what_is_older_by_more_than_that_than_the_newest_before_it() -> None:
    for cut in (True, False):
        line = Line()
        came = [Came(1, 100), Came(1, 90, at=100), Came(1, 89, at=100), Came(3, 100), Came(3, 99, at=100)]
        for part in [[each] for each in came] if cut else [came]:
            line.take(part)
        line.end(200)
        assert line.late == [(1, 89), (3, 99)]
        assert [ts for ts, _ in line.judged[1]] == [90, 100]


def test_a_reading_waits_for_the_clock_where_none_comes_as_long_as_the_newest_was_under_way() -> None:
    line = Line()
    assert line.take([Came(1, 100, at=103), Came(1, 95, at=103)]) == []
    assert (line.stage.due(0), line.stage.due(107 * S)) == (108 * S, 108 * S)
    assert line.take([], 107) == []
    assert line.take([], 108) == [(95, 0.0)]
    assert line.take([], 113) == [(100, 0.0)]
    assert line.take([Came(1, 94, at=113)]) == [], "it would be judged after newer ones"
    assert line.late == [(1, 94)]


def test_a_correction_takes_the_place_of_what_waits_and_one_of_what_is_judged_passes() -> None:
    line = Line()
    line.take([Came(1, 100, 1.0), Came(1, 101, 5.0)])
    assert line.take([Came(1, 100, 2.0, at=102)], corrected=[0]) == []
    assert line.take([], 110) == [(100, 2.0)]
    assert line.take([Came(1, 100, 3.0, at=110)], corrected=[0]) == [(100, 3.0)]
    assert line.take([], 120) == [(101, 5.0)]


def test_too_many_are_judged_early_the_oldest_first_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "EACH", 3)
    monkeypatch.setattr(stage, "MOST", 4)
    line = Line()
    assert line.take([Came(1, ts) for ts in (100, 101, 102, 103)]) == [(100, 0.0)]
    assert line.take([Came(2, 90), Came(2, 91, at=103)]) == [(90, 0.0)]
    assert line.take([Came(1, 99, at=104)]) == []
    assert line.late == [(1, 99)]


@pytest.mark.parametrize("allowed", [0, 2, 60])
def test_what_waits_goes_by_what_the_profile_allows_now(allowed: int) -> None:
    line = Line()
    line.take([Came(1, 100), Came(1, 97, at=100)])
    line.registry.lateness[1:3] = line.registry.longest_lateness = allowed * S
    line.registry._changes.note(np.array([1], np.int32))
    line.end(97 + allowed)
    assert [ts for ts, _ in line.judged[1]] == [97]
    line.end(100 + allowed)
    assert [ts for ts, _ in line.judged[1]] == [97, 100]
    line.take([Came(1, 101, at=100 + allowed)])
    assert len(line.judged[1]) == (2 if allowed else 3)
    assert line.stage.judged(np.array([1], np.int32)).tolist() == [100 * S if allowed else 101 * S]


def test_what_was_judged_before_lateness_was_allowed_stays_so() -> None:
    line = Line()
    line.registry.lateness[1:3] = line.registry.longest_lateness = 0
    line.take([Came(1, 100)])
    line.registry.lateness[1:3] = line.registry.longest_lateness = ALLOWED * S
    assert line.take([Came(1, 99, at=100)]) == []
    assert line.late == [(1, 99)]
    line.take([Came(1, 101)])
    line.end(200)
    assert [ts for ts, _ in line.judged[1]] == [100, 101]


def test_decided_again_is_decided_once_and_what_is_not_committed_leaves_nothing() -> None:
    line = Line()
    line.take([Came(1, 100)])
    batch = Batch([], columns([(1, 105 * S, 0.0, 0)]), now=105 * S)
    run_steps(line.stage, batch)
    run_steps(line.stage, batch)
    assert not len(judged_with(batch).readings)
    line.end(120)
    assert line.judged[1] == [(100, 0.0)]


def test_where_nobody_allows_lateness_nothing_waits() -> None:
    line = Line()
    line.registry.lateness[1:3] = line.registry.longest_lateness = 0
    assert line.take([Came(1, 100), Came(1, 101)]) == [(100, 0.0), (101, 0.0)]
    assert line.stage.due(10_000 * S) is None
