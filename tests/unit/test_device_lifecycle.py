import pytest

from devices.lifecycle import STATES, STEPS, State, legal, pairs, possible


def test_the_whole_table() -> None:
    steps = {(a, b) for a in STATES for b in STATES if a != b and legal(a, b)}
    assert steps == {
        ("pending", "active"),
        ("pending", "retired"),
        ("active", "suspended"),
        ("active", "retired"),
        ("suspended", "active"),
        ("suspended", "retired"),
    }
    assert all(legal(state, state) for state in STATES)
    assert set(pairs()) == {f"{a}>{b}" for a, b in steps} | {f"{a}>{a}" for a in STATES}


@pytest.mark.parametrize("state", STATES)
def test_what_is_possible_is_said(state: State) -> None:
    told = possible("lamp-1", state)
    assert all(step in told for step in STEPS[state])
    assert ("final" in told) == (state == "retired")
