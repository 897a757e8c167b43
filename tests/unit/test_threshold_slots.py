"""The threshold machine over arrays against a plain one, and what must never page."""

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules.definitions import ThresholdRule
from analytics.rules.thresholds import LONG_AGO, NEVER, Slots, Transition
from hub.models import Columns
from hub.quality import UNUSABLE, Quality

S = 1_000_000


class Row(NamedTuple):
    series: int
    ts: int
    value: float
    quality: int = 0


def rule(
    *thresholds: float | None, above: bool = True, hysteresis: float = 0.0, hold: int = 0, number: int = 1
) -> ThresholdRule:
    return ThresholdRule(number, f"r{number}", 1, "level", "level", above, thresholds, hysteresis, hold)


def columns(rows: Iterable[Row]) -> Columns:
    rows = sorted(rows)
    return Columns(
        np.array([row.ts for row in rows], np.int64),
        np.array([row.series for row in rows], np.int32),
        np.array([row.value for row in rows], np.float64),
        np.array([row.quality for row in rows], np.int16),
    )


def run(slots: Slots, *batches: Sequence[Row], now: int = 0, stale_after: int = NEVER) -> list[Transition]:
    found = []
    for rows in batches:
        verdict = slots.evaluate(columns(rows), now, stale_after)
        slots.adopt(verdict)
        found += verdict.transitions
    return found


def levels(slots: Slots, *values: float, series: int = 7, start: int = 1) -> list[int]:
    """The level after each of these values, one a second, each in a batch of its own."""
    found = []
    for at, value in enumerate(values, start):
        run(slots, [Row(series, at * S, value)])
        found.append(int(slots.level[slots.series == series][0]))
    return found


def plainly(rule: ThresholdRule, rows: Iterable[Row]) -> list[tuple[int, int, int]]:
    """(ts, before, after) by a latch for each level, reading by reading."""
    reached: set[int] = set()
    since: dict[int, int] = {}
    last, level, found = LONG_AGO, 0, []
    for row in rows:
        if row.ts <= last or row.quality & (Quality.LATE | UNUSABLE):
            continue
        last = row.ts
        for number, threshold in enumerate(rule.thresholds, 1):
            if threshold is None:
                continue
            distance = row.value - threshold if rule.above else threshold - row.value
            if distance < 0:
                since.pop(number, None)
            elif row.ts - since.setdefault(number, row.ts) >= rule.hold:
                reached.add(number)
            if distance < -rule.hysteresis:
                reached.discard(number)
        before, level = level, max(reached, default=0)
        if before != level:
            found.append((row.ts, before, level))
    return found


VALUES = st.integers(-2, 24).map(lambda half: half / 2)
QUALITIES = st.sampled_from([0, 0, 0, 0, Quality.NO_TIME, Quality.OUT_OF_RANGE, Quality.LATE, Quality.FAULT])


@st.composite
def rules(draw: st.DrawFn) -> list[ThresholdRule]:
    made = []
    for number in range(1, draw(st.integers(1, 3)) + 1):
        above = draw(st.booleans())
        steps = sorted(draw(st.sets(st.integers(1, 10), min_size=4, max_size=4)), reverse=not above)
        given = draw(st.lists(st.booleans(), min_size=4, max_size=4).filter(any))
        thresholds = [float(step) if there else None for step, there in zip(steps, given, strict=True)]
        hysteresis, hold = draw(st.sampled_from([0.0, 0.5, 2.0])), draw(st.sampled_from([0, 1, 3, 7]))
        made.append(rule(*thresholds, above=above, hysteresis=hysteresis, hold=hold, number=number))
    return made


@st.composite
def streams(draw: st.DrawFn) -> list[Row]:
    """Readings of up to three series, in the order of their time."""
    rows = []
    for series in range(1, draw(st.integers(1, 3)) + 1):
        times = sorted(draw(st.sets(st.integers(0, 60), max_size=25)))
        rows += [Row(series, ts, draw(VALUES), draw(QUALITIES)) for ts in times]
    return sorted(rows, key=lambda row: row.ts)


def in_batches(rows: list[Row], cuts: Iterable[int]) -> list[list[Row]]:
    edges = [0, *sorted(cut % (len(rows) + 1) for cut in cuts), len(rows)]
    return [rows[start:end] for start, end in pairwise(edges)]


@given(rules(), streams(), st.lists(st.integers(0, 100), max_size=12), st.data())
@settings(max_examples=300, deadline=None)
def test_agrees_with_the_plain_machine_however_the_stream_is_cut(
    made: list[ThresholdRule], rows: list[Row], cuts: list[int], data: st.DataObject
) -> None:
    watched = [data.draw(st.sets(st.integers(1, 3))) for _ in made]
    slots = Slots.build(made, [sorted(ids) for ids in watched])
    found = run(slots, *in_batches(rows, cuts))
    for one, ids in zip(made, watched, strict=True):
        for series in ids:
            slot = int(slots.find(np.array([one.id]), np.array([series]))[0])
            mine = [(t.ts, t.before, t.after) for t in found if t.slot == slot]
            assert mine == plainly(one, [row for row in rows if row.series == series])


@given(rules(), streams(), st.integers(0, 100), st.lists(st.integers(0, 100), max_size=4))
@settings(max_examples=200, deadline=None)
def test_a_redelivered_prefix_changes_nothing(
    made: list[ThresholdRule], rows: list[Row], upto: int, cuts: list[int]
) -> None:
    slots = Slots.build(made, [[1, 2, 3] for _ in made])
    cut = upto % (len(rows) + 1)
    once = run(slots, rows[:cut])
    assert run(slots, *in_batches(rows[:cut], cuts)) == []
    rest = run(slots, rows[cut:])
    whole = run(Slots.build(made, [[1, 2, 3] for _ in made]), rows)
    assert sorted(once + rest) == sorted(whole)


