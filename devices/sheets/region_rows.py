"""Validates the rows of a file of administrative divisions, without the store."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import NamedTuple, TextIO

from devices.places.regions import EARLIEST, LATEST, LEVELS, Level, level_of
from devices.sheets.csv_rows import csv_rows
from devices.sheets.encoding import encoding_of
from devices.sheets.mistakes import Mistake

REQUIRED = ("code", "name")
COLUMNS = (*REQUIRED, "level", "valid_from", "valid_to", "successors")
_WORDS: dict[str, Level] = {
    **{level: level for level in LEVELS},
    **dict(zip("12345", LEVELS, strict=True)),
    **dict(zip(("省", "市", "县", "乡", "村"), LEVELS, strict=True)),
    **dict(zip(("省级", "地级", "县级", "乡级", "村级"), LEVELS, strict=True)),
}


class Region(NamedTuple):
    """A division from a file; valid from the first day (inclusive) to the last (exclusive)."""

    line: int
    code: str
    name: str
    level: Level
    valid_from: date
    valid_to: date
    successors: list[str]

    def staged(self) -> tuple[object, ...]:
        """The row for region_copy."""
        end = "infinity" if self.valid_to == LATEST else self.valid_to.isoformat()
        return (*self[:4], self.valid_from.isoformat(), end, f"{{{','.join(self.successors)}}}")


def read_region_file(path: Path) -> Iterator[Region | Mistake]:
    """The divisions of a CSV file in UTF-8 or GB18030."""
    encoding = encoding_of(path)
    if isinstance(encoding, int):
        yield _mistake(encoding, "", "the text is neither UTF-8 nor GB18030; save it as UTF-8")
        return
    with path.open(encoding=encoding, newline="") as text:
        yield from read_regions(text)


def read_regions(text: TextIO) -> Iterator[Region | Mistake]:
    """The divisions of a CSV text with a header; columns: see COLUMNS, the first two required."""
    rows, line = csv_rows(text), 0
    try:
        line, header = next(rows, (1, []))
        columns = [cell.strip().lower() for cell in header]
        if columns and columns[0].startswith("\ufeff"):
            columns[0] = columns[0].removeprefix("\ufeff")
        if wrong := [name for name in REQUIRED if name not in columns]:
            yield _mistake(1, wrong[0], f"this column is missing; the first line is {','.join(COLUMNS)}")
            return
        seen: dict[tuple[str, date], int] = {}
        for line, cells in rows:
            if not any(cell.strip() for cell in cells):
                continue
            found = _region(line, {name: cell.strip() for name, cell in zip(columns, cells, strict=False)})
            if isinstance(found, Region):
                first = seen.setdefault((found.code, found.valid_from), found.line)
                if first != found.line:
                    problem = f"'{found.code}' is on line {first} already, from the same day"
                    found = _mistake(found.line, "code", problem)
            yield found
    except csv.Error as error:
        yield _mistake(line + 1, "", f"not CSV from here on: {error}")


def _mistake(line: int, column: str, problem: str) -> Mistake:
    return Mistake(line, "", column, problem, "", "")


def _region(line: int, row: dict[str, str]) -> Region | Mistake:
    code, name = row.get("code", ""), row.get("name", "")
    if not re.fullmatch(r"[0-9]{12}", code):
        return _mistake(line, "code", f"'{code[:80]}' is no division code; it has 12 digits, like 330110005000")
    if not 0 < len(name) <= 200 or not name.isprintable():
        return _mistake(line, "name", "a name has 1 to 200 characters and no control characters")
    told = row.get("level", "").lower()
    if told and told not in _WORDS:
        return _mistake(line, "level", f"'{told[:80]}' is no level; write {', '.join(LEVELS)}, or leave it empty")
    begin, end = _day(row.get("valid_from", ""), EARLIEST), _day(row.get("valid_to", ""), LATEST)
    for column, day in (("valid_from", begin), ("valid_to", end)):
        if day is None:
            return _mistake(line, column, f"'{row[column][:80]}' is no day; write it like 2021-04-09")
    if begin is None or end is None or begin >= end:
        return _mistake(line, "valid_to", "a division must begin before it ends")
    successors = re.split(r"[\s;,|]+", row.get("successors", "")) if row.get("successors") else []
    for successor in successors:
        if not re.fullmatch(r"[0-9]{12}", successor) or successor == code:
            problem = f"'{successor[:80]}' is no other division code; write 12 digits, several with ; between"
            return _mistake(line, "successors", problem)
    return Region(line, code, name, _WORDS[told] if told else level_of(code), begin, end, successors)


def _day(text: str, default: date) -> date | None:
    """A day of the file; None when it is none."""
    if text in ("", "infinity"):
        return default
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
