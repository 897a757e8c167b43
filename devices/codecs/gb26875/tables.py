"""What states and analogue values of GB/T 26875.3 mean: data in codes.json, with its clauses."""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

from devices.codecs.code_table import Measured, shipped
from devices.vocabulary import OTHER


class Bit(NamedTuple):
    """A bit of a state."""

    mask: int
    kind: str
    """Of the event: one of the vocabulary."""
    code: str
    known: bool = True
    """Whether the standard says what it is."""


@cache
def analogues() -> Mapping[int, Measured]:
    """By kind of value."""
    return {int(kind): each for kind, each in shipped(__package__).metrics.items()}


@cache
def bits(of: str, size: int) -> tuple[Bit, ...]:
    """Of the states of a "system", a "component", the transmission "device", or of an "operation", of so many bits.

    Bit 0 is among them where it is of an operation; of a state it says whether it is a test.
    """
    table = shipped(__package__).states
    found = []
    for bit in range(of != "operation", size):
        code = f"{of}.{bit}"
        meant = table.get(code)
        found.append(Bit(1 << bit, OTHER, code, False) if meant is None else Bit(1 << bit, meant.kind, meant.code))
    return tuple(found)


@cache
def alarms() -> dict[int, str]:
    """What the alarm of a component is, by its type; of the others: fire."""
    of = "alarm_of_component."
    states = shipped(__package__).states
    return {int(code.removeprefix(of)): each.kind for code, each in states.items() if code.startswith(of)}
