"""Template of a device sheet, with instructions in English and Chinese."""

import csv
import io

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from devices.lifecycle import STATES
from devices.places.coordinates import CRSES
from devices.sheets.columns import COLUMNS, NAMES
from hub.words import LANGS, text

ROWS = 100_000
"""Lines of the template that offer the states and coordinate systems to choose from."""
_TEXT = ("code", "profile", "parent", "organisation", "region", "sim_expires", "addresses", "tags")
_RULES = ("header", "required", "again", "check")
_HEADS = ("column", "required", "meaning", "example")


def csv_template() -> bytes:
    """Header and one example as CSV in UTF-8 with a byte order mark, for Excel."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NAMES)
    writer.writerow([column.example for column in COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def xlsx_template() -> bytes:
    """Workbook with the sheets `devices` (header and an example row) and `instructions`."""
    book = openpyxl.Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError(sheet)
    sheet.title = "devices"
    sheet.freeze_panes = "A2"
    for place, column in enumerate(COLUMNS, 1):
        head = sheet.cell(1, place, f"{column.name} ({column.header('zh')})")
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="FFF2CC" if column.required else "E8EEF7")
        head.comment = Comment("\n".join(column.meaning(lang) for lang in LANGS), "Ganzhi", width=320, height=120)
        letter = head.column_letter
        sheet.column_dimensions[letter].width = max(16, len(column.example) + 6)
        sheet.cell(2, place, column.example)
        if column.name in _TEXT:
            # A division code that is typed into any line stays text, with all its digits.
            sheet.cell(2, place).number_format = sheet.column_dimensions[letter].number_format = "@"
        for name, choices in (("state", STATES), ("crs", CRSES)):
            if column.name == name:
                _choose(sheet, letter, choices)
    for name in ("lon", "lat"):
        cell = sheet.cell(2, NAMES.index(name) + 1)
        cell.value = float(str(cell.value))
    _instructions(book.create_sheet("instructions"))
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def _choose(sheet: Worksheet, letter: str, choices: tuple[str, ...]) -> None:
    rule = DataValidation(type="list", formula1=f'"{",".join(choices)}"', allow_blank=True, showErrorMessage=False)
    sheet.add_data_validation(rule)
    rule.add(f"{letter}2:{letter}{ROWS + 1}")


def _instructions(sheet: Worksheet) -> None:
    for rule in _RULES:
        for lang in LANGS:
            sheet.append([text(f"sheet.rule.{rule}", lang)])
    sheet.append([])
    (column, name), required, (meaning, described), example = [
        [text(f"sheet.head.{head}", lang) for lang in LANGS] for head in _HEADS
    ]
    sheet.append([column, name, " ".join(required), meaning, described, " ".join(example)])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    yes = " ".join(text("sheet.yes", lang) for lang in LANGS)
    for each in COLUMNS:
        texts = [each.meaning(lang) for lang in LANGS]
        sheet.append([each.name, each.header("zh"), yes if each.required else "", *texts, each.example])
    for letter, width in zip("ABCDEF", (14, 14, 14, 70, 60, 28), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=len(_RULES) * len(LANGS) + 3, min_col=4, max_col=5):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
