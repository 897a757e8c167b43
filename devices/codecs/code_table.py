"""Tables of codes: what the codes of a protocol measure and what its states mean, as data with clauses. Pure.

Shipped ones lie beside their codec as codes.json; operators give more of the same form (docs/VOCABULARY.md):

    {"protocol": "hj212",
     "metrics": {"w01018": {"metric": "cod", "unit": "mg/L", "name": "化学需氧量", "clause": "HJ 212-2017, table B.1"}},
     "states": {"component.1": {"kind": "fire", "code": "fire", "name": "火警", "clause": "..."}}}
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple

What = Literal["metric", "state"]


class Measured(NamedTuple):
    """What a code measures."""

    metric: str
    unit: str | None = None
    """In UCUM; None where it depends on what is monitored: the profile's own counts."""
    divisor: float = 1.0
    """What is told is divided by it."""


class Meant(NamedTuple):
    """What a code of a state means."""

    kind: str
    """Of the event: one of the vocabulary."""
    code: str = ""
    """Stands among the attributes of the event."""
    state: Literal["active", "inactive"] | None = None
    ends: tuple[str, ...] = ()
    """Kinds that it ends."""


class CodeTable(NamedTuple):
    """By code."""

    metrics: Mapping[str, Measured]
    states: Mapping[str, Meant]
    """Of a code that is a number with a value for each state: CODE=VALUE."""
    valued: frozenset[str] = frozenset()
    """Codes with such states."""


NO_CODES = CodeTable({}, {})


def table_of(told: Mapping[str, Any]) -> CodeTable:
    """A table as data, whose form has been checked."""
    metrics = {
        code: Measured(each["metric"], each.get("unit"), 10.0 ** (each.get("scale") or 0))
        for code, each in (told.get("metrics") or {}).items()
    }
    states = {
        code: Meant(each["kind"], each.get("code") or "", each.get("state"), tuple(each.get("ends") or ()))
        for code, each in (told.get("states") or {}).items()
    }
    return CodeTable(metrics, states, frozenset(code.partition("=")[0] for code in states if "=" in code))


def told(package: str, file: str = "codes.json") -> dict[str, Any]:
    """The data of a codec's own table."""
    found: dict[str, Any] = json.loads(files(package).joinpath(file).read_text(encoding="utf-8"))
    return found


@cache
def shipped(package: str, file: str = "codes.json") -> CodeTable:
    """A codec's own table."""
    return table_of(told(package, file))
