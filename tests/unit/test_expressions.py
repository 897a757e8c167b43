"""Expressions over readings: as CEL's own evaluator says, message by message, whatever the batches are."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from devices.expressions.program import program_of
from devices.expressions.refused import ExpressionRefused
from hub.models import Batch, Columns
from hub.quality import Quality
from hub.store.latest import Latest
from tests.support.expressions import FIGURES, OWN, Text, numbers, said, truths
from tests.support.origins import raw_of

NAN = float("nan")
STALE = 50
VALUES = st.sampled_from([NAN, 0.0, 1.0, -2.5, 3.0, 1e300, 1e-300])


@settings(max_examples=150, deadline=None)
@given(
    numbers(3) | truths(3),
    st.lists(st.tuples(*[VALUES] * 5), min_size=1, max_size=4),
    st.lists(st.floats(-9, 9), max_size=3),
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
)
TEXTS = st.sampled_from(
    ["a > 2 && b > 0", "a + b", "has(device.c) ? c : a", "a / b", "a > 0 || c > 0", "max(a, c) - b", "b == 1 ? a : c"]
)


class Hub:
    """Two devices with three series each, a slot on the first of each, and what they make of batches."""

    def __init__(self, text: str) -> None:
        self.slots, self.newest = Slots(), Latest()
        self.slots.put(ThresholdRule(1, "r", 1, "a", "a", True, (1.0, None, None, None), expression=text))
        series = np.array([[10, 11, 12], [20, 21, 22]])
        at = self.slots.add(np.ones(2, np.int64), series[:, 0])
        program = program_of(text)
        own = np.stack([series[:, OWN.index(each.metric)] for each in program.inputs], axis=1)
        self.subjects = Subjects((Subject(program, STALE, 0, own),), at)
        self.seen: list[tuple[int, int, float]] = []
        self.levels: list[tuple[int, int, int]] = []

    def take(self, messages: Sequence[Message]) -> None:
        rows = sorted(
            (10 * (each.device + 1) + metric, each.ts, value, number)
            for number, each in enumerate(messages)
            for metric, value in each.values
        )
        columns = list(zip(*rows, strict=True)) or [(), (), (), ()]
        series, ts, value = np.array(columns[0], np.int32), np.array(columns[1], np.int64), np.array(columns[2])
        quality = np.where(np.isnan(value), np.int16(Quality.NOT_A_NUMBER), np.int16(0))
        readings = Columns(ts, series, value.astype(np.float64), quality)
        order = np.array(columns[3], np.int32)
        outcome = outcome_of(self.subjects, self.slots, self.newest, readings, order, None)
        seen = outcome.rows()
        self.seen += zip(self.slots.series[seen.slot].tolist(), seen.ts.tolist(), seen.value.tolist(), strict=True)
        verdict = evaluate(self.slots, readings, LONG_AGO, LONG_AGO, rows=seen)
        self.levels += [(each.slot, each.ts, each.after) for each in verdict.transitions]
        adopt(self.slots, verdict)
        self.newest.adopt(Batch([raw_of("test", "here", b"", 1)], readings, order))


def _in_time(messages: Sequence[Message]) -> list[Message]:
    """Without what is late for its series, as the hub flags it."""
    newest: dict[tuple[int, int], int] = {}
    kept = []
    for each in messages:
        values = tuple(v for v in each.values if newest.get((each.device, v[0]), 0) < each.ts)
        newest |= {(each.device, metric): each.ts for metric, _ in values}
        if values:
            kept.append(each._replace(values=values))
    return kept


@settings(max_examples=150, deadline=None)
@given(TEXTS, MESSAGES, st.lists(st.integers(0, 12), max_size=4))
def test_each_message_is_one_moment_and_batches_make_no_difference(
    text: str, messages: Sequence[Message], cuts: Sequence[int]
) -> None:
    messages = _in_time(messages)
    whole, parted = Hub(text), Hub(text)
    whole.take(messages)
    edges = [0, *sorted(cuts), len(messages)]
    for begin, end in pairwise(edges):
        if begin < end:
            parted.take(messages[begin:end])
    by_device = [[each for each in hub.seen if each[0] == series] for series in (10, 20) for hub in (whole, parted)]
    assert by_device[0] == by_device[1] == _one_by_one(text, messages, 0)
    assert by_device[2] == by_device[3] == _one_by_one(text, messages, 1)
    assert sorted(whole.levels) == sorted(parted.levels)


def _one_by_one(text: str, messages: Sequence[Message], device: int) -> list[tuple[int, int, float]]:
    """The same, message by message, by CEL's own evaluator."""
    known: dict[str, tuple[int, float]] = {}
    now, found = LONG_AGO, list[tuple[int, int, float]]()
    used = {each.metric for each in program_of(text).inputs}
    for each in messages:
        named = {OWN[metric]: (each.ts, value) for metric, value in each.values if OWN[metric] in used}
        if each.device != device or not named:
            continue
        now, known = max(each.ts, now), known | named
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
            told = max(now, found[-1][1] + 1) if found else now
            found.append((10 * (device + 1), told, result))
    return found
