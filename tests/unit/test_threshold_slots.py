"""Thresholds over arrays against a plain machine, slots changed in place against fresh ones, what never pages."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import strategies as st

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, NEVER, Slots
from analytics.rules.thresholds import adopt, evaluate, next_due, warm_up
from analytics.rules.verdict import Transition
from hub.models import Columns
from hub.quality import Quality
from tests.support.drawn import drawn
from tests.support.plain_rules import Plain, Row

S = 1_000_000


def rule(
    *thresholds: float | None,
    above: bool = True,
    hysteresis: float = 0.0,
    hold: int = 0,
    clear: int = 0,
    number: int = 1,
) -> ThresholdRule:
    return ThresholdRule(number, f"r{number}", 1, "level", "level", above, thresholds, hysteresis, hold, clear)


def columns(rows: Iterable[Row]) -> Columns:
    rows = sorted(rows)
    return Columns(
        np.array([row.ts for row in rows], np.int64),
        np.array([row.series for row in rows], np.int32),
        np.array([row.value for row in rows], np.float64),
        np.array([row.quality for row in rows], np.int16),
    )


def watching(*watched: tuple[ThresholdRule, Iterable[int]]) -> Slots:
    """Fresh slots of rules on the series of each."""
    slots = Slots()
    for one, series in watched:
        slots.put(one)
        ids = np.array(sorted(series), np.int64)
        slots.add(np.full(len(ids), one.id), ids)
    return slots


def run(
    slots: Slots, *batches: Sequence[Row], now: int | Sequence[int] = 0, stale_after: int = NEVER
) -> list[Transition]:
    """Evaluate and adopt batches, each at its time."""
    found = []
    times = [now] * len(batches) if isinstance(now, int) else now
    for rows, at in zip(batches, times, strict=True):
        verdict = evaluate(slots, columns(rows), at - stale_after, at)
        adopt(slots, verdict)
        found += verdict.transitions
    return found


def levels(slots: Slots, *values: float, series: int = 7, start: int = 1) -> list[int]:
    """The level after each of these values, one a second, each in a batch of its own."""
    found = []
    for at, value in enumerate(values, start):
        run(slots, [Row(series, at * S, value)])
        found.append(int(slots.level[slots.series == series][0]))
    return found


def told(slots: Slots, found: Iterable[Transition]) -> list[tuple[int, int, int, float, int, int]]:
    """(series, rule, ts, value, before, after), sorted: what does not depend on where a slot lies."""
    return sorted((int(slots.series[t.slot]), slots.rule(t.slot).id, *t[1:]) for t in found)


def plainly(rule: ThresholdRule, rows: Iterable[Row], until: int) -> list[tuple[int, int, int]]:
    """(ts, before, after) by the plain machine."""
    plain = Plain(rule)
    for row in rows:
        plain.take(row)
    plain.let_pass(until)
    return plain.found


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
        clear = draw(st.sampled_from([0, 0, 2, 5]))
        made.append(rule(*thresholds, above=above, hysteresis=hysteresis, hold=hold, clear=clear, number=number))
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


@drawn(rules(), streams(), st.lists(st.integers(0, 100), max_size=12), st.data(), few=50, many=300)
def test_agrees_with_the_plain_machine_however_the_stream_is_cut(
    made: list[ThresholdRule], rows: list[Row], cuts: list[int], data: st.DataObject
) -> None:
    watched = [data.draw(st.sets(st.integers(1, 3))) for _ in made]
    slots = watching(*zip(made, watched, strict=True))
    batches, times = in_batches(rows, cuts), []
    for number in range(len(batches)):
        rest = [row.ts for rows in batches[number + 1 :] for row in rows]
        times.append(data.draw(st.integers(-1, min(rest, default=80) - 1)))
    found = run(slots, *batches, [], now=[*times, 80])
    for one, ids in zip(made, watched, strict=True):
        for series in ids:
            slot = int(slots.find(np.array([one.id]), np.array([series]))[0])
            mine = [(t.ts, t.before, t.after) for t in found if t.slot == slot]
            assert mine == plainly(one, [row for row in rows if row.series == series], 80)


@drawn(rules(), streams(), st.integers(0, 100), st.lists(st.integers(0, 100), max_size=4), few=40, many=200)
def test_a_redelivered_prefix_changes_nothing(
    made: list[ThresholdRule], rows: list[Row], upto: int, cuts: list[int]
) -> None:
    slots = watching(*((one, [1, 2, 3]) for one in made))
    cut = upto % (len(rows) + 1)
    once = run(slots, rows[:cut])
    assert run(slots, *in_batches(rows[:cut], cuts)) == []
    rest = run(slots, rows[cut:])
    whole = run(watching(*((one, [1, 2, 3]) for one in made)), rows)
    assert sorted(once + rest) == sorted(whole)


@drawn(rules(), streams(), st.integers(0, 100), few=40, many=200)
def test_a_restart_with_the_levels_and_the_stored_readings_goes_on_as_before(
    made: list[ThresholdRule], rows: list[Row], upto: int
) -> None:
    cut = upto % (len(rows) + 1)
    before = watching(*((one, [1, 2, 3]) for one in made))
    run(before, rows[:cut])
    after = watching(*((one, [1, 2, 3]) for one in made))
    after.level[:], after.watches.last[:] = before.level, before.watches.last
    after.settle_bands(np.arange(len(after)))
    warm_up(after, columns(rows[:cut]))
    assert run(after, rows[cut:], [], now=[0, 80]) == run(before, rows[cut:], [], now=[0, 80])


class Change(NamedTuple):
    """What happens between two batches: a rule is put or dropped, or is to watch other series."""

    number: int
    rule: ThresholdRule | None
    series: frozenset[int]


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    numbers = st.integers(1, 4)
    made = []
    for _ in range(draw(st.integers(1, 12))):
        number = draw(numbers)
        one = draw(st.none() | rules().map(lambda some: some[0]))
        series = frozenset(draw(st.sets(st.integers(1, 6))))
        made.append(Change(number, None if one is None else replace(one, id=number), series))
    return made


def apply(slots: Slots, change: Change, there: dict[int, ThresholdRule]) -> None:
    """In place, as the rule book does."""
    if change.rule is None:
        if change.number in there:
            slots.drop(change.number)
        return
    slots.put(change.rule)
    at = slots.of_rule(change.number)
    slots.remove(at[~np.isin(slots.series[at], list(change.series))])
    wanted = np.array(sorted(change.series), np.int64)
    number = np.full(len(wanted), change.number)
    missing = slots.find(number, wanted) < 0
    slots.add(number[missing], wanted[missing])


def rebuilt(before: Slots, there: dict[int, ThresholdRule], watched: dict[int, frozenset[int]]) -> Slots:
    """Fresh slots, with the state of those that were there."""
    slots = watching(*((one, watched[number]) for number, one in there.items()))
    for slot in range(len(slots)):
        origin = int(before.find(np.array([slots.rule(slot).id]), np.array([slots.series[slot]], np.int64))[0])
        if origin >= 0:
            for state in ("level", "since"):
                getattr(slots, state)[slot] = getattr(before, state)[origin]
            for state in ("last", "value"):
                getattr(slots.watches, state)[slots.watch[slot]] = getattr(before.watches, state)[before.watch[origin]]
    for one in there.values():
        slots.put(one)
    slots.settle_bands(np.arange(len(slots)))
    return slots


@drawn(changes(), st.data(), few=30, many=150)
def test_any_sequence_of_changes_in_place_equals_fresh_slots(steps: list[Change], data: st.DataObject) -> None:
    slots, fresh = Slots(), Slots()
    there: dict[int, ThresholdRule] = {}
    watched: dict[int, frozenset[int]] = {}
    for now, change in enumerate(steps, 1):
        apply(slots, change, there)
        if change.rule is None:
            there.pop(change.number, None)
        else:
            there[change.number], watched[change.number] = change.rule, change.series
        fresh = rebuilt(fresh, there, watched)
        assert len(slots) == len(fresh) == sum(len(watched[number]) for number in there)
        series = data.draw(st.sets(st.integers(1, 6)))
        batch = [Row(one, 10 * now + data.draw(st.integers(0, 9)), data.draw(VALUES)) for one in series]
        assert told(slots, run(slots, batch, now=10 * now + 9)) == told(fresh, run(fresh, batch, now=10 * now + 9))
        assert next_due(slots, LONG_AGO) == next_due(fresh, LONG_AGO)


def test_deciding_changes_nothing_until_it_is_adopted() -> None:
    slots = watching((rule(1, 2, 3, 4), [7]))
    first = evaluate(slots, columns([Row(7, 1, 5.0)]), LONG_AGO, 0)
    again = evaluate(slots, columns([Row(7, 1, 5.0)]), LONG_AGO, 0)
    assert first.transitions == again.transitions == [Transition(0, 1, 5.0, 0, 4)]
    assert slots.level.tolist() == [0]


def test_levels_go_up_at_the_threshold_and_down_behind_it_less_the_hysteresis() -> None:
    slots = watching((rule(1, 2, 3, 4, hysteresis=0.5), [7]))
    assert levels(slots, 0.9, 1.0, 0.5, 0.4, 4.0, 3.5, 3.4, 2.4, 0.5, 0.0) == [0, 1, 1, 0, 4, 4, 3, 2, 1, 0]


def test_below_is_the_mirror() -> None:
    slots = watching((rule(4, 3, None, 1, above=False, hysteresis=0.5), [7]))
    assert levels(slots, 4.1, 4.0, 3.0, 1.0, 1.5, 1.6, 4.5, 4.6) == [0, 1, 2, 4, 4, 2, 1, 0]


def test_a_level_needs_the_whole_hold_without_interruption() -> None:
    slots = watching((rule(1, None, 3, None, hold=3 * S), [7]))
    assert levels(slots, 2, 2, 2, 0, 2, 2, 2, 2) == [0, 0, 0, 0, 0, 0, 0, 1]
    assert levels(slots, 3, 3, 2, 3, 3, 3, 3, 0, start=9) == [1, 1, 1, 1, 1, 1, 3, 0]


def test_raised_cleared_and_raised_again_within_one_batch() -> None:
    slots = watching((rule(1, None, None, None), [7]))
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
    slots = watching((rule(1, 2, 3, 4), [7, 9]))
    run(slots, [Row(7, 5, 0.0)])
    assert run(slots, [row]) == []
    assert run(slots, [Row(7, 21, 9.0)]) == [Transition(0, 21, 9.0, 0, 4)]


def test_history_filled_in_later_neither_pages_nor_clears() -> None:
    slots = watching((rule(1, 2, 3, 4), [7]))
    assert run(slots, [Row(7, 99, 9.0)], now=200, stale_after=100) == []
    assert len(run(slots, [Row(7, 100, 9.0)], now=200, stale_after=100)) == 1
    assert run(slots, [Row(7, 150, 0.0)], now=300, stale_after=100) == []
    assert slots.level.tolist() == [4]


def test_several_rules_on_one_series_are_judged_each_for_itself() -> None:
    both = [rule(1, None, None, None, number=4), rule(1, None, None, None, above=False, number=2)]
    slots = watching(*((one, [7]) for one in both))
    found = run(slots, [Row(7, 1, 2.0), Row(7, 2, 0.5)])
    assert sorted((slots.rule(t.slot).id, t.ts, t.after) for t in found) == [(2, 2, 1), (4, 1, 1), (4, 2, 0)]


def test_a_changed_rule_keeps_what_is_known_and_goes_by_its_new_thresholds() -> None:
    slots = watching((rule(1, 2, 3, 4), [7, 8]), (rule(1, None, None, None, hold=5, number=2), [8]))
    run(slots, [Row(7, 10, 3.5), Row(8, 10, 1.5)])
    slots.put(rule(1, 2, None, 9))
    assert slots.level[slots.find(np.array([1, 1, 2]), np.array([7, 8, 8]))].tolist() == [3, 1, 0]
    assert run(slots, [Row(7, 10, 9.0)]) == []
    found = run(slots, [Row(7, 11, 3.5), Row(8, 15, 1.5)])
    assert sorted((slots.rule(t.slot).id, t.before, t.after) for t in found) == [(1, 3, 2), (2, 0, 1)]


def test_a_hold_ends_without_another_reading_once() -> None:
    slots = watching((rule(1, None, 3, None, hold=5), [7, 8]))
    assert run(slots, [Row(7, 10, 3.5), Row(8, 10, 0.5)], now=10) == []
    assert next_due(slots, 0) == 15
    assert run(slots, [], now=14) == []
    assert run(slots, [], [], now=[18, 19]) == [Transition(0, 15, 3.5, 0, 3)]
    assert next_due(slots, 0) is None


def test_a_hold_that_ended_too_long_ago_is_told_by_the_next_reading_only() -> None:
    slots = watching((rule(1, None, None, None, hold=5), [7]))
    run(slots, [Row(7, 10, 1.5)], now=10)
    assert run(slots, [], now=100, stale_after=50) == []
    assert next_due(slots, 50) is None
    assert run(slots, [Row(7, 100, 2.5)], now=100, stale_after=50) == [Transition(0, 100, 2.5, 0, 1)]


def test_a_raised_threshold_ends_what_pends_behind_it() -> None:
    slots = watching((rule(1, 2, None, None, hold=5), [7]))
    run(slots, [Row(7, 10, 2.5)])
    slots.put(rule(1, 3, None, None, hold=5))
    assert run(slots, [], now=99) == [Transition(0, 15, 2.5, 0, 1)]
