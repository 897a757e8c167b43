"""For how long values have not moved, in whatever batches they come."""

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analytics.rules.definitions import ThresholdRule
from analytics.rules.flat import Flats
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from hub.models import Columns
from hub.quality import Quality

S = 1_000_000
RULE = ThresholdRule(1, "stuck", 1, "level", "level", True, (None, 10.0, 20.0, None), signal="flat")


def slots_of(tolerance: float = 0.0) -> Slots:
    slots = Slots()
    slots.put(replace(RULE, tolerance=tolerance))
    slots.add(np.full(2, RULE.id), np.arange(2))
    return slots


def readings(*some: tuple[int, float], quality: int = 0) -> Columns:
    n = len(some)
    return Columns(
        np.array([at for at, _ in some], np.int64) * S, np.zeros(n, np.int32),
        np.array([value for _, value in some], np.float64), np.full(n, quality, np.int16),
    )  # fmt: skip


def take(slots: Slots, some: Columns, oldest: int = LONG_AGO, corrected: bool = False) -> list[tuple[int, int, float]]:
    which = np.ones(len(some), np.bool_) if corrected else None
    verdict = evaluate(slots, some, oldest, LONG_AGO, which)
    adopt(slots, verdict)
    stays = [verdict.stays_at.get((each.slot, each.ts), np.nan) for each in verdict.transitions]
    return [(each.ts // S, each.after, at) for each, at in zip(verdict.transitions, stays, strict=True)]


def plain(some: list[tuple[int, float]], tolerance: float) -> list[float]:
    """Of each reading for how long the value has been flat."""
    at, since, told = some[0][1], some[0][0], []
    for second, value in some:
        if abs(value - at) > tolerance + (1e-9 if tolerance else 0):
            at, since = value, second
        told.append(float(second - since))
    return told


@given(
    st.lists(st.tuples(st.integers(1, 9), st.sampled_from([1.0, 1.2, 1.5, 1.9, 3.0])), min_size=1, max_size=20),
    st.lists(st.integers(0, 20), max_size=4), st.sampled_from([0.0, 0.3, 1.0]),
)  # fmt: skip
def test_any_cutting_says_what_the_plain_model_says(
    steps: list[tuple[int, float]], cuts: list[int], tolerance: float
) -> None:
    times = np.cumsum([step for step, _ in steps]).tolist()
    some = list(zip(times, [value for _, value in steps], strict=True))
    flats, told = Flats(), list[float]()
    for part in np.split(np.arange(len(some)), sorted(min(cut, len(some)) for cut in cuts)):
        columns = readings(*[some[row] for row in part])
        n = len(columns)
        counts, _, seconds, kept = flats.tell(
            np.zeros(n, np.int64), columns.ts, columns.ts, columns.value, np.full(n, tolerance)
        )
        assert counts.all()
        flats.adopt(kept)
        told += seconds.tolist()
    assert told == plain(some, tolerance)


def test_levels_come_with_the_readings_that_show_them_and_the_next_move_ends_them() -> None:
    slots = slots_of()
    assert not take(slots, readings((0, 3.0), (9, 3.0)))
    assert take(slots, readings((10, 3.0))) == [(10, 2, 3.0)]
    assert take(slots, readings((15, 3.0), (31, 3.0))) == [(31, 3, 3.0)]
    [(at, level, value)] = take(slots, readings((32, 3.1)))
    assert (at, level, value) == (32, 0, 3.1)
    assert not take(slots, readings((41, 3.1)))


def test_a_tolerance_is_not_exceeded_by_rounding() -> None:
    slots = slots_of(0.02)
    assert take(slots, readings((0, 3.0), (5, 3.02), (10, 2.98))) == [(10, 2, 3.0)]


def test_a_series_that_is_silent_is_not_known_to_be_flat() -> None:
    slots = slots_of()
    take(slots, readings((0, 3.0)))
    verdict = evaluate(slots, Columns.empty(), LONG_AGO, 1000 * S)
    assert not verdict.transitions


def test_a_drift_within_the_tolerance_of_where_it_began_is_flat_and_no_further() -> None:
    slots = slots_of(0.5)
    assert take(slots, readings((0, 3.0), (5, 3.2), (10, 3.4))) == [(10, 2, 3.0)]
    assert [each[:2] for each in take(slots, readings((15, 3.6)))] == [(15, 0)]


def test_what_is_late_repeated_or_not_usable_moves_nothing_and_what_is_old_does_but_is_not_told() -> None:
    slots = slots_of()
    take(slots, readings((0, 3.0)))
    take(slots, readings((4, 9.0), quality=Quality.LATE))
    take(slots, readings((5, 9.0), quality=Quality.FAULT))
    take(slots, readings((0, 9.0)))
    assert take(slots, readings((10, 3.0))) == [(10, 2, 3.0)]
    old = slots_of()
    take(old, readings((0, 3.0)))
    assert not take(old, readings((10, 3.0)), oldest=11 * S)
    assert take(old, readings((11, 3.0)), oldest=11 * S) == [(11, 2, 3.0)]
    moved = slots_of()
    take(moved, readings((0, 3.0)))
    take(moved, readings((5, 4.0)), oldest=11 * S)
    assert not take(moved, readings((14, 4.0)), oldest=11 * S), "it has moved"


def test_a_correction_counts_as_a_reading_of_its_time() -> None:
    slots = slots_of()
    take(slots, readings((0, 3.0), (6, 3.0)))
    take(slots, readings((6, 4.0)), corrected=True)
    assert not take(slots, readings((12, 4.0)))
    assert take(slots, readings((16, 4.0))) == [(16, 2, 4.0)]


def test_a_slot_that_is_used_again_begins_anew() -> None:
    slots = slots_of()
    take(slots, readings((0, 3.0)))
    slots.drop(RULE.id)
    slots.put(RULE)
    slots.add(np.full(2, RULE.id), np.arange(2))
    assert not take(slots, readings((12, 3.0)))


def test_with_another_tolerance_what_has_not_moved_begins_anew() -> None:
    slots = slots_of(1.0)
    take(slots, readings((0, 1.0), (5, 1.5)))
    slots.put(replace(RULE, tolerance=0.01))
    assert take(slots, readings((11, 1.0))) == [], "it was elsewhere between"
    assert take(slots, readings((20, 1.0), (21, 1.0))) == [(21, 2, 1.0)]
