"""A CSV file of devices, read and checked line by line; pure."""

import csv
import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from api.problems import Fault
from api.words import CODE, TEXT

REQUIRED = ("code", "name", "profile")
COLUMNS = (*REQUIRED, "parent", "organisation", "region", "lon", "lat")
_CODES = frozenset({"code", "profile", "parent", "organisation"})
_SIZES = {"lon": 180.0, "lat": 90.0}


@dataclass(slots=True)
class DeviceFile:
    """The rows of a file, each with its `line`; `columns` are those it has; `faults` is what is wrong."""

    columns: list[str] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)


def read_devices(body: bytes) -> DeviceFile:
    """The devices of a CSV file in UTF-8, with or without a byte order mark."""
    file = DeviceFile()
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = body.count(b"\n", 0, error.start) + 1
        problem = f"not UTF-8 at byte {error.start + 1} of the file; save it as UTF-8 (Excel: 'CSV UTF-8')"
        file.faults.append(Fault(line=line, problem=problem))
        return file
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        file.columns = [cell.strip() for cell in next(reader, [])]
        file.faults.extend(_header_faults(file.columns))
        if not file.faults:
            for number, cells in _numbered(reader):
                _take(file, number, cells)
    except csv.Error as error:
        file.faults.append(Fault(line=reader.line_num, problem=f"not CSV: {error}"))
    return file


def _header_faults(columns: list[str]) -> Iterator[Fault]:
    right = f"the first line is {','.join(COLUMNS)} (all after profile may be left out)"
    for name in REQUIRED:
        if name not in columns:
            yield Fault(line=1, column=name, problem=f"this column is missing; {right}")
    for place, name in enumerate(columns):
        if name not in COLUMNS:
            yield Fault(line=1, column=name, problem=f"no such column; {right}")
        elif name in columns[:place]:
            yield Fault(line=1, column=name, problem="this column is there twice")


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:
    """Rows that hold something, with the line they begin on: a quoted cell may span lines."""
    end = reader.line_num
    for cells in reader:
        begin, end = end + 1, reader.line_num
        if any(cell.strip() for cell in cells):
            yield begin, cells


def _take(file: DeviceFile, line: int, cells: list[str]) -> None:
    if len(cells) != len(file.columns):
        problem = f"{len(cells)} cells where the first line has {len(file.columns)}; quote a cell with a comma"
        file.faults.append(Fault(line=line, problem=problem))
        return
    row: dict[str, Any] = {"line": line}
    for name, cell in zip(file.columns, cells, strict=True):
        row[name], wrong = _value(name, cell.strip())
        if wrong:
            file.faults.append(Fault(line=line, column=name, problem=wrong))
    if (row.get("lon") is None) != (row.get("lat") is None):
        missing = "lon" if row.get("lon") is None else "lat"
        if not any(fault.line == line and fault.column == missing for fault in file.faults[-2:]):
            file.faults.append(Fault(line=line, column=missing, problem="give both lon and lat, or neither"))
    file.rows.append(row)


def _value(name: str, cell: str) -> tuple[str | float | None, str | None]:
    """A cell's value and what is wrong with it."""
    if not cell:
        return None, "must not be empty" if name in REQUIRED else None
    problem: str | None = None
    if name in _CODES and not re.match(CODE, cell):
        problem = f"'{cell}' is no code; use up to 64 letters, digits and . _ : -, beginning with a letter or digit"
    elif name == "name" and (len(cell) > 200 or not re.match(TEXT, cell)):
        problem = "a name has up to 200 characters and no control characters"
    elif name == "region" and not re.fullmatch(r"[0-9]{12}", cell):
        problem = f"'{cell}' is no division code; it has 12 digits, like 330106000000"
    elif name in _SIZES:
        return _degrees(cell, _SIZES[name])
    return cell, problem


def _degrees(cell: str, limit: float) -> tuple[float | None, str | None]:
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if abs(value) <= limit:
        return value, None
    return None, f"'{cell}' is no number of degrees between -{limit:g} and {limit:g}"


def repeated(rows: list[dict[str, Any]]) -> Iterator[Fault]:
    """Codes that are in the file more than once."""
    first: dict[str, int] = {}
    for row in rows:
        code, line = row["code"], row["line"]
        if code is not None and first.setdefault(code, line) != line:
            yield Fault(line=line, column="code", problem=f"'{code}' is on line {first[code]} already")
