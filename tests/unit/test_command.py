"""What a command's schema says, and the message that tells it."""

import json
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest

from devices.addressing import parse_topic
from devices.commands.command import BrokenSchema, flaws, message_of, timeout_of, topic_of

ID = UUID("6f2a1d0e-35c1-4f0b-9d53-0c6d2a7e4b11")
SCHEMA = {
    "type": "object",
    "properties": {"plan": {"type": "array", "items": {"type": "object", "properties": {"a/b": {"maximum": 5}}}}},
}


def test_a_flaw_is_pointed_at() -> None:
    [flaw] = flaws(SCHEMA, {"plan": [{}, {"a/b": 9}]})
    assert flaw == ("/plan/1/a~1b", "9 is greater than the maximum of 5")
    assert flaws(SCHEMA, {"plan": [], "other": 1}) == []
    assert flaws({}, {"anything": [1]}) == []
    assert len(flaws(SCHEMA, {"plan": [1] * 1_000})) == 20


@pytest.mark.parametrize("schema", [{"type": 5}, {"$ref": "http://127.0.0.1:1/x"}, {"$ref": "#"}, {"pattern": "("}])
def test_a_schema_that_cannot_be_used(schema: dict[str, Any]) -> None:
    with pytest.raises(BrokenSchema):
        flaws(schema, {"a": 1})


def test_the_message_and_where_it_goes() -> None:
    at, until = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 3, 1, 0, 0, 10, 500, tzinfo=UTC)
    assert json.loads(message_of(ID, "set_brightness", {"brightness": 40}, at, until)) == {
        "id": str(ID),
        "name": "set_brightness",
        "params": {"brightness": 40},
        "ts": 1_772_323_200_000,
        "expires_at": 1_772_323_210_000,
    }
    assert topic_of("ganzhi/v1", "lamp-1", None) == "ganzhi/v1/lamp-1/command"
    assert topic_of("ganzhi/v1", "arm", "pole") == "ganzhi/v1/pole/child/arm/command"
    assert timeout_of({}) == 10
    assert timeout_of({"timeout_s": 3}) == 3


def test_a_reply_is_an_address_of_its_own() -> None:
    assert parse_topic("ganzhi/v1/pole/child/arm/reply", "ganzhi/v1") == ("arm", "reply", "pole")
