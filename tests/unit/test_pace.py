"""What is sent singly, what is named in a summary, and what waits."""

from hypothesis import given
from hypothesis import strategies as st

from api.push.channel import Delivery
from api.push.pace import Pace, planned
from tests.support.deliveries import change

PACE = Pace(burst=10, every_s=6, group=20)


def some(reds: int, others: int) -> list[Delivery]:
    return [change(f"r.{each}") for each in range(reds)] + [
        change(f"o.{each}", level="orange") for each in range(others)
    ]


def test_few_go_singly() -> None:
    plan = planned(some(1, 3), 10, PACE)
    assert (plan.reds, plan.singles, plan.summary, plan.later) == ([0], [1, 2, 3], [], [])


def test_many_are_named_in_one_message_behind_the_reds() -> None:
    plan = planned(some(2, 15), 10, PACE)
    assert (plan.reds, plan.singles, plan.summary, plan.later) == ([0, 1], [], [*range(2, 17)], [])


def test_half_of_a_burst_is_kept_for_reds() -> None:
    assert planned(some(0, 3), 5, PACE).later == [0, 1, 2]
    assert planned(some(0, 3), 6, PACE).summary == [0, 1, 2]
    assert planned(some(5, 0), 5, PACE).reds == [0, 1, 2, 3, 4]


def test_more_reds_than_messages_are_named_at_once_and_none_waits_for_the_limit() -> None:
    plan = planned(some(12, 3), 10, PACE)
    assert (plan.reds, plan.summary) == ([*range(9)], [9, 10, 11, 12, 13, 14])
    assert planned(some(3, 0), 0, PACE).later == [0, 1, 2]


def test_a_red_that_changes_otherwise_is_no_first_red() -> None:
    assert planned([change(kind="acknowledged")], 10, PACE).singles == [0]
    assert planned([change(kind="escalated")], 10, PACE).reds == [0], "it is the first that this consumer hears"


@given(reds=st.integers(0, 40), others=st.integers(0, 40), messages=st.integers(0, 10))
def test_each_has_one_place_and_the_messages_are_enough(reds: int, others: int, messages: int) -> None:
    plan = planned(some(reds, others), messages, PACE)
    assert sorted([*plan.reds, *plan.singles, *plan.summary, *plan.later]) == [*range(reds + others)]
    assert plan.messages <= messages
    assert len(plan.summary) <= PACE.group
