"""Kinds of the hub's own are refused to everybody else, with a sentence that says so (hub/alerts/own_kinds.py)."""

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from api.routes.alert_desk import Report
from api.routes.drills import DrillAlertBody
from api.rule_body import RuleBody
from devices.codecs import event
from devices.vocabulary import KINDS
from hub.alerts.own_kinds import RESERVED
from hub.errors import DecodeError
from hub.words import text

PLACED: dict[str, Any] = {"title": "t", "level": "red", "region": "330106001002"}
BODIES: list[tuple[type[BaseModel], dict[str, Any]]] = [
    (Report, PLACED),
    (DrillAlertBody, PLACED),
    (RuleBody, {"name": "n", "level": "red"}),
]


@pytest.mark.parametrize("kind", sorted(RESERVED))
@pytest.mark.parametrize(("body", "given"), BODIES, ids=lambda each: getattr(each, "__name__", ""))
def test_a_kind_of_the_hubs_own_is_refused(body: type[BaseModel], given: dict[str, Any], kind: str) -> None:
    with pytest.raises(ValidationError, match=f"'{kind}' is the hub's own"):
        body(**given, event_kind=kind)
    assert body(**given, event_kind="smoke")


@pytest.mark.parametrize("written", [str, str.upper, lambda kind: kind.replace("_", "-"), lambda kind: f" {kind} "])
def test_of_a_device_it_is_refused_however_it_is_written(written: Callable[[str], str]) -> None:
    for kind in RESERVED:
        with pytest.raises(DecodeError, match="is the hub's own"):
            event.decode(json.dumps({"kind": written(kind)}).encode(), 0, UTC)


def test_each_has_its_title_and_none_is_of_the_vocabulary() -> None:
    assert not RESERVED & KINDS
    assert all(text(f"alert.hub.{kind}", "zh", where="x") for kind in RESERVED - {"path_round"})
