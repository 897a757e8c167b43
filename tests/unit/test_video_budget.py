"""What is shed of streams, and in which order."""

from collections.abc import Sequence

from ingest.video.budget import SHARE, Load, shed
from ingest.video.messages import Pace


def _settled(costs: dict[str, float], total: float, each: float = 9.0, danger: Sequence[str] = ()) -> dict[str, Pace]:
    """The paces that it comes to, with cameras that cost so much at full pace."""
    paces = dict.fromkeys(costs, Pace.FULL)
    for _ in range(60):
        loads = [Load(name, cost * SHARE[paces[name]], paces[name], name in danger) for name, cost in costs.items()]
        paces = shed(loads, total, each)
    return paces


def test_the_dearest_are_slowed_first_and_by_one_step_before_others_by_two() -> None:
    assert _settled({"a": 0.3, "b": 0.2, "c": 0.1}, 0.5) == {"a": Pace.HALF, "b": Pace.FULL, "c": Pace.FULL}
    assert _settled({"a": 0.3, "b": 0.2, "c": 0.1}, 0.37) == {"a": Pace.HALF, "b": Pace.HALF, "c": Pace.HALF}


def test_those_that_look_for_danger_are_slowed_last_and_keep_their_key_pictures() -> None:
    assert _settled({"a": 0.3, "b": 0.2, "d": 0.3}, 0.4, danger="d")["d"] is Pace.FULL
    least = _settled({"a": 0.3, "b": 0.2, "d": 0.3}, 0.001, danger="d")
    assert least == {"a": Pace.SPARSE, "b": Pace.SPARSE, "d": Pace.KEYS}


def test_one_that_takes_more_than_it_may_is_slowed_alone() -> None:
    assert _settled({"a": 0.9, "b": 0.2}, 9.0, each=0.25) == {"a": Pace.KEYS, "b": Pace.FULL}


def test_what_was_shed_comes_back_one_step_at_a_time() -> None:
    now = [Load("a", 0.02, Pace.KEYS, is_danger=False), Load("d", 0.02, Pace.KEYS, is_danger=True)]
    assert shed(now, 1.0, 1.0) == {"a": Pace.KEYS, "d": Pace.HALF}
    assert _settled({"a": 0.3}, 0.31) == {"a": Pace.FULL}


def test_it_does_not_swing() -> None:
    costs = {str(number): 0.05 for number in range(20)}
    first = _settled(costs, 0.8)
    loads = [Load(name, cost * SHARE[first[name]], first[name], is_danger=False) for name, cost in costs.items()]
    assert shed(loads, 0.8, 9.0) == first


def test_what_was_not_told_since_the_pace_changed_counts_and_stays() -> None:
    slowed = Load("a", 0.3, Pace.HALF, is_danger=False, is_guess=True)
    other = Load("b", 0.3, Pace.HALF, is_danger=False)
    assert shed([slowed, other], 0.7, 9.0) == {"a": Pace.HALF, "b": Pace.HALF}, "b would fit alone"
    assert shed([slowed, other], 0.5, 9.0) == {"a": Pace.HALF, "b": Pace.KEYS}, "a has just been slowed"
    assert shed([slowed], 9.0, 9.0) == {"a": Pace.HALF}, "what it takes is not known yet"
