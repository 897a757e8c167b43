"""What elements and states of SL 651 are: data in elements.json and status.json, with its tables."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple


class Element(NamedTuple):
    """What is measured."""

    metric: str
    unit: str | None
    """In UCUM; None where the standard counts or codes."""


def _table(name: str) -> Any:
    return json.loads(files(__package__).joinpath(name).read_text(encoding="utf-8"))


@cache
def elements() -> dict[int, Element]:
    """By identifier."""
    return {int(code, 16): Element(each["metric"], each["unit"]) for code, each in _table("elements.json").items()}


@cache
def states() -> tuple[tuple[int, str, str], ...]:
    """(mask, kind of event, code) of each bit of a station's state that tells what is wrong."""
    return tuple((1 << int(bit), kind, code) for bit, (kind, code) in _table("status.json")["bits"].items())
