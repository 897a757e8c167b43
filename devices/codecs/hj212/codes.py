"""What the codes of HJ 212 measure: data in codes.json, each with its source.

A code that is not there keeps its own name as that of the metric. Where the standard's unit depends on what is
monitored (mg/m3 at a chimney, ug/m3 in the street), none is told: the profile's own counts.
"""

import json
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class Code(NamedTuple):
    """A code of what is measured."""

    metric: str
    unit: str | None
    """In UCUM."""


@cache
def codes() -> dict[str, Code]:
    """By code."""
    table = json.loads(files(__package__).joinpath("codes.json").read_text(encoding="utf-8"))
    return {code: Code(each["metric"], each["unit"]) for code, each in table.items()}
