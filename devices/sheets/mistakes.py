"""Mistakes in a sheet: location, error and fix."""

from typing import Literal, NamedTuple

Grade = Literal["error", "warning"]

SHOWN = 80
"""Characters of a cell that a mistake repeats."""


class Mistake(NamedTuple):
    """An error or warning about a cell or line; warnings do not block the import."""

    line: int
    """From 1, as editors and spreadsheets count; where the row begins."""
    code: str
    """Of the line's device, as far as it can be read."""
    column: str
    """English name; empty: the whole line."""
    wrong: str
    right: str
    value: str
    """What is in the cell."""
    grade: Grade = "error"


def short(cell: str) -> str:
    """Shorten a cell for display."""
    return cell if len(cell) <= SHOWN else cell[:SHOWN] + "..."
