"""What fusion holds a level at, beside what the rule says."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.alerts.fused import Fused, Held, no_fusion
from hub.danger import DANGER


def change(floor: int | None = None, ceiling: int | None = None, kind: str | None = None) -> Fused:
    return Fused(uuid4(), uuid4(), "updated", datetime.now(UTC), floor=floor, ceiling=ceiling, event_kind=kind)


def test_a_raise_lasts_and_a_lowering_ends_when_the_rule_says_more() -> None:
    raised = Held(2, 2).fused(change(floor=4))
    assert [raised.level, raised.measured(3).level, raised.measured(1).level] == [4, 4, 4]
    assert raised.measured(3) == Held(3, 3, 4)
    lowered = Held(3, 3).fused(change(ceiling=1))
    assert [lowered.level, lowered.measured(2).level, lowered.measured(4).level] == [1, 1, 4]
    assert lowered.measured(2).measured(3).level == 3, "a rise is news"
    assert lowered.fused(change(floor=2)) == Held(3, 3, 2), "corroborated: it is lowered no longer"


@pytest.mark.parametrize("kind", [*sorted(DANGER), None])
def test_danger_and_what_was_measured_are_never_lowered(kind: str | None) -> None:
    assert no_fusion(change(ceiling=1, kind=kind), Held(3, 3)) is not None


def test_what_a_person_took_out_is_at_its_own_level_again_but_danger_stays() -> None:
    taken = Fused(uuid4(), uuid4(), "updated", datetime.now(UTC), alone=True)
    raised = Held(2, 3, floor=4)
    assert (raised.fused(taken), no_fusion(taken, raised)) == (Held(2, 3), None)
    assert no_fusion(taken, Held(2, 3)) is not None, "it was not raised"
    assert no_fusion(replace(taken, danger=True), raised) is not None


def test_what_changes_no_level_is_refused() -> None:
    assert no_fusion(change(floor=2), Held(3, 3)) == "its level is 3 already"
    assert no_fusion(change(ceiling=3, kind="fault"), Held(2, 2)) is not None
    assert no_fusion(change(ceiling=1, kind="fault"), Held(2, 2)) is None


LEVELS = st.integers(1, 4)


@given(floors=st.lists(LEVELS), said=st.lists(LEVELS, min_size=1))
def test_corroboration_never_lowers(floors: list[int], said: list[int]) -> None:
    held = Held(said[0], said[0])
    for floor in floors:
        before, held = held.level, held.fused(change(floor=floor))
        assert held.level >= max(before, floor)
    for level in said:
        held = held.measured(level)
        assert held.level == max([level, *floors])
        assert held.own_peak >= level
