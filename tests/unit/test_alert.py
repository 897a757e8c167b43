"""What a list of changes does to the alerts it concerns."""

from uuid import UUID, uuid5

from hub.alerts.alert import Alert, Change, Home, Plan, Step, plan
from hub.alerts.transitions import MERGE
from hub.models import AlertChange, from_micros

SPACE = UUID("5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de00")
HOMES = {(1, 1): Home("330106001002", "city", "fire", [])}


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
