"""What a list of changes does to the alerts it concerns."""

from dataclasses import replace
from uuid import UUID, uuid5

from hub.alerts.alert import Alert, Change, Plan, Raise, Step, Where, plan
from hub.alerts.home import Home
from hub.alerts.transitions import DECIDE, MERGE
from hub.models import AlertChange, from_micros

SPACE = UUID("5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de00")
HOMES: dict[Where, Home] = {(1, 1): Home("330106001002", "city", "fire", [])}


def measured(name: str, alert: str, kind: str, level: int = 2, second: int = 0, target: str = "t") -> AlertChange:
    return AlertChange(
        uuid5(SPACE, name), uuid5(SPACE, alert), kind, second * 1_000_000, 1, target, 1, None, level, f"title {name}"
    )


def step(name: str, alert: str, kind: str, permission: str = "alerts:step") -> Step:
    return Step(uuid5(SPACE, name), uuid5(SPACE, alert), kind, "desk", permission=permission)


def planned(changes: list[Change], *before: Plan) -> Plan:
    """As after these plans."""
    last: dict[UUID, Alert] = {}
    known = set()
    for done in before:
        last |= {alert.id: alert for _, alert in done.applied}
        known |= {change.id for change, _ in done.applied}
    return plan(changes, known, list(last.values()), HOMES)


def outcomes(found: Plan) -> list[str]:
    return [result.outcome for result in found.results]


def test_several_changes_of_one_alert_are_taken_in_their_order() -> None:
    found = planned(
        [
            measured("1", "a", "raised", 2, 10),
            measured("2", "a", "updated", 4, 20),
            step("3", "a", "acknowledged"),
            measured("4", "a", "updated", 1, 15),
            measured("5", "a", "cleared", 1, 30),
            step("6", "a", "closed"),
        ]
    )
    assert outcomes(found) == ["applied"] * 6
    pictures = [(a.seq, a.level, a.peak_level, a.handling, a.cleared_at is not None) for _, a in found.applied]
    assert pictures == [
        (1, 2, 2, "open", False),
        (2, 4, 4, "open", False),
        (3, 4, 4, "acknowledged", False),
        (4, 1, 4, "acknowledged", False),
        (5, 1, 4, "acknowledged", True),
        (6, 1, 4, "closed", True),
    ]
    last = found.applied[-1].alert
    assert (last.opened_at, last.cleared_at, last.changed_at) == tuple(from_micros(s * 1_000_000) for s in (10, 30, 30))
    assert found.applied[3].alert.changed_at == from_micros(20_000_000)  # event time does not run back
    assert last.title == "title 5"


def test_what_is_known_is_repeated_in_one_batch_and_over_two() -> None:
    raised = measured("1", "a", "raised")
    first = planned([raised, raised])
    assert outcomes(first) == ["applied", "repeated"]
    assert outcomes(planned([raised], first)) == ["repeated"]


def test_what_is_active_is_not_raised_again_under_another_id() -> None:
    first = planned([measured("1", "a", "raised")])
    again = planned([measured("2", "b", "raised")], first)
    assert outcomes(again) == ["refused"]
    assert str(uuid5(SPACE, "a")) in again.results[0].reason
    assert outcomes(planned([measured("3", "a", "raised", target="elsewhere")], first)) == ["refused"]
    within = planned([measured("1", "a", "raised"), measured("2", "b", "raised"), measured("3", "c", "cleared")])
    assert outcomes(within) == ["applied", "refused", "refused"]
    assert [result.found for result in within.results] == [True, False, False]


def test_a_cleared_alert_makes_room_for_the_next_in_the_same_batch() -> None:
    found = planned(
        [
            measured("1", "a", "raised"),
            measured("2", "a", "cleared"),
            measured("3", "b", "raised"),
            measured("4", "b", "cleared"),
            measured("5", "c", "raised"),
            measured("6", "d", "raised"),
        ]
    )
    assert outcomes(found) == ["applied"] * 5 + ["refused"]


def test_an_ended_alert_makes_room_and_its_condition_still_ends() -> None:
    first = planned([measured("1", "a", "raised"), step("2", "a", "false_alarm")])
    found = planned(
        [measured("3", "a", "updated", 4), measured("4", "b", "raised", 4), measured("5", "a", "cleared")], first
    )
    assert outcomes(found) == ["refused", "applied", "applied"]
    assert found.results[0].reason == "from false_alarm to updated; possible from here: cleared"


def test_a_step_that_is_not_possible_says_what_is() -> None:
    found = planned([measured("1", "a", "raised"), step("2", "a", "closed"), step("3", "nobody", "closed")])
    assert outcomes(found) == ["applied", "refused", "refused"]
    assert found.results[1].reason == "from open to closed; possible from here: acknowledged, false_alarm"
    assert [result.found for result in found.results] == [True, True, False]


def test_a_step_needs_its_permission() -> None:
    raised = planned([measured("1", "a", "raised")])
    assert outcomes(planned([step("2", "a", "merged")], raised)) == ["refused"]
    assert outcomes(planned([step("2", "a", "merged", MERGE)], raised)) == ["applied"]
    assert outcomes(planned([step("3", "a", "cleared")], raised)) == ["refused"]
    assert outcomes(planned([measured("4", "a", "closed")], raised)) == ["refused"]


def test_nothing_is_raised_for_a_device_or_a_rule_that_is_not_there() -> None:
    nowhere = plan([measured("1", "a", "raised")], (), [], {})
    assert (outcomes(nowhere), nowhere.results[0].reason) == (["refused"], "there is no rule 1, or no device 1")


