"""What states and analogue values of GB/T 26875.3 mean: data in states.json and analogues.json, with its clauses."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Analogue(NamedTuple):
    """A kind of analogue value."""

    metric: str
    unit: str
    """In UCUM."""
    divisor: float


class Bit(NamedTuple):
    """A bit of a state."""

    mask: int
    kind: str
    """Of the event: one of the vocabulary."""
    code: str


def _table(name: str) -> Any:
    return json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def analogues() -> dict[int, Analogue]:
    """By kind of value."""
    return {
        int(kind): Analogue(each["metric"], each["unit"], 10.0 ** each["scale"])
        for kind, each in _table("analogues.json").items()
    }


@cache
def bits(of: str) -> tuple[Bit, ...]:
    """Of the states of a "system", a "component", the transmission "device", or of an "operation"."""
    table = _table("states.json")[of]
    return tuple(Bit(1 << int(bit), kind, code) for bit, (kind, code, _) in table.items())


@cache
def alarms() -> dict[int, str]:
    """What the alarm of a component is, by its type; of the others: fire."""
    return {int(kind): told for kind, (told, _) in _table("states.json")["alarm_of_component"].items()}
