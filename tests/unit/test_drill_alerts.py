"""What makes an alert one of a drill, and what it becomes when its device is tested no more."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from hub.alerts.alert import Alert, Change, Plan, Raise, Step, Where, plan
from hub.alerts.home import Home
from hub.alerts.reach import Reach, SharedAlerts
from hub.alerts.routing import Filter, Place, Subscriber, Subscriptions
from hub.alerts.titles import marked, title_in, unmarked
from hub.alerts.transitions import DECIDE
from hub.models import AlertChange, from_micros, now_micros
from hub.words import Lang

TEST, DRILL = uuid4(), uuid4()
NOW = now_micros()
BEGAN = from_micros(NOW) - timedelta(minutes=1)


def measured(alert: UUID, kind: str = "raised", level: int = 4, ago_s: int = 0) -> AlertChange:
    return AlertChange(
        uuid4(), alert, kind, NOW - ago_s * 1_000_000, 1, "pole-1", 1, None, level, "Pole 1: smoke (red)"
    )


def under_test(*changes: Change) -> Plan:
    return plan(changes, [], [], {(1, 1): Home("33", "fire", "fire", [], TEST, BEGAN)})


def last(found: Plan) -> Alert:
    assert {result.outcome for result in found.results} == {"applied"}, found.results
    return found.applied[-1].alert


def test_what_a_device_under_test_raises_is_of_the_test_until_it_is_over() -> None:
    alert = uuid4()
    found = last(under_test(measured(alert), measured(alert, "updated", 3)))
    assert (found.drill_id, found.title, found.active) == (TEST, "[DRILL] Pole 1: smoke (red)", True)


def test_what_happened_before_the_test_began_is_real() -> None:
    found = last(under_test(measured(uuid4(), ago_s=61)))
    assert (found.drill_id, found.title) == (None, "Pole 1: smoke (red)")


def test_what_lasts_when_the_test_is_over_is_real_and_nobody_has_it() -> None:
    alert = uuid4()
    taken = Step(uuid4(), alert, "acknowledged", "desk")
    over = Step(uuid4(), alert, "updated", "hub", "the test is over", permission=DECIDE)
    found = last(under_test(measured(alert), taken, over))
    assert (found.drill_id, found.title, found.handling) == (None, "Pole 1: smoke (red)", "open")
    assert (found.acknowledged_level, found.seq, found.active) == (None, 3, True)


@pytest.mark.parametrize(
    ("drilled", "into", "reason"), [(True, False, "is of a drill"), (False, True, "not merged into")]
)
def test_what_is_real_and_what_is_not_are_never_merged(drilled: bool, into: bool, reason: str) -> None:
    one, other = uuid4(), uuid4()
    raised = [
        Raise(uuid4(), id_, "manual", f"manual:{id_}", "smoke", 4, BEGAN, drill_id=DRILL if drill else None)
        for id_, drill in ((one, drilled), (other, into))
    ]
    merge = Step(uuid4(), one, "merged", "desk", permission="alerts:merge", merged_into=other)
    homes: dict[Where, Home] = {change.id: Home("33", None, None, []) for change in raised}
    result = plan([*raised, merge], [], [], homes).results[-1]
    assert (result.outcome, reason in result.reason) == ("refused", True)


def test_a_drill_goes_to_its_own_consumers_which_may_see_it_and_to_no_other() -> None:
    reach = Reach({}, {}, [SharedAlerts(uuid4(), "fire", "parks", frozenset({"pole-2"}))])
    everything = (Filter(),)
    routes = Subscriptions(
        [
            Subscriber(1, "desk", None, everything),
            Subscriber(2, "exercise", None, ()),
            Subscriber(3, "fire", "fire", ()),
            Subscriber(4, "parks", "parks", everything),
            Subscriber(5, "off", None, everything, enabled=False),
            Subscriber(6, "duty", None, everything, fallback=True),
        ],
        reach,
    )
    place = Place("fire", "330106001002", "fire", 4, device="pole-1", drill=frozenset({2, 3, 4, 5}))
    assert routes.recipients(place, BEGAN) == [2, 3]
    told = {each.code: found.takes for each, found in routes.verdicts(place, BEGAN)}
    assert {code for code, takes in told.items() if takes} == {"exercise", "fire"}
    assert routes.recipients(place._replace(drill=frozenset()), BEGAN) == []
    assert routes.recipients(place._replace(drill=None), BEGAN) == [1, 6]


@pytest.mark.parametrize(("lang", "mark"), [("zh", "【演练】"), ("en", "[DRILL] ")])
def test_a_title_is_marked_once_in_its_language(lang: Lang, mark: str) -> None:
    assert marked(marked(marked("smoke"), lang), lang) == f"{mark}smoke"
    assert unmarked(marked("smoke", lang)) == "smoke"
    picture = {"origin": "manual", "title": "[DRILL] smoke", "drill": True}
    assert title_in(lang, picture, {"direction": None}, None) == f"{mark}smoke"
    assert title_in(lang, {**picture, "drill": False, "title": "smoke"}, {"direction": None}, None) == "smoke"
