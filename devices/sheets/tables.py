"""Reads CSV and XLSX files line by line as text cells."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from devices.sheets.columns import is_column
from devices.sheets.csv_rows import MAX_ROW, csv_rows
from devices.sheets.delimiter import delimiter_of
from devices.sheets.encoding import encoding_of
from devices.sheets.lines import MAX_CELLS, Line, unreadable
from devices.sheets.mistakes import Mistake

MAX_ROWS = 1_000_000
"""Of one file; protects the database from one transaction without end."""


def read_lines(path: Path) -> Iterator[Line | Mistake]:
    """Yield the lines of a file, header first; a mistake where it becomes unreadable."""
    with path.open("rb") as opened:
        begin = opened.read(8)
    if begin.startswith(b"PK\x03\x04"):
        from devices.sheets.workbook import read_workbook

        yield from read_workbook(path)
    elif begin.startswith(b"\xd0\xcf\x11\xe0"):
        wrong = "this is a workbook of Excel 97-2003, or one with a password"
        yield unreadable(1, wrong, "save it as XLSX without a password, or as CSV")
    else:
        yield from _csv(path)


def _csv(path: Path) -> Iterator[Line | Mistake]:
    encoding = encoding_of(path)
    if isinstance(encoding, int):
        right = "save it as UTF-8 (Excel: 'CSV UTF-8') or GB18030"
        yield unreadable(encoding, "the text is neither UTF-8 nor GB18030", right)
        return
    size = max(path.stat().st_size, 1)
    with path.open("rb") as opened, io.TextIOWrapper(opened, encoding, newline="") as text:
        delimiter = delimiter_of(text.readline(MAX_ROW), is_column)
        text.seek(0)
        last = end = 0
        try:
            for end, cells in csv_rows(text, delimiter, strict=True):
                begin, last = last + 1, end
                if len(cells) > MAX_CELLS:
                    yield unreadable(begin, f"a row has more than {MAX_CELLS:,} cells", "a spreadsheet has no more")
                    return
                plain = [cell.strip() for cell in cells]
                if any(plain):
                    yield Line(begin, plain, min(opened.tell() / size, 1.0))
        except csv.Error as error:
            right = "close each quote, and write one inside a quoted cell twice; what follows was not read"
            yield unreadable(end + 1, f"not CSV from here on: {error}", right)
