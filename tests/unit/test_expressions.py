"""Expressions over readings: as CEL's own evaluator says, message by message, whatever the batches are."""

import math
from collections.abc import Sequence
from itertools import groupby, pairwise, product
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import assume
from hypothesis import strategies as st

from analytics.reordering.judged import Waiting
from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions import turn
from analytics.rules.expressions.held import Held
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.expressions.turn import WAIT, Clock
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from devices.expressions.program import program_of
from devices.expressions.refused import ExpressionRefused
from hub.models import Batch, Columns
from hub.quality import Quality
from hub.store.latest import Latest
from tests.support.drawn import drawn
from tests.support.expressions import FIGURES, OWN, Text, numbers, said, truths
from tests.support.origins import raw_of

NAN = float("nan")
STALE = 50
VALUES = st.sampled_from([NAN, 0.0, 1.0, -2.5, 3.0, 1e300, 1e-300])


@drawn(
    numbers(3) | truths(3),
    st.lists(st.tuples(*[VALUES] * 5), min_size=1, max_size=4),
    st.lists(st.floats(-9, 9), max_size=3),
    few=30,
    many=150,
)
def test_what_is_calculated_over_arrays_is_what_cel_says_row_by_row(
    text: Text, rows: Sequence[Sequence[float]], near: Sequence[float]
) -> None:
    try:
        program = program_of(text.given)
    except ExpressionRefused as refused:
        assume("the device itself" not in refused.sentence)
        raise
    columns = dict(zip([*OWN, "gateway.g"], np.array(rows).T, strict=False))
    for name, figure in FIGURES.items():
        columns[f"{name}(neighbours(5).a)"] = np.full(len(rows), figure(near) if near or name == "count" else NAN)
    found = program({each: columns[str(each).removeprefix("device.")] for each in program.inputs}, len(rows))
    for result, row in zip(found.tolist(), rows, strict=True):
        own = {name: value for name, value in zip(OWN, row, strict=False) if not math.isnan(value)}
        expected = said(text, own, {} if math.isnan(row[3]) else {"g": row[3]}, near)
        assert (None if math.isnan(result) else result) == expected, (text.given, row)


class Message(NamedTuple):
    device: int
    ts: int
    values: tuple[tuple[int, float], ...]
    """(metric, value)"""


TEXTS = st.sampled_from(
    ["a > 2 && b > 0", "a + b", "has(device.c) ? c : a", "a / b", "a > 0 || c > 0", "max(a, c) - b", "b == 1 ? a : c"]
)


