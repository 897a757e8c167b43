"""What a file of devices is read as, line by line, whichever kind of file it is."""

from typing import NamedTuple

from devices.sheets.mistakes import Mistake

MAX_CELLS = 1 << 14
"""Of a row, as in any spreadsheet; those with a style and nothing else count, too."""


class Line(NamedTuple):
    """A non-empty line: 1-based number, stripped cells, and fraction of the file read."""

    number: int
    cells: list[str]
    share: float


def unreadable(line: int, wrong: str, right: str) -> Mistake:
    """The mistake that ends a file: from that line on it is not read."""
    return Mistake(line, "", "", wrong, right, "")
