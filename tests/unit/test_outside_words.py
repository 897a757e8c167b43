"""What an outside system calls our stages and categories."""

from hub.cases.outside_words import Words
from hub.cases.transitions import STAGES

STATES = {"10": "accepted", "20": "dispatched", "30": "handling", "31": "handling", "45": "failed", "90": "closed"}
CATEGORIES = {"SR-01": {"kind": "event", "code": "01"}, "A": {"kind": "part", "code": "0101"}}
CATEGORIES["B"] = CATEGORIES["A"]


def test_a_stage_has_the_only_word_that_stands_for_it() -> None:
    words = Words(STATES, CATEGORIES, {})
    assert [words.state(stage) for stage in ("accepted", "handling", "merged")] == ["10", None, None]
    assert words.untold == [stage for stage in STAGES if stage not in ("accepted", "dispatched", "closed")]
    assert (words.category("event", "01"), words.category("part", "0101")) == ("SR-01", None)
    assert words.category(None, None) is None


def test_what_is_chosen_goes_before() -> None:
    tells = {"states": {"handling": "31", "merged": "80", "accepted": "11"}, "categories": {"part:0101": "B"}}
    words = Words(STATES, CATEGORIES, tells)
    assert [words.state(stage) for stage in ("accepted", "handling", "merged")] == ["11", "31", "80"]
    assert words.category("part", "0101") == "B"


def test_a_step_that_it_has_a_word_for_is_told_by_it() -> None:
    words = Words(STATES, CATEGORIES, {"states": {"handling": "30"}})
    assert [words.state("handling", step) for step in ("taken", "failed")] == ["30", "45"]
    assert words.state("filed", "returned") is None, "neither the step nor the stage has one"
