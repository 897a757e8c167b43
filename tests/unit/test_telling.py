"""What is told of a step: each field of it has a level and stands in the schema, and nobody is named."""

from datetime import UTC, datetime
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from api.cloudevents import event_type
from api.push.case_event import CaseEvent
from hub.access.classification import CASE, Level, cut_case
from hub.cases.clock import Timekeeper
from hub.cases.deadlines import Deadlines
from hub.cases.plan import Plan, Stored, plan
from hub.cases.stage_clock import Terms
from hub.cases.step import Report, Step
from hub.cases.telling import picture
from hub.cases.terms import HOURS, ZONE
from hub.cases.transitions import FOLLOWING, HUB, KINDS, TRANSITIONS
from hub.duty.calendar import Calendar

NO_TERMS = Terms(Timekeeper(ZoneInfo(ZONE), HOURS, Calendar({})), Deadlines(None, (), {}))
AT = datetime(2026, 11, 30, tzinfo=UTC)
AFTERWARDS = {"number", "category_name", "outside", "attachments"}
"""What the statement and the sender add."""


def walked(*kinds: str, terms: Terms = NO_TERMS) -> Plan:
    case = uuid4()
    told = [Step(uuid4(), case, kind, AT, "principal:ann", note="n", responsible="ops") for kind in kinds]
    report = Report(uuid4(), case, AT, "principal:ann", "t", "entered", "330106001002", None, level=3)
    return plan([report, *told], Stored({}, [], {}), terms)


def test_each_field_has_a_level_and_stands_in_the_schema() -> None:
    told = walked("accepted", "filed", "dispatched", "taken")
    for step, case in zip(told.steps, told.after, strict=True):
        found = picture(step, case)
        assert found.keys() | AFTERWARDS == CaseEvent.model_fields.keys() == CASE.keys()
        assert (found["seq"], found["stage"], found["level"]) == (step.seq, step.stage_to, "orange")
        whole = found | {"number": "n", "category_name": None, "outside": None, "attachments": []}
        for level in Level:
            CaseEvent.model_validate(cut_case(whole, level))
        assert "ann" not in str(found), "who took it stays here"


def test_each_step_is_told_as_it_was_then() -> None:
    told = walked("accepted", "filed", "dispatched")
    pictures = [picture(step, case) for step, case in zip(told.steps, told.after, strict=True)]
    assert [each["stage"] for each in pictures] == ["reported", "accepted", "filed", "dispatched"]
    assert [each["responsible"] for each in pictures] == [None, None, None, "ops"]
    assert [each["stage_from"] for each in pictures] == [None, "reported", "accepted", "filed"]


def test_each_kind_of_the_table_has_a_type() -> None:
    assert {event_type(f"case.{kind}") for kind in KINDS} == {f"ganzhi.case.{each.kind}" for each in TRANSITIONS}
    assert {each.kind for each in TRANSITIONS if each.permission == HUB} - {"reported"} == FOLLOWING


@pytest.mark.parametrize(("ceiling", "missing"), [(Level.L1, "responsible"), (Level.L2, "note"), (Level.L2, "title")])
def test_what_is_above_a_ceiling_is_left_out(ceiling: Level, missing: str) -> None:
    told = walked("accepted")
    cut = cut_case(picture(told.steps[-1], told.after[-1]), ceiling)
    assert missing not in cut
    assert cut["region"] == ("330106001000" if ceiling is Level.L1 else "330106001002")
