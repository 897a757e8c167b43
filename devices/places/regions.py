"""Administrative divisions: 12-digit codes whose prefixes form the tree, with validity periods. Pure."""

import csv
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Literal, NamedTuple, TextIO, get_args

Level = Literal["province", "city", "county", "town", "village"]
LEVELS: tuple[Level, ...] = get_args(Level)
DIGITS = dict(zip(LEVELS, (2, 4, 6, 9, 12), strict=True))
"""How many digits of a code name a division of each level; zeros follow."""
REQUIRED = ("code", "name")
COLUMNS = (*REQUIRED, "level", "valid_from", "valid_to", "successors")
EARLIEST, LATEST = date(1900, 1, 1), date.max
"""Always valid; the database's infinity is date.max here."""
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


class Complaint(NamedTuple):
    """An error in a divisions file; no line when it concerns the whole file."""

    line: int
    column: str
    problem: str


def level_of(code: str) -> Level:
    """Level of a division, derived from its trailing zeros."""
    return next(level for level in LEVELS if level == "village" or set(code[DIGITS[level] :]) == {"0"})


def ancestors(code: str) -> list[str]:
    """Ancestor codes from the province down, without duplicates."""
    above = (code[:digits].ljust(12, "0") for digits in DIGITS.values())
    return [found for found in dict.fromkeys(above) if found != code]


def sample() -> str:
    """Sample data: real divisions of three provinces down to towns, as CSV for `read_regions`."""
    return (files("devices.places") / "regions_sample.csv").read_text(encoding="utf-8")


def read_regions(text: TextIO) -> Iterator[Region | Complaint]:
    """The divisions of a CSV file with a header; columns: see COLUMNS, the first two required."""
    reader = csv.reader(text)
    columns = [cell.strip().lower() for cell in next(reader, [])]
    if columns and columns[0].startswith("\ufeff"):
        columns[0] = columns[0].removeprefix("\ufeff")
    if wrong := [name for name in REQUIRED if name not in columns]:
        yield Complaint(1, wrong[0], f"this column is missing; the first line is {','.join(COLUMNS)}")
        return
    seen: dict[tuple[str, date], int] = {}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        row = {name: cell.strip() for name, cell in zip(columns, cells, strict=False)}
        found = _region(reader.line_num, row)
        if isinstance(found, Region):
            first = seen.setdefault((found.code, found.valid_from), found.line)
            if first != found.line:
                found = Complaint(found.line, "code", f"'{found.code}' is on line {first} already, from the same day")
        yield found


def _region(line: int, row: dict[str, str]) -> Region | Complaint:
    code, name = row.get("code", ""), row.get("name", "")
    if not re.fullmatch(r"[0-9]{12}", code):
        return Complaint(line, "code", f"'{code[:80]}' is no division code; it has 12 digits, like 330110005000")
    if not 0 < len(name) <= 200 or not name.isprintable():
        return Complaint(line, "name", "a name has 1 to 200 characters and no control characters")
    told = row.get("level", "").lower()
    if told and told not in _WORDS:
        return Complaint(line, "level", f"'{told[:80]}' is no level; write {', '.join(LEVELS)}, or leave it empty")
    begin, end = _day(row.get("valid_from", ""), EARLIEST), _day(row.get("valid_to", ""), LATEST)
    for column, day in (("valid_from", begin), ("valid_to", end)):
        if day is None:
            return Complaint(line, column, f"'{row[column][:80]}' is no day; write it like 2021-04-09")
    if begin is None or end is None or begin >= end:
        return Complaint(line, "valid_to", "a division must begin before it ends")
    successors = re.split(r"[\s;,|]+", row.get("successors", "")) if row.get("successors") else []
    for successor in successors:
        if not re.fullmatch(r"[0-9]{12}", successor) or successor == code:
            problem = f"'{successor[:80]}' is no other division code; write 12 digits, several with ; between"
            return Complaint(line, "successors", problem)
    return Region(line, code, name, _WORDS[told] if told else level_of(code), begin, end, successors)


def _day(text: str, default: date) -> date | None:
    """A day of the file; None when it is none."""
    if text in ("", "infinity"):
        return default
    try:
        return date.fromisoformat(text.replace("/", "-"))
    except ValueError:
        return None
