"""Reads the sheet of an XLSX file line by line as text cells.

Imported for such files only: openpyxl takes three quarters of the processor time of a process that reads a short CSV.
"""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple
from xml.etree.ElementTree import ParseError
from xml.parsers.expat import ExpatError

from openpyxl.reader.excel import ExcelReader
from openpyxl.styles.numbers import BUILTIN_FORMATS, BUILTIN_FORMATS_MAX_SIZE
from openpyxl.styles.stylesheet import apply_stylesheet
from openpyxl.xml.constants import SHARED_STRINGS

from devices.sheets.damage import shows_as_stored
from devices.sheets.lines import Line, unreadable
from devices.sheets.mistakes import Mistake
from devices.sheets.shared_strings import read_strings
from devices.sheets.worksheet import read_rows

MAX_UNPACKED = 1 << 30
"""Bytes that an XLSX file may unpack to; a zip can hold a thousand times its size."""
SHEET_NAMES = ("devices", "设备")
_NO_XLSX = (zipfile.BadZipFile, zlib.error, ParseError, ExpatError, LookupError, ValueError, OSError, EOFError)


def read_workbook(path: Path) -> Iterator[Line | Mistake]:
    """Yield the lines of the first sheet, or of the one that is named so; a mistake where it becomes unreadable."""
    number = 0
    try:
        with path.open("rb") as opened, zipfile.ZipFile(opened) as packed:
            size = sum(item.file_size for item in packed.infolist())
            if size > MAX_UNPACKED:
                right = f"at most {MAX_UNPACKED >> 20} MB are read"
                yield unreadable(1, f"the workbook unpacks to {size >> 20} MB", right)
                return
            book = _open_book(opened)
            whole = max(packed.getinfo(book.sheet).file_size, 1)
            with packed.open(book.sheet) as part:
                for (number, cells), read in read_rows(part, book.strings, book.dates, book.formats):
                    if any(cells):
                        yield Line(number, cells, min(read / whole, 1.0))
    except _NO_XLSX as error:
        wrong = f"the workbook cannot be read from here on: {error}"
        yield unreadable(number + 1, wrong, "save it as XLSX once more, or as CSV")


class _Book(NamedTuple):
    """Of a workbook what its rows need: the part of the sheet, the shared strings, what its styles show."""

    sheet: str
    strings: list[str]
    dates: set[int]
    """The styles that show a date."""
    formats: Mapping[int, str]
    """By style: a number format that shows a whole number as something else."""


def _open_book(opened: BinaryIO) -> _Book:
    """What openpyxl knows of a workbook before it reads a row, and the strings; one of _NO_XLSX when it is none."""
    reader: Any = ExcelReader(opened, read_only=True)
    try:
        reader.read_manifest()
        reader.read_workbook()
        apply_stylesheet(reader.archive, reader.wb)
        sheets = [(it.name.lower(), rel.target) for it, rel in reader.parser.find_sheets() if "chart" not in rel.Type]
    except (AttributeError, TypeError) as error:  # a part that is not as openpyxl expects
        raise ValueError(str(error)) from error
    table, strings = reader.package.find(SHARED_STRINGS), list[str]()
    if table:
        with reader.archive.open(table.PartName[1:]) as part:
            strings = read_strings(part)
    if not sheets:
        raise ValueError("it has no sheet of cells")
    place = next((place for name, place in sheets if name in SHEET_NAMES), sheets[0][1])
    return _Book(place, strings, reader.wb._date_formats, _formats(reader.wb))


def _formats(book: Any) -> dict[int, str]:
    """By style: its number format, where a whole number does not look by it as it is stored."""
    own = book._number_formats
    found = {}
    for style, cell in enumerate(book._cell_styles):
        number = cell.numFmtId
        custom = own[number - BUILTIN_FORMATS_MAX_SIZE] if 0 <= number - BUILTIN_FORMATS_MAX_SIZE < len(own) else ""
        shown = BUILTIN_FORMATS.get(number, custom)
        if not shows_as_stored(shown):
            found[style] = shown
    return found
