"""Rows of a CSV file, each of a bounded size: one of commas only would be a list of a hundred million cells."""

import csv
from collections.abc import Iterator
from typing import TextIO

MAX_ROW = 1 << 20
"""Characters of a row; a row of devices has some hundred, and one cell at most 131,072 (csv.field_size_limit)."""


class _Lines:
    """The lines of a text, until those of one row have more than MAX_ROW characters."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self.room = MAX_ROW

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line = self._text.readline(self.room + 1)
        if not line:
            raise StopIteration
        self.room -= len(line)
        if self.room < 0:
            raise csv.Error(f"a row has more than {MAX_ROW:,} characters")
        return line


def csv_rows(text: TextIO, delimiter: str = ",", strict: bool = False) -> Iterator[tuple[int, list[str]]]:
    """Each row with the number of its last line, from 1; csv.Error where it is none, or too long."""
    lines = _Lines(text)
    reader = csv.reader(lines, delimiter=delimiter, strict=strict)
    for cells in reader:
        yield reader.line_num, cells
        lines.room = MAX_ROW
