"""Validates the rows of a device sheet, without the store."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from devices.places.coordinates import Crs, to_wgs84
from devices.places.position import degrees_of, doubt
from devices.sheets.address_cells import read_addresses
from devices.sheets.cells import CHECKS, Value
from devices.sheets.columns import REQUIRED, read_header, scheme_of
from devices.sheets.damage import COLUMNS as IDENTITIES
from devices.sheets.damage import Damaged, Wrong, doubtful
from devices.sheets.escape import unescaped
from devices.sheets.lines import Line
from devices.sheets.mistakes import Mistake, short
from devices.sheets.tables import MAX_ROWS, read_lines

CHUNK = 2_000
"""Rows that are checked at once."""
STAGED = (
    *("code", "name", "profile", "parent", "organisation", "region", "lon", "lat", "zone", "sim_expires"),
    *("addresses", "state", "tags"),
)
DEFAULT_ZONE = "Asia/Shanghai"


class Checked(NamedTuple):
    """A chunk of validated rows (`line, *STAGED, bad`) and their mistakes."""

    rows: list[tuple[Any, ...]]
    mistakes: list[Mistake]
    share: float
    """Of the file that has been read, 0 to 1."""


class DeviceSheet:
    """A device sheet, read once from the start; `columns` are known after the first chunk."""

    def __init__(self, path: Path) -> None:
        self.columns: list[str] = []
        self.hopeless = False
        """Whether the file or its header is wrong itself, so that no part of it can be taken."""
        self._lines = read_lines(path)
        self._meant: list[str | None] = []
        self._schemes: list[str] = []
        """Of each column of addresses that is headed by one."""
        self._first: dict[str, int] = {}
        """The line of each code."""

    def parts(self) -> Iterator[Checked]:
        """Yield chunks of CHUNK rows; the first one includes the header."""
        rows: list[tuple[Any, ...]] = []
        mistakes: list[Mistake] = []
        share, count = 0.0, 0
        for line in self._lines:
            if isinstance(line, Mistake):
                mistakes.append(line)
                self.hopeless = True
                break
            if not self._meant:
                self._meant, wrong = read_header(line.cells, line.number)
                self._schemes = [scheme_of(cell) for cell in line.cells]
                mistakes += wrong
                self.columns = [name for name in self._meant if name]
                self.hopeless = bool(wrong)
                if not self.columns:
                    break
                continue
            count += 1
            if count > MAX_ROWS:
                right = f"a file has at most {MAX_ROWS:,} devices: divide it"
                mistakes.append(Mistake(line.number, "", "", "the file is too long", right, ""))
                self.hopeless = True
                break
            rows.append(self._row(line, mistakes))
            share = line.share
            if len(rows) >= CHUNK:
                yield Checked(rows, mistakes, share)
                rows, mistakes = [], []
        if not self._meant and not mistakes:
            right = f"the first line names the columns: {', '.join(REQUIRED)} and more"
            mistakes.append(Mistake(1, "", "", "the file is empty", right, ""))
            self.hopeless = True
        yield Checked(rows, mistakes, 1.0)

    def _row(self, line: Line, mistakes: list[Mistake]) -> tuple[Any, ...]:
        cells = line.cells
        values: dict[str, Any] = {}
        known = len(mistakes)
        if len(cells) > len(self._meant) and any(cells[len(self._meant) :]):
            wrong = f"{len(cells)} cells where the first line has {len(self._meant)}"
            mistakes.append(
                Mistake(line.number, short(cells[0]), "", wrong, 'put a cell with a comma in it into "quotes"', "")
            )
            values["code"] = self._code_alone(line)  # the other cells may have moved to the left or right
        else:
            for place, name in enumerate(self._meant):
                cell = cells[place] if place < len(cells) else ""
                if name:
                    self._cell(line.number, name, cell, values, mistakes, self._schemes[place])
                elif cell and name is None:
                    wrong = f"'{short(cell)}' stands in a column without a name"
                    mistakes.append(
                        Mistake(line.number, "", "", wrong, "name the column on the first line", short(cell))
                    )
            self._whole(line.number, values, mistakes)
        code = values.get("code") or ""
        if len(mistakes) > known:
            mistakes[known:] = [item._replace(code=code or item.code) for item in mistakes[known:]]
        bad = any(item.grade == "error" for item in mistakes[known:])
        for name in ("tags", "addresses"):
            if values.get(name) is not None:
                values[name] = json.dumps(values[name], ensure_ascii=False)
        return (line.number, *(values.get(name) for name in STAGED), bad)

    def _code_alone(self, line: Line) -> str | None:
        place = self._meant.index("code") if "code" in self._meant else len(line.cells)
        cell = line.cells[place] if place < len(line.cells) else ""
        found = CHECKS["code"](cell) if cell and not isinstance(cell, Damaged) else None
        return found if isinstance(found, str) and self._first.setdefault(found, line.number) == line.number else None

    def _cell(
        self, line: int, name: str, cell: str, values: dict[str, Any], mistakes: list[Mistake], scheme: str
    ) -> None:
        if not cell:
            values[name] = None
            if name in REQUIRED:
                mistakes.append(Mistake(line, "", name, "the cell is empty", _needed(name), ""))
            return
        # What a spreadsheet has done to an identity is never one, and a failed formula is no value of any column.
        if isinstance(cell, Damaged) and (name in IDENTITIES or cell.how == "error"):
            found: Value | Wrong = cell.told
        elif scheme:
            found = read_addresses(unescaped(cell), scheme)
        else:
            found = CHECKS[name](unescaped(cell))
        if isinstance(found, Wrong):
            mistakes.append(Mistake(line, "", name, *found, short(cell)))
            values[name] = None
            values["wrong_" + name] = True
        else:
            values[name] = found
            if name == "code" and (told := doubtful(cell)):
                mistakes.append(Mistake(line, "", name, *told, short(cell), "warning"))

    def _whole(self, line: int, values: dict[str, Any], mistakes: list[Mistake]) -> None:
        """Cross-cell validation of a row."""
        code = values.get("code")
        if code is not None and (first := self._first.setdefault(code, line)) != line:
            right = f"give the device a code of its own, or remove one of the lines {first} and {line}"
            mistakes.append(Mistake(line, code, "code", f"'{code}' is on line {first} already", right, code))
            values["code"] = None
        if code is not None and values.get("parent") == code:
            mistakes.append(Mistake(line, code, "parent", "it would hang on itself", "name another, or none", code))
            values["parent"] = None
        lon, lat = values.get("lon"), values.get("lat")
        if lon is None and lat is None:
            return
        if lon is None or lat is None:
            missing = "lon" if lon is None else "lat"
            if not values.get("wrong_" + missing):
                mistakes.append(
                    Mistake(line, "", missing, f"there is no {missing}", "give both lon and lat, or none", "")
                )
            values["lon"] = values["lat"] = None
            return
        crs: Crs = values.get("crs") or "wgs84"
        told = degrees_of(lon, lat)
        if told is None and not values.get("wrong_crs"):
            lon, lat = to_wgs84(lon, lat, crs)
            told = doubt(lon, lat, values.get("region"))
        if told is not None:
            column = "lat" if abs(lat) > 90 else "lon"
            mistakes.append(Mistake(line, "", column, told.wrong, told.right, f"{lon:.10g}, {lat:.10g}", told.grade))
        values["lon"], values["lat"] = (lon, lat) if told is None or told.grade == "warning" else (None, None)


def _needed(name: str) -> str:
    return {
        "code": "each device has a code, its own name in topics and paths",
        "name": "each device has a name for people",
        "profile": "each device has a profile; GET /api/v1/profiles lists them",
    }[name]
