"""The table of transitions: what it allows, and that code and documentation say the same."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from hub.access.permissions import Permission
from hub.alerts.transitions import (
    CLOSE_OUT,
    CONDITIONS,
    DECIDE,
    DRILL,
    ENDED,
    ESCALATE,
    FUSE,
    HANDLINGS,
    KINDS,
    MERGE,
    RAISE,
    RECORDS,
    STEP,
    TRANSITIONS,
    possible,
    refusal,
    state_of,
)

ROOT = Path(__file__).parents[2]


def test_each_axis_goes_between_its_own_values() -> None:
    for transition in TRANSITIONS:
        values = {"condition": ("", *CONDITIONS), "handling": HANDLINGS, "record": ("any",)}[transition.axis]
        assert {transition.before, transition.after} <= {*values}
        if transition.axis == "handling":
            assert transition.kind == transition.after or transition.kind == "reopened"


def test_only_the_pipeline_moves_the_condition_and_whoever_may_raise_begins_one() -> None:
    moved = [t for t in TRANSITIONS if t.axis == "condition"]
    assert {t.permission for t in moved} == {DECIDE, RAISE, FUSE}
    assert [t.kind for t in moved if t.permission == RAISE] == ["raised"]
    assert [(t.before, t.after) for t in moved if t.permission == FUSE] == [("active", "active")], "its level alone"
    assert {t.permission for t in TRANSITIONS if t.axis == "handling"} == {STEP, MERGE, DRILL, CLOSE_OUT}


def test_the_step_of_a_desk_is_what_its_route_asks_for() -> None:
    assert (Permission.ALERTS_STEP, Permission.ALERTS_RAISE) == (STEP, RAISE)


def test_a_desk_can_bring_every_handling_to_an_end_and_leaves_one_that_has_ended_by_opening_it_again() -> None:
    leads = set(ENDED)
    while more := {h for h in HANDLINGS if leads & set(possible(h, False, STEP))} - leads:
        leads |= more
    assert leads == set(HANDLINGS)
    assert {h for h in HANDLINGS if possible(h, True, STEP) in ([], ["reopened"])} == ENDED
    assert [t.before for t in TRANSITIONS if t.axis == "handling" and t.after == "open"] == ["closed", "false_alarm"]


MOMENTS = {"commented", "attached", "unshelved", "reported_back", "joined", "separated"}
"""May be written after the end."""
LEADERS = {"escalated": ESCALATE, "joined": FUSE}


def test_what_is_beside_both_axes_moves_neither_and_can_be_written_until_the_end_or_after_it() -> None:
    for handling in HANDLINGS:
        for kind in RECORDS:
            ended = handling in ENDED and kind not in MOMENTS
            assert (refusal(kind, handling, False, LEADERS.get(kind, STEP)) is None) is not ended
        for kind in LEADERS:
            assert refusal(kind, handling, False, STEP) is not None, "the leader alone does"
    assert not RECORDS & {*possible("open", False, STEP)}


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("open", "acknowledged false_alarm"),
        ("cleared", "acknowledged closed false_alarm"),
        ("acknowledged", "closed dispatched false_alarm handled"),
        ("dispatched", "false_alarm handled"),
        ("handled", "dispatched verified"),
        ("verified", "closed"),
        ("closed", "reopened"),
        ("false_alarm", "reopened"),
        ("merged", ""),
    ],
)
def test_the_steps_of_a_desk(state: str, steps: str) -> None:
    handling, cleared = ("open", True) if state == "cleared" else (state, False)
    assert state_of(handling, cleared) == state
    assert possible(handling, cleared, STEP) == steps.split()
    for to in HANDLINGS:
        if to in steps.split():
            assert refusal(to, handling, cleared, STEP) is None
        else:
            named = ", ".join(steps.split()) or "nothing; it has ended"
            assert refusal(to, handling, cleared, STEP) == f"from {state} to {to}; possible from here: {named}"


def test_only_an_open_alert_waits_for_its_condition_before_it_is_closed() -> None:
    for handling in HANDLINGS:
        gained = set(possible(handling, True, STEP)) - set(possible(handling, False, STEP))
        assert gained == ({"closed"} if handling == "open" else set())


@pytest.mark.parametrize("handling", HANDLINGS)
def test_a_condition_ends_once_whoever_handles_it_and_says_nothing_new_once_the_handling_has_ended(
    handling: str,
) -> None:
    assert possible(handling, False, DECIDE) == (["cleared"] if handling in ENDED else ["cleared", "updated"])
    assert possible(handling, True, DECIDE) == []


@pytest.mark.parametrize("path", ["open acknowledged dispatched handled verified closed", "cleared closed"])
def test_the_way_of_a_case(path: str) -> None:
    for state, to in pairwise(path.split()):
        handling, cleared = ("open", True) if state == "cleared" else (state, False)
        assert refusal(to, handling, cleared, STEP) is None


def test_a_desk_closes_out_what_it_has_checked_from_wherever_it_stands() -> None:
    for handling in HANDLINGS:
        ended = handling in ENDED
        assert (refusal("closed", handling, False, CLOSE_OUT, checked=True) is None) is not ended
        told = refusal("closed", handling, False, CLOSE_OUT, checked=False)
        assert told is not None
        assert ("not been checked" in told) is not ended


def test_a_merge_is_no_step_of_a_desk() -> None:
    assert {h for h in HANDLINGS if "merged" in possible(h, False, MERGE)} == {"open", "acknowledged", "dispatched"}
    assert not [h for h in HANDLINGS if "merged" in possible(h, True, STEP)]


def test_the_documentation_shows_this_table() -> None:
    text = (ROOT / "docs" / "ALERTS.md").read_text(encoding="utf-8")
    [region] = re.findall(r"<!-- transitions -->\n(.*?)<!-- /transitions -->", text, re.DOTALL)
    head = "| change | axis | from | to | permission | needs | records |\n|---|---|---|---|---|---|---|\n"
    rows = [
        f"| {t.kind} | {t.axis} | {t.before or '(none)'} | {t.after} | {t.permission} | {t.needs} | {t.records} |\n"
        for t in TRANSITIONS
    ]
    assert region == head + "".join(rows)
    assert [kind for kind in KINDS if f"`{kind}`" not in text] == []
