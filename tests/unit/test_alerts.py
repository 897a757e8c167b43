"""The states of an alert."""

from itertools import pairwise

import pytest

from hub.alerts.steps import STEPS, IllegalStep, check_step


def test_each_state_that_a_step_leads_to_is_a_state() -> None:
    assert {to for steps in STEPS.values() for to in steps} <= set(STEPS)


def test_every_state_but_the_last_ones_leads_to_an_end() -> None:
    ended = {"closed", "false_alarm"}
    assert {state for state, steps in STEPS.items() if not steps} == ended
    leads = set(ended)
    while more := {state for state, steps in STEPS.items() if steps & leads} - leads:
        leads |= more
    assert leads == set(STEPS)


def test_nobody_clears_or_reopens_by_hand() -> None:
    assert not any({"cleared", "open"} & steps for steps in STEPS.values())


@pytest.mark.parametrize("path", ["open acknowledged dispatched handled verified closed", "cleared closed"])
def test_the_way_of_a_case(path: str) -> None:
    states = path.split()
    for state, to in pairwise(states):
        check_step(state, to)


@pytest.mark.parametrize("state", sorted(STEPS))
@pytest.mark.parametrize("to", sorted(STEPS))
def test_other_steps_say_what_is_possible(state: str, to: str) -> None:
    if to in STEPS[state]:
        check_step(state, to)
        return
    with pytest.raises(IllegalStep, match=f"from {state} to {to}; possible from here: ") as error:
        check_step(state, to)
    assert all(step in str(error.value) for step in STEPS[state])
