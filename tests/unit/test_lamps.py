"""What the simulator's lamps make of a command."""

import json
from typing import Any

import pytest

from simulator.lamps import answer

NOW = 1_772_352_000_000
TOLD: dict[str, Any] = {"id": "7", "name": "set_brightness", "params": {"brightness": 40}, "expires_at": NOW + 1}


def _answer(**changed: Any) -> tuple[Any, float | None]:
    return answer(json.dumps({**TOLD, **changed}).encode(), NOW)


def test_a_lamp_does_as_it_is_told() -> None:
    assert _answer() == ({"id": "7", "result": {"brightness": 40}}, 40.0)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"expires_at": NOW - 1}, "too late"),
        ({"name": "open_door"}, "not open_door"),
        ({"params": {"brightness": 101}}, "from 0 to 100"),
        ({"params": {"brightness": True}}, "from 0 to 100"),
        ({"params": [40]}, "from 0 to 100"),
    ],
)
def test_a_lamp_says_what_it_does_not_do(changed: dict[str, Any], says: str) -> None:
    body, brightness = _answer(**changed)
    assert brightness is None
    assert body["id"] == "7"
    assert says in body["error"]


@pytest.mark.parametrize("payload", [b"", b"[]", b"\xff", b'{"name": "set_brightness"}'])
def test_what_has_no_id_is_not_answered(payload: bytes) -> None:
    assert answer(payload, NOW) == (None, None)
