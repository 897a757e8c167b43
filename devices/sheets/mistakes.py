"""What is wrong in a sheet: where, what, and what would be right."""

from typing import Literal, NamedTuple

Grade = Literal["error", "warning"]

SHOWN = 80
"""Characters of a cell that a mistake repeats."""


class Mistake(NamedTuple):
    """One thing that is wrong with a cell or a line; a warning keeps nothing from being imported."""

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
    """A cell as a mistake shows it."""
    return cell if len(cell) <= SHOWN else cell[:SHOWN] + "..."
