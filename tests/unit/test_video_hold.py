"""Scores that are held become findings, and end."""

from analytics.video.finding import Cue, Finding
from analytics.video.hold import Holds
from analytics.video.kinds import KINDS

BLACK = "black", None
HOLD, CLEAR = KINDS["black"]


def run(holds: Holds, scores: list[float], start: float = 0.0, step: float = 0.5) -> list[Finding]:
    found: list[Finding] = []
    for number, score in enumerate(scores):
        found += holds.see(start + number * step, {BLACK: Cue(score, {"dark": score})})
    return found


def test_what_is_held_is_active_once_with_its_best_evidence() -> None:
    found = run(Holds({}), [0.0, 0.6, 0.9, 0.7, 0.7, 0.7, 0.7, 0.7])
    assert [(one.t, one.state, one.score, one.cues) for one in found] == [(0.5 + HOLD, "active", 0.9, {"dark": 0.9})]


def test_it_is_where_it_was_seen_last_and_nowhere_once_it_has_ended() -> None:
    holds, here, there = Holds({}), (0.1, 0.1, 0.2, 0.2), (0.3, 0.1, 0.4, 0.2)
    told = [one for t in (0.0, 1.0) for one in holds.see(t, {BLACK: Cue(0.9, {}, here)})]
    for t, box in ((HOLD, there), (HOLD + 0.1, None), (HOLD + 20, None), (HOLD + 40, None)):
        told += holds.see(t, {BLACK: Cue(0.8 if box else 0.0, {}, box)})
    assert [(one.state, one.box) for one in told] == [("active", there), ("ended", None)]


def test_what_is_short_is_nothing() -> None:
    assert run(Holds({}), [0.9, 0.9, 0.0, 0.0, 0.0, 0.9, 0.9, 0.0, 0.0]) == []


def test_a_frame_that_drops_does_not_start_again() -> None:
    """A second of 0.5 s steps: one low score lies within a share of the hold, two do not."""
    dropped = run(Holds({}), [0.9, 0.9, 0.1, 0.9, 0.9, 0.9])
    assert [one.t for one in dropped] == [HOLD]


def test_it_ends_when_it_was_gone_for_long_enough() -> None:
    scores = [0.9] * 6 + [0.4] * 8 + [0.1] * 3 + [0.4] + [0.1] * 8
    found = run(Holds({}), scores)
    assert [(one.t, one.state) for one in found] == [(HOLD, "active"), (9.0 + CLEAR, "ended")]


def test_a_fire_that_is_hidden_for_some_seconds_has_not_ended() -> None:
    holds, told = Holds({}), list[str]()
    for second in range(80):
        score = 0.9 if second < 5 or 25 <= second < 30 else 0.0
        told += [one.state for one in holds.see(float(second), {("flame", None): Cue(score, {})})]
        if second == 55:
            assert told == ["active"]
    assert told == ["active", "ended"]


def test_the_level_of_a_kind_counts() -> None:
    assert run(Holds({"black": 0.8}), [0.7] * 9) == []
    assert len(run(Holds({"black": 0.3}), [0.4] * 9)) == 1


def test_after_a_jump_what_waited_waits_anew_and_what_is_active_stays() -> None:
    holds = Holds({})
    run(holds, [0.9, 0.9])
    holds.restart()
    assert [one.t for one in run(holds, [0.9] * 6, start=-100.0)] == [-100.0 + HOLD]
    holds.restart()
    assert run(holds, [0.9] * 6, start=5000.0) == []
    assert list(holds.active()) == [BLACK]


def test_keys_are_bounded() -> None:
    holds = Holds({})
    for number in range(10_000):
        list(holds.see(0.0, {("black", str(number)): Cue(0.9, {})}))
    found = [one for number in range(10_000) for one in holds.see(HOLD, {("black", str(number)): Cue(0.9, {})})]
    assert len(found) == 256