class Hub:
    """Two devices with three series each, a slot on the first of each, and what they make of batches."""

    def __init__(self, text: str) -> None:
        self.slots, self.newest = Slots(), Latest()
        self.slots.put(ThresholdRule(1, "r", 1, "a", "a", True, (1.0, None, None, None), expression=text, hold=3))
        series = np.array([[10, 11, 12], [20, 21, 22]])
        at = self.slots.add(np.ones(2, np.int64), series[:, 0])
        program = program_of(text)
        own = np.stack([series[:, OWN.index(each.metric)] for each in program.inputs], axis=1)
        self.subjects = Subjects((Subject(program, STALE, 0, own),), at)
        self.held = Held()
        self.seen: dict[int, list[tuple[int, float]]] = {0: [], 1: []}
        """By device (time, result)."""
        self.levels: list[tuple[int, int, int]] = []

    def take(self, messages: Sequence[Message], now: int = 0) -> None:
        rows = sorted(
            (10 * (each.device + 1) + metric, each.ts, value, number)
            for number, each in enumerate(messages)
            for metric, value in each.values
        )
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        series, ts, value = np.array(columns[0], np.int32), np.array(columns[1], np.int64), np.array(columns[2])
        quality = np.where(np.isnan(value), np.int16(Quality.NOT_A_NUMBER), np.int16(0))
        readings = Columns(ts, series, value.astype(np.float64), quality)
        order, clock = np.array(columns[3], np.int32), Clock(self.held, now, now, Waiting())
        outcome = outcome_of(self.subjects, self.slots, self.newest, readings, order, None, clock=clock)
        seen = outcome.rows()
        for slot, at, result in zip(seen.slot.tolist(), seen.ts.tolist(), seen.value.tolist(), strict=True):
            self.seen[int(self.slots.series[slot]) // 10 - 1].append((at, result))
        verdict = evaluate(self.slots, readings, LONG_AGO, now or LONG_AGO, rows=seen)
        self.levels += [(each.slot, each.ts, each.after) for each in verdict.transitions]
        adopt(self.slots, verdict)
        self.held = outcome.held
        self.newest.adopt(Batch([raw_of("test", "here", b"", 1)], readings, order))

    def took(self, messages: Sequence[Message], cuts: Sequence[int]) -> "Hub":
        """In batches that end at `cuts`, and with all that waits."""
        for begin, end in pairwise([0, *sorted(cuts), len(messages)]):
            self.take(messages[begin:end])
        self.take([], WAIT)
        assert not len(self.held.rows)
        return self


CUTS = st.lists(st.integers(0, 12), max_size=4)


@st.composite
def interleaved(draw: st.DrawFn) -> tuple[list[Message], list[Message]]:
    """Readings of two devices, all of which have been heard once, and the same in another order that keeps that of each
    series; no series is silent for STALE."""
    keys = st.tuples(st.integers(0, 1), st.integers(0, 2), st.integers(1, STALE - 1))
    found = [(key, draw(VALUES)) for key in draw(st.lists(keys, max_size=14, unique=True))]
    first = [Message(device, 0, tuple((metric, draw(VALUES)) for metric in range(3))) for device in (0, 1)]
    one_by_one = [Message(device, ts, ((metric, value),)) for (device, metric, ts), value in found]
    in_time = sorted(one_by_one, key=lambda each: each.ts)
    queues = [
        [each for each in in_time if (each.device, each.values[0][0]) == key] for key in product((0, 1), range(3))
    ]
    other = []
    while left := [queue for queue in queues if queue]:
        other.append(draw(st.sampled_from(left)).pop(0))
    return first + in_time, first + other


@drawn(TEXTS, interleaved(), CUTS, CUTS, few=20, many=60)
def test_any_interleaving_that_keeps_the_order_of_each_series_tells_the_same(
    text: str, both: tuple[list[Message], list[Message]], cuts: Sequence[int], others: Sequence[int]
) -> None:
    in_time, other = both
    plain, hub = Hub(text).took(in_time, cuts), Hub(text).took(other, others)
    assert hub.seen == plain.seen == {device: _one_by_one(text, in_time, device) for device in (0, 1)}
    assert sorted(hub.levels) == sorted(plain.levels)


MESSAGES = st.lists(
    st.builds(
        Message,
        st.integers(0, 1),
        st.integers(1, 120),
        st.lists(st.tuples(st.integers(0, 2), VALUES), min_size=1, max_size=3, unique_by=lambda each: each[0]).map(
            tuple
        ),
    ),
    max_size=12,
    unique_by=lambda each: each[:2],
).map(lambda some: sorted(some, key=lambda each: each.ts))


@drawn(TEXTS, MESSAGES, CUTS, few=20, many=40)
def test_what_is_old_is_missing_and_batches_make_no_difference(
    text: str, messages: Sequence[Message], cuts: Sequence[int]
) -> None:
    assert Hub(text).took(messages, cuts).seen == {device: _one_by_one(text, messages, device) for device in (0, 1)}


def _one_by_one(text: str, messages: Sequence[Message], device: int) -> list[tuple[int, float]]:
    """The same, time by time, by CEL's own evaluator."""
    known: dict[str, tuple[int, float]] = {}
    found = list[tuple[int, float]]()
    used = {each.metric for each in program_of(text).inputs}
    for now, some in groupby([each for each in messages if each.device == device], key=lambda each: each.ts):
        values = [value for each in some for value in each.values]
        named = {OWN[metric]: (now, value) for metric, value in values if OWN[metric] in used}
        if not named:
            continue
        known |= named
        own = {name: value for name, (at, value) in known.items() if now - at <= STALE and not math.isnan(value)}
        finite = Text(
            text,
            text.replace("a / b", "finite(a / b)")
            .replace("a + b", "finite(a + b)")
            .replace("0", "0.0")
            .replace("> 2", "> 2.0")
            .replace("== 1", "== 1.0")
            .replace("max(a, c) - b", "finite(max(a, c) - b)"),
        )
        result = said(finite, own, {}, [])
        if result is not None:
            found.append((now, result))
    return found


def _of(ts: int, **values: float) -> Message:
    return Message(0, ts, tuple((OWN.index(name), value) for name, value in values.items()))


def test_a_reading_waits_for_another_metric_as_long_as_is_said_and_what_comes_later_counts_from_then_on() -> None:
    hub = Hub("a + b")
    hub.take([_of(1, a=1.0, b=1.0), _of(5, a=2.0)])
    hub.take([], WAIT - 1)
    assert hub.seen[0] == [(1, 2.0)]
    hub.take([], WAIT)
    assert hub.seen[0] == [(1, 2.0), (5, 3.0)]
    hub.take([_of(3, b=5.0)], WAIT)
    assert hub.seen[0][2:] == [(6, 7.0)], "known from then on, a microsecond later"
    hub.take([_of(9, b=1.0)], WAIT)
    hub.take([_of(9 + STALE, a=1.0)], WAIT)
    assert hub.seen[0][3:] == [(9, 3.0)], "b is heard up to 9"
    hub.take([_of(10 + STALE, a=1.0), _of(11 + STALE, a=4.0)], WAIT)
    assert len(hub.seen[0]) == 4, "behind a reading that waits the others do"
    hub.take([], 2 * WAIT)
    assert hub.seen[0][4:] == [(9 + STALE, 2.0)], "then b was silent for too long"


def test_more_than_may_wait_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turn, "EACH", 3)
    hub = Hub("a + b")
    hub.take([_of(1, a=1.0, b=1.0), *(_of(at, a=float(at)) for at in (2, 3, 4))])
    assert len(hub.held.rows) == 3
    hub.take([_of(5, a=5.0)])
    assert (len(hub.held.rows), len(hub.seen[0])) == (0, 5)
    monkeypatch.setattr(turn, "MOST", 1)
    for at in (6, 7):
        hub.take([_of(at, a=1.0)])
    assert len(hub.held.rows) == 2
    hub.take([])
    assert len(hub.held.rows) == 0


def test_a_hold_time_does_not_end_before_what_waits() -> None:
    hub = Hub("a > 2 && b > 0")
    hub.take([_of(1, a=3.0, b=1.0)])
    hub.take([_of(3, a=1.0)], 3)
    hub.take([], 5)
    assert hub.levels == [], "the hold time is over at 4, but at 3 it may be false"
    hub.take([_of(6, b=1.0)], 6)
    assert hub.levels == []
    hub.take([_of(6, a=3.0)], 6)
    hub.take([], 20)
    assert [ts for _, ts, _ in hub.levels] == [9]
