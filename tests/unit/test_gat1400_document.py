"""What a document of GA/T 1400 holds: faults name nobody, and however many there are they are few and cheap."""

import json

import pytest

from devices.codecs.decoded import MAX_LEFT_OUT
from devices.codecs.gat1400 import document
from devices.codecs.gat1400.document import Contents, contents, read

APE, IDENTITY, TELEPHONE = "33010000001190000007", 110101199003070011, 13812345678


def found(kind: str, objects: list[object]) -> Contents:
    return contents(read(json.dumps({kind: objects}).encode(), 16 << 20))


@pytest.mark.parametrize(
    "told",
    [{"ApeID": IDENTITY}, {"ApeID": float(IDENTITY)}, {"ApeID": APE, "IsOnline": TELEPHONE},
     {"ApeID": APE, "IsOnline": IDENTITY / 1}, {"ApeID": str(TELEPHONE)}, {"ApeID": {"Name": "n"}}],
)  # fmt: skip
def test_a_fault_tells_no_number_of_a_person(told: dict[str, object]) -> None:
    [fault] = found("APEStatusObject", [told]).faults
    said = str(fault.detail)
    assert "***" in said or "an object" in said
    for number in (IDENTITY, TELEPHONE):
        assert str(number)[:8] not in said.replace(".", ""), said


def test_a_short_number_is_told() -> None:
    [fault] = found("APEStatusObject", [{"ApeID": APE, "IsOnline": 7}]).faults
    assert "IsOnline is 7," in str(fault.detail)


@pytest.mark.parametrize("wrong", [{"ApeID": "x"}, 5, {"ApeID": APE, "IsOnline": "y"}])
def test_of_very_many_faults_the_first_are_remembered(wrong: object) -> None:
    right = {"ApeID": APE, "IsOnline": "1"}
    told = found("APEStatusObject", [wrong] * (MAX_LEFT_OUT + 5) + [right])
    assert len(told.faults) == MAX_LEFT_OUT
    assert [each.device for each in told.states] == [APE], "what is right among them is taken"


def test_what_is_beyond_the_most_is_said_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(document, "MAX_ITEMS", 3)
    told = found("APEStatusObject", [{"ApeID": APE, "IsOnline": "1"}] * 9)
    assert (len(told.states), [fault.reason for fault in told.faults]) == (3, ["too_many_values"])
