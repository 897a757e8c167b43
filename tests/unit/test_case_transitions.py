"""The table of case transitions: what it allows, and that code, store and documentation say the same."""

import re
from pathlib import Path

import pytest

from hub.access.permissions import Permission
from hub.cases.transitions import (
    ANY,
    APPROVE,
    CLOCKED,
    ENDED,
    HANDLE,
    HUB,
    KINDS,
    MOVING,
    OPEN,
    STAGES,
    TRANSITIONS,
    Situation,
    allowed,
    missing,
    possible,
    whose,
)
from hub.words import catalogue

ROOT = Path(__file__).parents[2]


def at(stage: str, **differs: object) -> Situation:
    return Situation(stage, False, None, 0, False)._replace(**differs)  # type: ignore[arg-type]


def test_each_step_goes_between_stages_or_stays() -> None:
    for each in TRANSITIONS:
        if each.before in (ANY, OPEN):
            assert each.after == each.before
        else:
            assert {each.before, each.after} <= {"", *STAGES}
    assert {each.permission for each in TRANSITIONS} == {HANDLE, APPROVE, HUB}
    assert (Permission.CASES_HANDLE, Permission.CASES_APPROVE) == (HANDLE, APPROVE)


def test_a_situation_and_a_permission_leave_one_way_for_a_step() -> None:
    for stage in STAGES:
        for returned in (0, 2, 3):
            for permission in (HANDLE, APPROVE):
                for kind in KINDS:
                    ways = [
                        each
                        for each in TRANSITIONS
                        if each.kind == kind
                        and each.permission == permission
                        and each.before == stage
                        and all(map(at(stage, returned=returned).has, each.needs))
                    ]
                    assert len(ways) <= 1, (stage, kind)


@pytest.mark.parametrize(
    ("stage", "steps"),
    [
        ("reported", "accepted classified commented merged rejected self_handled"),
        ("accepted", "classified commented filed merged rejected self_handled"),
        ("filed", "classified commented dispatched merged suspension_asked"),
        ("dispatched", "commented extension_asked merged returned suspension_asked taken"),
        ("coordinating", "commented merged suspension_asked"),
        ("handling", "commented extension_asked handled merged returned suspension_asked"),
        ("verifying", "commented failed passed"),
        ("verified", "closed commented"),
        ("closed", "commented"),
        ("rejected", "commented"),
        ("merged", "commented"),
    ],
)
def test_the_steps_of_who_handles_cases(stage: str, steps: str) -> None:
    assert possible(at(stage), HANDLE) == steps.split()


def test_who_handles_a_case_can_bring_each_stage_to_an_end() -> None:
    leads = set(ENDED)
    ways = {(each.before, each.after) for each in TRANSITIONS if each.permission in (HANDLE, APPROVE)}
    while more := {before for before, after in ways if after in leads and before in STAGES} - leads:
        leads |= more
    assert leads == set(STAGES)
    assert not [each for each in TRANSITIONS if each.before in ENDED and each.kind in MOVING], "an end is an end"


def test_the_third_return_goes_to_coordination_and_a_coordinator_sends_it_on() -> None:
    for stage in ("dispatched", "handling"):
        after = [allowed(at(stage, returned=n), "returned", HANDLE) for n in range(4)]
        assert [each and each.after for each in after] == ["filed", "filed", "coordinating", "coordinating"]
    assert allowed(at("coordinating"), "dispatched", HANDLE) is None
    assert whose(at("coordinating"), "dispatched") == APPROVE
    assert allowed(at("coordinating"), "dispatched", APPROVE) is not None


def test_a_suspended_case_does_not_move_but_may_be_merged() -> None:
    for stage in CLOCKED:
        moves = set(possible(at(stage, suspended=True), HANDLE)) & MOVING
        assert moves <= {"merged"}
        assert "resumed" in possible(at(stage, suspended=True), HANDLE)
    assert missing(at("handling", suspended=True), "handled", HANDLE) == "running"


def test_one_thing_is_asked_for_at_a_time_and_decided_by_who_approves() -> None:
    asked = at("handling", asked="extension")
    assert not {"extension_asked", "suspension_asked"} & set(possible(asked, HANDLE))
    assert {"extension_granted", "extension_refused"} <= set(possible(asked, APPROVE))
    assert not {"suspension_granted", "suspension_refused"} & set(possible(asked, APPROVE))
    assert possible(at("handling"), APPROVE) == ["supervised"]
    assert "answered" in possible(at("filed", supervised=True), HANDLE)


def test_each_stage_and_step_has_its_words() -> None:
    assert {f"case.stage.{stage}" for stage in STAGES} | {f"case.step.{kind}" for kind in KINDS} <= catalogue().keys()


def test_the_store_knows_the_same_steps_and_stages() -> None:
    [migration] = (ROOT / "hub" / "store" / "migrations").glob("*_cases.sql")
    text = migration.read_text(encoding="utf-8")
    told = [path.read_text(encoding="utf-8") for path in sorted((ROOT / "hub" / "store" / "migrations").glob("*.sql"))]
    *_, kinds = re.findall(r"check \(kind in \(\s*('reported'.*?)\)\)", "\n".join(told), re.DOTALL)  # the newest
    assert set(re.findall(r"'(\w+)'", kinds)) == set(KINDS)
    [stages] = re.findall(r"\n    stage text not null check \(stage in \(([^()]*?)\)\),\n    stage_at", text, re.DOTALL)
    assert re.findall(r"'(\w+)'", stages) == list(STAGES)


def test_the_documentation_shows_this_table() -> None:
    text = (ROOT / "docs" / "CASES.md").read_text(encoding="utf-8")
    [region] = re.findall(r"<!-- transitions -->\n(.*?)<!-- /transitions -->", text, re.DOTALL)
    head = "| step | from | to | permission | needs | records |\n|---|---|---|---|---|---|\n"
    rows = [
        f"| {t.kind} | {t.before or '(none)'} | {t.after} | {t.permission} | {', '.join(t.needs)} | {t.records} |\n"
        for t in TRANSITIONS
    ]
    assert region == head + "".join(rows)
