"""Import report as a file: one line per mistake, with its fix."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path

import openpyxl
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Font, PatternFill

from devices.sheets.escape import harmless
from devices.sheets.mistakes import Mistake
from hub.words import Lang, text

_FIELDS = ("line", "code", "column", "value", "grade", "wrong", "right")
_WIDTHS = (8, 24, 14, 24, 10, 48, 70)


def _header(lang: Lang) -> list[str]:
    return [text(f"sheet.report.{name}", lang) for name in _FIELDS]


def _cells(mistake: Mistake) -> list[str | int]:
    texts = (mistake.code, mistake.column, mistake.value, mistake.grade, mistake.wrong, mistake.right)
    return [mistake.line, *(ILLEGAL_CHARACTERS_RE.sub("?", text) for text in texts)]


def csv_report(mistakes: Iterable[Mistake], lang: Lang = "en") -> bytes:
    """CSV in UTF-8 with a byte order mark, for Excel."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(_header(lang))
    for mistake in mistakes:
        writer.writerow([harmless(cell) if isinstance(cell, str) else cell for cell in _cells(mistake)])
    return text.getvalue().encode("utf-8-sig")


def xlsx_report(mistakes: Iterable[Mistake], lang: Lang = "en") -> bytes:
    """XLSX with colour-coded rows, a frozen header and filters."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("report")
    for place, width in enumerate(_WIDTHS):
        sheet.column_dimensions["ABCDEFG"[place]].width = width
    sheet.freeze_panes = "A2"
    head = [WriteOnlyCell(sheet, name) for name in _header(lang)]
    for cell in head:
        cell.font = Font(bold=True)
    sheet.append(head)
    fills = {
        "error": PatternFill("solid", fgColor="FFD6D6"),
        "warning": PatternFill("solid", fgColor="FFF2CC"),
    }
    count = 1
    for count, mistake in enumerate(mistakes, 2):  # noqa: B007 the number of the last line is wanted
        cells = [WriteOnlyCell(sheet, value) for value in _cells(mistake)]
        for cell in cells[1:]:
            cell.data_type = "s"  # never a formula
        cells[4].fill = fills[mistake.grade]
        sheet.append(cells)
    sheet.auto_filter.ref = f"A1:G{count}"
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def write_report(path: Path, mistakes: Iterable[Mistake], lang: Lang = "en") -> None:
    """Write a report; .xlsx by file extension, otherwise CSV."""
    path.write_bytes((xlsx_report if path.suffix.lower() == ".xlsx" else csv_report)(mistakes, lang))
