"""How an escalation moves with the changes of its alert."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.alerts.alert import Alert, Applied, Climb, Step
from hub.alerts.chains import Chain, Chains, ChainStep
from hub.alerts.escalation import Escalation, Persons, moved
from hub.alerts.kept_back import DELIVERED
from hub.alerts.routing import Filter
from hub.duty.on_duty import Duty
from hub.models import AlertChange, to_micros

NOW = datetime(2026, 11, 29, 3, 0, tzinfo=UTC)
ID, ANN, BEN, BOSS, ROBOT = (UUID(int=n) for n in range(1, 6))
STEPS = (ChainStep(60, ("village",), "night"), ChainStep(120, ("town",)))
CHAINS = Chains([Chain("c", Filter(), STEPS, (4, 3, 2, 1)), Chain("red", Filter(min_level=4), STEPS, (8, 7, 6, 5))])
PERSONS = Persons({ANN, BEN, BOSS}, {"night": Duty(frozenset({ANN}), BOSS, True, None)})
BEGUN = Escalation(ID, "c", 1, 3, 1, "waiting", (7,))


def alert(**values: Any) -> Alert:
    given: dict[str, Any] = dict.fromkeys(Alert.__slots__) | {
        "id": ID, "origin": "rule", "level": 3, "peak_level": 3, "handling": "open", "areas": [],
    }  # fmt: skip
    return Alert(**(given | {"peak_level": values.get("level", 3)} | values))


def measured(kind: str, known: Escalation | None, **values: Any) -> Escalation | None:
    now = alert(**values)
    change = AlertChange(UUID(int=9), ID, kind, to_micros(NOW), 1, "t", 1, None, now.level, "title")
    return moved(known, Applied(change, now), now.place._replace(level=now.level), CHAINS, PERSONS, NOW)


def step(
    kind: str, known: Escalation | None, principal: UUID | None = ANN, handling: str | None = None, **values: Any
) -> Escalation | None:
    taken = Step(UUID(int=9), ID, kind, None, principal=principal, **values)
    now = alert(handling=handling or kind)
    return moved(known, Applied(taken, now), now.place, CHAINS, PERSONS, NOW)


def test_it_begins_with_the_alert_and_anew_with_a_rise() -> None:
    begun = measured("raised", None)
    assert begun == Escalation(ID, "c", 1, 3, 0, "waiting", (), 60)
    assert measured("updated", begun) is begun, "it is no rise"
    assert measured("updated", begun, level=4) == Escalation(ID, "red", 2, 4, 0, "waiting", (), 60)
    assert measured("updated", begun, level=4, handling="dispatched") is begun, "it is in somebody's hands"
    acknowledged = Escalation(ID, "red", 1, 4, 1, "acknowledged", (7,))
    again = measured("updated", acknowledged, level=3, peak_level=4)
    assert again == Escalation(ID, "c", 2, 3, 0, "waiting", (7,), 60), "it had been acknowledged at a lower level"
    assert measured("updated", None, level=2, peak_level=3) is None
    assert measured("raised", None, drill_id=ID) is None
    real = step("updated", None, None, "open")
    assert real == begun, "the test of its device is over, and it lasts"


def test_what_clears_stops_unless_it_was_red() -> None:
    stopped = measured("cleared", BEGUN, cleared_at=NOW)
    assert stopped is not None
    assert (stopped.state, stopped.wait_s) == ("stopped", None)
    red = Escalation(ID, "red", 1, 4, 1, "waiting", ())
    assert measured("cleared", red, level=2, cleared_at=NOW) is red


def test_only_a_person_on_duty_acknowledges_and_that_stops_one_step() -> None:
    for nobody in (None, ROBOT, BEN):
        assert step("acknowledged", BEGUN, nobody) is BEGUN
    for who in (ANN, BOSS):
        now = step("acknowledged", BEGUN, who)
        assert now is not None
        assert (now.state, now.step, now.wait_s) == ("acknowledged", 1, 2)
        assert step("assigned", now, who, "acknowledged", assignee=who) is now, "the time is not begun anew"
    exhausted = Escalation(ID, "c", 1, 3, 2, "exhausted", ())
    now = step("acknowledged", exhausted)
    assert now is not None
    assert now.state == "acknowledged"


def test_who_comes_second_takes_it_by_assigning_it_to_himself() -> None:
    now = step("assigned", BEGUN, ANN, "acknowledged", assignee=ANN)
    assert now is not None
    assert now.state == "acknowledged"
    assert step("assigned", BEGUN, ANN, "acknowledged", assignee=BEN) is BEGUN
    assert step("assigned", BEGUN, ANN, "open", assignee=ANN) is BEGUN


def test_any_person_acknowledges_where_no_rota_is_asked_for() -> None:
    chains = Chains([Chain("c", Filter(), (ChainStep(1, ("a",)),), (4, 3, 2, 1))])
    taken, now = Step(UUID(int=9), ID, "acknowledged", None, principal=BEN), alert(handling="acknowledged")
    found = moved(BEGUN, Applied(taken, now), now.place, chains, PERSONS, NOW)
    assert found is not None
    assert found.state == "acknowledged"
    assert (
        moved(BEGUN, Applied(Step(UUID(int=9), ID, "acknowledged", "x"), now), now.place, chains, PERSONS, NOW) is BEGUN
    )


def test_what_people_do_about_it_stops_it_and_what_ends_it() -> None:
    for kind in ("dispatched", "handled", "verified"):
        now = step(kind, BEGUN, BEN)
        assert now is not None
        assert now.state == "stopped"
        assert step(kind, BEGUN, ROBOT) is BEGUN
        assert step("acknowledged", now) is now
    for kind in ("closed", "false_alarm", "merged"):
        now = step(kind, BEGUN, ROBOT)
        assert now is not None
        assert now.state == "stopped"
    again = step("reopened", now, ANN, "open")
    assert again == Escalation(ID, "c", 2, 3, 0, "waiting", (7,), 60)
    assert step("commented", BEGUN, ANN, "open") is BEGUN


def test_a_step_that_is_taken_moves_it_on() -> None:
    now = step("escalated", BEGUN, None, "open", climb=Climb(2, {8: DELIVERED, 7: DELIVERED}, 120.0))
    assert now == Escalation(ID, "c", 1, 3, 2, "waiting", (7, 8), 120.0)
    last = step("escalated", BEGUN, None, "open", climb=Climb(2, {8: DELIVERED}, None))
    assert last is not None
    assert (last.state, last.wait_s) == ("exhausted", None)
