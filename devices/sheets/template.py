"""An empty sheet of devices to fill in: the columns, and what goes in each, in English and Chinese."""

import csv
import io

import openpyxl
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from devices.life import STATES
from devices.places.coordinates import CRSES
from devices.sheets.columns import COLUMNS, NAMES

ROWS = 100_000
"""Lines of the template that offer the states and coordinate systems to choose from."""
_TEXT = ("code", "profile", "parent", "organisation", "region", "tags")
_RULES = (
    "The first line names the columns, in English or Chinese; their order does not matter.",
    "第一行为列名，中英文均可，顺序不限。",
    "Only code, name and profile are required. A column that is left out stays as it is; an empty cell clears.",
    "只有设备编码、设备名称、物模型为必填。未给出的列保持不变；空单元格表示清空。",
    "Importing the same sheet again changes nothing.",
    "重复导入同一张表不会产生任何变化。",
    "Check first:  hub devices import devices.xlsx --dry-run --report report.xlsx",
    "请先检查：hub devices import devices.xlsx --dry-run --report report.xlsx",
)


def csv_template() -> bytes:
    """The header and one example, in UTF-8 with the byte order mark by which Excel knows it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(NAMES)
    writer.writerow([column.example for column in COLUMNS])
    return text.getvalue().encode("utf-8-sig")


def xlsx_template() -> bytes:
    """A workbook: `devices`, with the header and one example to write over, and `instructions`."""
    book = openpyxl.Workbook()
    sheet = book.active
    if not isinstance(sheet, Worksheet):
        raise TypeError(sheet)
    sheet.title = "devices"
    sheet.freeze_panes = "A2"
    for place, column in enumerate(COLUMNS, 1):
        head = sheet.cell(1, place, f"{column.name} ({column.chinese})")
        head.font = Font(bold=True)
        head.fill = PatternFill("solid", fgColor="FFF2CC" if column.required else "E8EEF7")
        head.comment = Comment(f"{column.meaning}\n{column.in_chinese}", "Ganzhi", width=320, height=120)
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
    for line in _RULES:
        sheet.append([line])
    sheet.append([])
    sheet.append(["column", "列名", "required 必填", "what goes in", "说明", "example 示例"])
    for cell in sheet[sheet.max_row]:
        cell.font = Font(bold=True)
    for column in COLUMNS:
        required = "yes 是" if column.required else ""
        sheet.append([column.name, column.chinese, required, column.meaning, column.in_chinese, column.example])
    for letter, width in zip("ABCDEF", (14, 14, 14, 70, 60, 28), strict=True):
        sheet.column_dimensions[letter].width = width
    for row in sheet.iter_rows(min_row=len(_RULES) + 3, min_col=4, max_col=5):
        for cell in row:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