@given(rules(), streams(), st.integers(0, 100))
@settings(max_examples=200, deadline=None)
def test_a_restart_with_the_levels_and_the_stored_readings_goes_on_as_before(
    made: list[ThresholdRule], rows: list[Row], upto: int
) -> None:
    cut = upto % (len(rows) + 1)
    before = Slots.build(made, [[1, 2, 3] for _ in made])
    run(before, rows[:cut])
    after = Slots.build(made, [[1, 2, 3] for _ in made])
    after.level[:], after.last[:] = before.level, before.last
    after.settle_bands(np.arange(len(after)))
    after.warm_up(columns(rows[:cut]))
    assert run(after, rows[cut:]) == run(before, rows[cut:])


def test_deciding_changes_nothing_until_it_is_adopted() -> None:
    slots = Slots.build([rule(1, 2, 3, 4)], [[7]])
    first = slots.evaluate(columns([Row(7, 1, 5.0)]), 0, NEVER)
    again = slots.evaluate(columns([Row(7, 1, 5.0)]), 0, NEVER)
    assert first.transitions == again.transitions == [Transition(0, 1, 5.0, 0, 4)]
    assert slots.level.tolist() == [0]


def test_levels_go_up_at_the_threshold_and_down_behind_it_less_the_hysteresis() -> None:
    slots = Slots.build([rule(1, 2, 3, 4, hysteresis=0.5)], [[7]])
    assert levels(slots, 0.9, 1.0, 0.5, 0.4, 4.0, 3.5, 3.4, 2.4, 0.5, 0.0) == [0, 1, 1, 0, 4, 4, 3, 2, 1, 0]


def test_below_is_the_mirror() -> None:
    slots = Slots.build([rule(4, 3, None, 1, above=False, hysteresis=0.5)], [[7]])
    assert levels(slots, 4.1, 4.0, 3.0, 1.0, 1.5, 1.6, 4.5, 4.6) == [0, 1, 2, 4, 4, 2, 1, 0]


def test_a_level_needs_the_whole_hold_without_interruption() -> None:
    slots = Slots.build([rule(1, None, 3, None, hold=3 * S)], [[7]])
    assert levels(slots, 2, 2, 2, 0, 2, 2, 2, 2) == [0, 0, 0, 0, 0, 0, 0, 1]
    assert levels(slots, 3, 3, 2, 3, 3, 3, 3, 0, start=9) == [1, 1, 1, 1, 1, 1, 3, 0]


def test_raised_cleared_and_raised_again_within_one_batch() -> None:
    slots = Slots.build([rule(1, None, None, None)], [[7]])
    found = run(slots, [Row(7, at, value) for at, value in enumerate([2, 0, 0, 2])])
    assert [(t.ts, t.after) for t in found] == [(0, 1), (1, 0), (3, 1)]


@pytest.mark.parametrize(
    "row",
    [
        Row(7, 5, 9.0),
        Row(7, 4, 9.0),
        Row(7, 20, 9.0, Quality.OUT_OF_RANGE),
        Row(7, 20, 9.0, Quality.LATE),
        Row(7, 20, 9.0, Quality.MAINTENANCE),
        Row(7, 20, float("nan")),
        Row(8, 20, 9.0),
        Row(99_999, 20, 9.0),
    ],
    ids=[
        "repeated",
        "late",
        "out of range",
        "flagged late",
        "in maintenance",
        "not a number",
        "not watched",
        "unknown series",
    ],
)
def test_what_never_pages(row: Row) -> None:
    slots = Slots.build([rule(1, 2, 3, 4)], [[7, 9]])
    run(slots, [Row(7, 5, 0.0)])
    assert run(slots, [row]) == []
    assert run(slots, [Row(7, 21, 9.0)]) == [Transition(0, 21, 9.0, 0, 4)]


def test_history_filled_in_later_neither_pages_nor_clears() -> None:
    slots = Slots.build([rule(1, 2, 3, 4)], [[7]])
    assert run(slots, [Row(7, 99, 9.0)], now=200, stale_after=100) == []
    assert len(run(slots, [Row(7, 100, 9.0)], now=200, stale_after=100)) == 1
    assert run(slots, [Row(7, 150, 0.0)], now=300, stale_after=100) == []
    assert slots.level.tolist() == [4]


def test_several_rules_on_one_series_are_judged_each_for_itself() -> None:
    both = [rule(1, None, None, None, number=4), rule(1, None, None, None, above=False, number=2)]
    slots = Slots.build(both, [[7], [7]])
    found = run(slots, [Row(7, 1, 2.0), Row(7, 2, 0.5)])
    assert sorted((int(slots.rule[t.slot]), t.ts, t.after) for t in found) == [(2, 2, 1), (4, 1, 1), (4, 2, 0)]


def test_a_rebuild_keeps_what_is_known_and_goes_by_the_new_thresholds() -> None:
    before = Slots.build([rule(1, 2, 3, 4), rule(1, None, None, None, hold=5, number=2)], [[7, 8], [8]])
    run(before, [Row(7, 10, 3.5), Row(8, 10, 1.5)])
    after = Slots.build([rule(1, 2, None, 9), rule(1, None, None, None, hold=5, number=2)], [[6, 7, 8], [8]])
    assert after.inherit(before).tolist() == [False, True, True, True]
    assert after.level.tolist() == [0, 3, 1, 0]
    assert run(after, [Row(7, 10, 9.0)]) == []
    found = run(after, [Row(7, 11, 3.5), Row(8, 15, 1.5)])
    assert [(int(after.rule[t.slot]), t.before, t.after) for t in found] == [(1, 3, 2), (2, 0, 1)]