def test_planning_changes_nothing_that_it_was_given() -> None:
    first = planned([measured("1", "a", "raised")])
    planned([measured("2", "a", "updated", 4)], first)
    assert first.applied[-1].alert.level == 2


def test_a_rise_beyond_what_was_acknowledged_makes_it_open_again() -> None:
    found = planned(
        [
            measured("1", "a", "raised", 3),
            measured("2", "a", "updated", 2),
            step("3", "a", "acknowledged"),
            measured("4", "a", "updated", 1),
            measured("5", "a", "updated", 2),
            measured("6", "a", "updated", 3),
            step("7", "a", "acknowledged"),
            step("8", "a", "dispatched"),
            measured("9", "a", "updated", 4),
        ]
    )
    handlings = ["open", "open", *["acknowledged"] * 3, "open", "acknowledged", "dispatched", "dispatched"]
    assert [alert.handling for _, alert in found.applied] == handlings
    assert found.applied[6].alert.acknowledged_level == 3


def test_what_gets_worse_comes_back_from_the_shelf() -> None:
    until = from_micros(3_600_000_000)
    shelved = replace(step("2", "a", "shelved"), shelved_until=until)
    found = planned(
        [measured("1", "a", "raised", 3), shelved, measured("3", "a", "updated", 2), measured("4", "a", "updated", 3)]
    )
    assert [alert.shelved_until for _, alert in found.applied] == [None, until, until, None]
    ended = planned([measured("1", "a", "raised", 3), shelved, step("5", "a", "false_alarm")])
    assert ended.applied[-1].alert.shelved_until is None
    assert outcomes(planned([replace(shelved, id=uuid5(SPACE, "6"))], ended)) == ["refused"]


def test_a_step_decided_by_what_has_changed_since_is_stale() -> None:
    raised = planned([measured("1", "a", "raised", 2)])
    seen = replace(step("3", "a", "acknowledged"), seen=1)
    assert outcomes(planned([seen], raised)) == ["applied"]
    late = planned([measured("2", "a", "updated", 4), seen], raised)
    assert [(each.outcome, each.stale) for each in late.results] == [("applied", False), ("refused", True)]


def test_an_alert_is_opened_again_unless_another_is_active_by_now() -> None:
    closed = planned([measured("1", "a", "raised"), replace(step("2", "a", "false_alarm"), cause="cooking")])
    assert closed.applied[-1].alert.cause == "cooking"
    again = planned([step("3", "a", "reopened")], closed)
    assert [(alert.handling, alert.cause, alert.active) for _, alert in again.applied] == [("open", None, True)]
    other = planned([measured("4", "b", "raised"), step("5", "a", "reopened")], closed)
    assert outcomes(other) == ["applied", "refused"]
    assert str(uuid5(SPACE, "b")) in other.results[1].reason


def test_it_is_merged_into_another_that_has_not_ended() -> None:
    before = planned([measured("1", "a", "raised"), Raise(uuid5(SPACE, "2"), uuid5(SPACE, "b"), "manual", "m", "t", 3,
                                                          from_micros(0))])  # fmt: skip
    assert outcomes(before) == ["applied", "refused"], "its place is not known"
    place: dict[Where, Home] = {uuid5(SPACE, "2"): Home("330106001002", None, None, [])}
    report = Raise(uuid5(SPACE, "2"), uuid5(SPACE, "b"), "manual", "m", "a call", 3, from_micros(0))
    both = plan([measured("1", "a", "raised"), report], (), (), {**HOMES, **place})
    into = replace(step("3", "a", "merged", MERGE), merged_into=uuid5(SPACE, "b"))
    assert outcomes(planned([into], both)) == ["applied"]
    for wrong in ("a", "nobody"):
        assert outcomes(planned([replace(into, merged_into=uuid5(SPACE, wrong))], both)) == ["refused"]
    ended = replace(step("4", "b", "false_alarm"), at=from_micros(7))
    assert outcomes(planned([ended, into], both)) == ["applied", "refused"]


def test_what_nobody_measures_is_over_when_the_desk_says_so() -> None:
    place: dict[Where, Home] = {uuid5(SPACE, "1"): Home(None, None, None, [])}
    report = Raise(uuid5(SPACE, "1"), uuid5(SPACE, "a"), "manual", "m", "a call", 3, from_micros(0))
    steps = [replace(step(str(n), "a", kind), at=from_micros(n)) for n, kind in
             enumerate(("acknowledged", "closed", "reopened"), 2)]  # fmt: skip
    found = plan([report, *steps], (), (), place)
    assert [alert.cleared_at for _, alert in found.applied] == [None, None, from_micros(3), None]


def test_of_the_hub_itself_one_of_a_kind_is_active() -> None:
    homes: dict[Where, Home] = {uuid5(SPACE, name): Home(None, None, None, []) for name in "123"}
    reports = [Raise(uuid5(SPACE, name), uuid5(SPACE, name), "hub", "clock", "t", 2, from_micros(0)) for name in "123"]
    over = Step(uuid5(SPACE, "4"), uuid5(SPACE, "1"), "cleared", "hub", permission=DECIDE, at=from_micros(9))
    found = plan([reports[0], reports[1], over, reports[2]], (), (), homes)
    assert outcomes(found) == ["applied", "refused", "applied", "applied"]
    assert found.applied[1].alert.cleared_at == from_micros(9)
