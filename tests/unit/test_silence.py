"""Rules on silence against a plain model: in whatever batches readings come, and whenever it is looked."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules import silence
from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, NEVER, Slots, Worked
from analytics.rules.thresholds import adopt, evaluate, next_due
from analytics.rules.verdict import Transition
from hub.models import Columns
from hub.quality import Quality

S = 1_000_000
RULE = ThresholdRule(1, "quiet", 1, "level", "level", True, (None, 10.0, 20.0, None), signal="silence")
Told = list[tuple[int, int, int]]
"""Time, and level before and after."""


def slots_of(rule: ThresholdRule = RULE, series: int = 2) -> Slots:
    slots = Slots()
    slots.put(rule)
    slots.add(np.full(series, rule.id), np.arange(series))
    return slots


def readings(*at: int, series: int = 0, quality: int = 0) -> Columns:
    n = len(at)
    return Columns(np.array(at, np.int64) * S, np.full(n, series, np.int32), np.ones(n), np.full(n, quality, np.int16))


def take(slots: Slots, some: Columns, until: int = LONG_AGO, oldest: int = LONG_AGO, now: int = LONG_AGO) -> Told:
    verdict = evaluate(slots, some, oldest, until, None, None)
    adopt(slots, verdict, now)
    return [(each.ts // S, each.before, each.after) for each in verdict.transitions]


def wait(slots: Slots, until: int, oldest: int = LONG_AGO) -> Told:
    """What timers say, as often as there are any."""
    told: Told = []
    while (due := next_due(slots, oldest)) is not None and due <= until * S:
        told += take(slots, Columns.empty(), due, oldest)
    return told


def worked_by(works: Sequence[tuple[int, int]]) -> Worked:
    """As the hub tells it of windows."""

    def worked(series: int, begin: int, end: int) -> int:
        return max((e * S for b, e in works if b * S <= end and e * S > begin), default=LONG_AGO)

    return worked


def plain(at: Sequence[int], until: int, clear: int, works: Sequence[tuple[int, int]] = ()) -> Told:
    """Second by second; `works` are the times of planned work."""
    told: Told = []
    level, last, back = 0, None, None
    for now in range(until + 1):
        last = now if now in at else last
        if last is not None:
            last = max([last, *(end for begin, end in works if begin <= now < end)])
        if level and back is not None and now == back + clear:
            told.append((now, level, 0))
            level, back = 0, None
        if last is not None and now not in at:
            reached = 3 if now - last >= 20 else 2 if now - last >= 10 else 0
            if reached > level:
                told.append((now, level, reached))
                level = reached
        if now in at and level and back is None:
            if clear == 0:
                told.append((now, level, 0))
                level = 0
            else:
                back = now
    return told


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 120), min_size=1, max_size=12), st.sets(st.integers(0, 120), max_size=4),
    st.sets(st.integers(0, 140), max_size=4), st.sampled_from([0, 4, 9]),
)  # fmt: skip
def test_any_cutting_and_any_looking_says_what_the_plain_model_says(
    at: set[int], cuts: set[int], looks: set[int], clear: int
) -> None:
    slots, told = slots_of(replace(RULE, clear=clear * S)), Told()
    for begin, end in zip(sorted({0, *cuts}), [*sorted(cuts - {0}), 121], strict=True):
        for look in sorted(look for look in looks if look < begin):
            told += wait(slots, look)
        told += take(slots, readings(*sorted(second for second in at if begin <= second < end)))
    told += wait(slots, 200)
    assert told == plain(sorted(at), 200, clear)


@settings(deadline=None)
@given(
    st.sets(st.integers(0, 120), min_size=1, max_size=8), st.sets(st.integers(0, 120), max_size=3),
    st.sets(st.integers(0, 140), max_size=4), st.sampled_from([0, 4, 9]),
    st.lists(st.tuples(st.integers(0, 130), st.integers(1, 25)), max_size=3),
)  # fmt: skip
def test_work_on_a_device_puts_silence_off_by_its_whole_time(
    at: set[int], cuts: set[int], looks: set[int], clear: int, given_works: list[tuple[int, int]]
) -> None:
    works = [(begin, begin + length) for begin, length in given_works]
    slots, told = slots_of(replace(RULE, clear=clear * S)), Told()
    slots.worked = worked_by(works)
    for begin, end in zip(sorted({0, *cuts}), [*sorted(cuts - {0}), 121], strict=True):
        for look in sorted(look for look in looks if look < begin):
            told += wait(slots, look)
        told += take(slots, readings(*sorted(second for second in at if begin <= second < end)))
    told += wait(slots, 260)
    assert told == plain(sorted(at), 260, clear, works)


def test_red_silence_is_told_while_somebody_works_there() -> None:
    slots = slots_of(replace(RULE, thresholds=(None, 10.0, None, 20.0)))
    slots.worked = worked_by([(105, 200)])
    take(slots, readings(100))
    assert wait(slots, 500) == [(120, 0, 4)]


def test_a_device_that_is_in_use_again_has_its_whole_time_again() -> None:
    slots = slots_of()
    take(slots, readings(100))
    slots.active[:] = 300 * S
    silence.arm(slots, np.arange(2))
    assert wait(slots, 309) == []
    assert wait(slots, 310) == [(310, 0, 2)]
    other = slots_of()
    other.active[:] = 300 * S
    take(other, readings(100))
    assert not take(other, readings(305)), "what came from before is no silence either"
    assert wait(other, 315) == [(315, 0, 2)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 30), min_size=1, max_size=8), st.integers(0, 7), st.sampled_from([0, 4]))
def test_one_that_begins_anew_from_newest_readings_and_alerts_goes_on(steps: list[int], kill: int, clear: int) -> None:
    rule = replace(RULE, clear=clear * S)
    whole, killed, at = slots_of(rule), slots_of(rule), 0
    expected, told = Told(), Told()
    for number, step in enumerate(steps):
        at += step
        expected += wait(whole, at - 1) + take(whole, readings(at))
        told += wait(killed, at - 1) + take(killed, readings(at))
        if number == kill:
            after = slots_of(rule)
            after.level[0], after.watches.last[0] = killed.level[0], killed.watches.last[0]
            level = int(killed.level[0])
            after.since[0, :level] = killed.since[0, :level]  # table rule_pending
            silence.arm(after, np.array([0]))
            killed = after
    assert told + wait(killed, at + 99) == expected + wait(whole, at + 99)


def test_levels_follow_each_other_and_the_next_reading_ends_them() -> None:
    slots = slots_of()
    assert not take(slots, readings(100))
    assert wait(slots, 109) == []
    assert wait(slots, 110) == [(110, 0, 2)]
    assert wait(slots, 500) == [(120, 2, 3)]
    assert next_due(slots, LONG_AGO) is None, "there is no further level"
    assert take(slots, readings(501)) == [(501, 3, 0)]
    assert wait(slots, 511) == [(511, 0, 2)]


def test_several_levels_that_are_over_at_once_are_one_step() -> None:
    slots = slots_of()
    take(slots, readings(100))
    verdict = evaluate(slots, Columns.empty(), LONG_AGO, 200 * S)
    assert [tuple(each) for each in verdict.transitions] == [
        Transition(0, 110 * S, 10.0, 0, 2), Transition(0, 120 * S, 20.0, 2, 3)
    ]  # fmt: skip


@pytest.mark.parametrize("quality", [Quality.OUT_OF_RANGE, Quality.NOT_A_NUMBER, Quality.FAULT])
def test_what_comes_is_no_silence_whatever_its_quality(quality: Quality) -> None:
    slots = slots_of()
    take(slots, readings(100))
    take(slots, readings(109, quality=quality))
    assert wait(slots, 118) == []
    assert wait(slots, 119) == [(119, 0, 2)]


def test_late_and_repeated_readings_change_nothing() -> None:
    slots = slots_of()
    take(slots, readings(100))
    take(slots, readings(105, quality=Quality.LATE))
    take(slots, readings(100))
    take(slots, readings(99))
    assert wait(slots, 110) == [(110, 0, 2)]
    assert not take(slots, readings(109)) or slots.level[0] == 0


def test_what_was_never_heard_is_not_silent() -> None:
    slots = slots_of()
    slots.hears = 50 * S
    silence.arm(slots, np.arange(2))
    assert next_due(slots, LONG_AGO) is None
    assert not take(slots, readings(1000))


def test_time_in_which_nothing_could_be_heard_is_no_silence() -> None:
    slots = slots_of()
    take(slots, readings(100))
    for hears in (NEVER, 300 * S):
        slots.hears = hears
        silence.arm(slots, silence.silent(slots, slots.row >= 0))
        assert wait(slots, 309) == []
    assert wait(slots, 310) == [(310, 0, 2)]
    other = slots_of()
    take(other, readings(100))
    other.hears = 300 * S
    silence.arm(other, np.arange(2))
    assert not take(other, readings(250, 305)), "what came from before is no silence either"
    assert wait(other, 315) == [(315, 0, 2)]


def test_a_clock_that_is_slow_puts_off() -> None:
    slots = slots_of()
    take(slots, readings(100), now=107 * S)
    assert next_due(slots, LONG_AGO) == 117 * S
    assert take(slots, Columns.empty(), 116 * S) == []
    assert take(slots, Columns.empty(), 117 * S) == [(110, 0, 2)], "in event time"


def test_old_silence_is_told_while_it_lasts_but_not_once_it_is_over() -> None:
    slots = slots_of()
    take(slots, readings(100))
    assert wait(slots, 5000, oldest=4000 * S)[0] == (110, 0, 2)
    over = slots_of()
    take(over, readings(100))
    assert not take(over, readings(4500), oldest=4000 * S)
    assert take(over, readings(4600), oldest=4000 * S) == [(4510, 0, 2), (4520, 2, 3), (4600, 3, 0)]


def test_a_rule_that_changes_goes_by_its_new_times_at_once() -> None:
    slots = slots_of()
    take(slots, readings(100))
    slots.put(replace(RULE, thresholds=(5.0, None, None, None)))
    silence.arm(slots, slots.of_rule(1))
    assert wait(slots, 106) == [(105, 0, 1)]


def test_a_series_beside_it_is_another_matter() -> None:
    slots = slots_of()
    take(slots, readings(100))
    take(slots, readings(107, series=1))
    assert take(slots, Columns.empty(), 110 * S) == [(110, 0, 2)]
    assert slots.level.tolist()[:2] == [2, 0]
