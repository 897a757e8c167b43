"""Workbooks as programs and attackers make them: each cell reads as it is shown, and none takes the hub down."""

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from devices.sheets.lines import Line
from devices.sheets.mistakes import Mistake
from devices.sheets.shared_strings import MAX_TEXT, NAMESPACE
from devices.sheets.tables import read_lines

SHEET, STYLES, BOOK = "xl/worksheets/sheet1.xml", "xl/styles.xml", "xl/workbook.xml"
STRINGS = "xl/sharedStrings.xml"


def made(fill: Callable[[Worksheet], None]) -> bytes:
    """A workbook whose first sheet `fill` has filled."""
    book, packed = openpyxl.Workbook(), io.BytesIO()
    fill(book.worksheets[0])
    book.save(packed)
    return packed.getvalue()


def of_rows(*rows: list[Any]) -> bytes:
    def fill(sheet: Worksheet) -> None:
        for row in rows:
            sheet.append(row)

    return made(fill)


def with_part(whole: bytes, part: str, change: Callable[[bytes], bytes]) -> bytes:
    """The workbook with one of its parts changed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(whole)) as old, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change(old.read(name)) if name == part else old.read(name))
    return packed.getvalue()


def with_rows(xml: str) -> bytes:
    """A workbook whose sheet has these rows, as XML, behind its header."""
    rows = xml.encode() + b"</sheetData>"
    return with_part(of_rows(["code", "name"]), SHEET, lambda part: part.replace(b"</sheetData>", rows))


def with_strings(items: str, rows: str, before: str = "") -> bytes:
    """A workbook as Excel writes it, with a table of strings: its items, and rows that name them by number."""
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"
    told = f'<Override PartName="/{STRINGS}" ContentType="{kind}"/></Types>'.encode()
    packed = io.BytesIO(with_part(with_rows(rows), "[Content_Types].xml", lambda xml: xml.replace(b"</Types>", told)))
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as whole:
        whole.writestr(STRINGS, f'{before}<sst xmlns="{NAMESPACE}">{items}</sst>')
    return packed.getvalue()


def lines_of(folder: Path, body: bytes) -> list[tuple[int, list[str]]]:
    """Number and cells of each line; a mistake fails."""
    read = everything(folder, body)
    assert not [item for item in read if isinstance(item, Mistake)], read
    return [(line.number, line.cells) for line in read if isinstance(line, Line)]


def everything(folder: Path, body: bytes) -> list[Line | Mistake]:
    path = folder / "sheet.xlsx"
    path.write_bytes(body)
    return list(read_lines(path))


def refusal(folder: Path, body: bytes) -> str:
    *_, last = everything(folder, body)
    assert isinstance(last, Mistake)
    return last.wrong


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (12.0, "12"),
        (330106000000, "330106000000"),
        (-7, "-7"),
        (0.1 + 0.2, "0.3"),  # a workbook has 15 digits of a number
        (1e-07, "1e-07"),
        (1e300, "1e+300"),
        ("0012", "0012"),
        ("330106000000", "330106000000"),
        (" spaces ", "spaces"),
        ("line\nbreak", "line\nbreak"),
        ("文三路", "文三路"),
        (True, "TRUE"),
        (datetime(2026, 11, 22, 8, 30), "2026-11-22 08:30:00"),  # noqa: DTZ001 cells have no zone
        (date(2026, 11, 22), "2026-11-22 00:00:00"),
        (time(8, 30), "08:30:00"),
        (timedelta(hours=30), "1900-01-01 06:00:00"),
    ],
)
def test_a_typed_cell_reads_as_text(tmp_path: Path, value: object, shown: str) -> None:
    assert lines_of(tmp_path, of_rows(["code"], [value])) == [(1, ["code"]), (2, [shown])]


def test_a_percentage_is_its_number(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"] = 0.25
        sheet["A1"].number_format = "0%"

    assert lines_of(tmp_path, made(fill)) == [(1, ["0.25"])]


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        ('<c r="A2"><f>1+1</f><v>2</v></c>', "2"),
        ('<c r="A2" t="str"><f>"a"&amp;"b"</f><v>ab</v></c>', "ab"),
        ('<c r="A2" t="e"><f>1/0</f><v>#DIV/0!</v></c>', "#DIV/0!"),
        ('<c r="A2" t="inlineStr"><is><t>in</t></is></c>', "in"),
        ('<c r="A2" t="inlineStr"><is><r><t>ri</t></r><r><t>ch</t></r><rPh><t>aloud</t></rPh></is></c>', "rich"),
        ('<c r="A2" t="b"><v>0</v></c>', "FALSE"),
        ('<c t="n"><v>5</v></c>', "5"),
        ('<c r="A2" t="d"><v>2026-11-22T08:30:00</v></c>', "2026-11-22T08:30:00"),
    ],
)
def test_a_cell_as_other_programs_write_it(tmp_path: Path, cell: str, shown: str) -> None:
    assert lines_of(tmp_path, with_rows(f'<row r="2">{cell}</row>'))[1] == (2, [shown])


def test_a_formula_without_its_value_is_an_empty_cell(tmp_path: Path) -> None:
    assert lines_of(tmp_path, of_rows(["a", "b"], ["=1+1", "x"])) == [(1, ["a", "b"]), (2, ["", "x"])]


def test_merged_cells_have_their_text_in_the_first(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["a", "b", "c"])
        sheet.append(["x", None, "y"])
        sheet.merge_cells("A2:B3")
        sheet.append(["z"])

    assert [cells for _, cells in lines_of(tmp_path, made(fill))] == [["a", "b", "c"], ["x", "", "y"], ["z"]]


def test_the_sheet_of_devices_is_read_else_the_first(tmp_path: Path) -> None:
    for title, expected in (("设备", "second"), ("Devices", "second"), ("other", "first")):
        book, packed = openpyxl.Workbook(), io.BytesIO()
        book.worksheets[0].append(["first"])
        book.create_sheet(title).append(["second"])
        book.save(packed)
        assert lines_of(tmp_path, packed.getvalue()) == [(1, [expected])]


def test_a_sheet_of_a_chart_is_passed_over(tmp_path: Path) -> None:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    book.create_chartsheet(index=0)
    book.worksheets[0].append(["cells"])
    book.save(packed)
    assert lines_of(tmp_path, packed.getvalue()) == [(1, ["cells"])]
    book.remove(book.worksheets[0])
    book.save(packed := io.BytesIO())
    assert "no sheet" in refusal(tmp_path, packed.getvalue())


def test_a_protected_sheet_is_read_and_a_locked_file_is_told(tmp_path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet.append(["code"])
        sheet.protection.set_password("secret")
        sheet.protection.enable()

    assert lines_of(tmp_path, made(fill)) == [(1, ["code"])]
    assert "password" in refusal(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 1024)


def test_a_cell_far_away_costs_nothing(tmp_path: Path) -> None:
    """The last cell of the largest sheet: a reader that fills the space before it needs 500 GB."""
    (_, header), (number, cells) = lines_of(
        tmp_path, with_rows('<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>')
    )
    assert header == ["code", "name"]
    assert (number, len(cells), cells[-1]) == (1048576, 256, "1")


@pytest.mark.parametrize(
    "row",
    [
        '<row r="2"><c r="ZZZZZZZZ2"><v>1</v></c></row>',
        '<row r="2"><c r="2"><v>1</v></c></row>',
        '<row r="99999999999"><c r="A2"><v>1</v></c></row>',
        '<row r="-1"><c r="A2"><v>1</v></c></row>',
        '<row r="x"><c r="A2"><v>1</v></c></row>',
        '<row r="2"><c r="A2"><v>many</v></c></row>',
        '<row r="2"><c r="A2">',
        "&undeclared;",
        f'<row r="2"><c r="A2" t="inlineStr"><is><t>{"x" * (MAX_TEXT + 1)}</t></is></c></row>',
    ],
)
def test_a_broken_sheet_is_refused_where_it_breaks(tmp_path: Path, row: str) -> None:
    header, *rest = everything(tmp_path, with_rows(row))
    assert isinstance(header, Line)
    assert [(item.line, item.column) for item in rest if isinstance(item, Mistake)] == [(2, "")]


def test_shared_strings_are_read(tmp_path: Path) -> None:
    items = "<si><t>文三路</t></si><si><r><t>ri</t></r><r><t>ch</t></r><rPh><t>aloud</t></rPh></si><si><t/></si>"
    row = "".join(f'<c r="{letter}2" t="s"><v>{n}</v></c>' for n, letter in enumerate("ABC"))
    assert lines_of(tmp_path, with_strings(items, f'<row r="2">{row}</row>'))[1] == (2, ["文三路", "rich", ""])


@pytest.mark.parametrize("number", ["1", "99999", "-1", "x", "0.5"])
def test_a_string_that_is_not_there_is_refused(tmp_path: Path, number: str) -> None:
    row = f'<row r="2"><c r="A2" t="s"><v>{number}</v></c></row>'
    assert "cannot be read" in refusal(tmp_path, with_strings("<si><t>a</t></si>", row))


def test_a_text_longer_than_a_spreadsheet_holds_is_refused(tmp_path: Path) -> None:
    row = '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    for length, expected in ((MAX_TEXT, Line), (MAX_TEXT + 1, Mistake)):
        *_, last = everything(
            tmp_path, with_strings(f"<si><r><t>x</t></r><r><t>{'x' * (length - 1)}</t></r></si>", row)
        )
        assert isinstance(last, expected)


def test_a_part_that_is_not_as_it_should_be_is_refused(tmp_path: Path) -> None:
    wrong = with_part(of_rows(["code"]), BOOK, lambda text: text.replace(b'sheetId="1"', b'sheetId="one"'))
    assert "cannot be read" in refusal(tmp_path, wrong)


_LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHS = f'<!DOCTYPE x [<!ENTITY l0 "laugh">{_LAUGHS}]>'
"""A billion, as l9."""


@pytest.mark.parametrize("part", [SHEET, STYLES, BOOK])
def test_entities_do_not_grow(tmp_path: Path, part: str) -> None:
    def change(text: bytes) -> bytes:
        body = text.partition(b"?>")[2] or text
        return LAUGHS.encode() + body.replace(b"</t>", b"&l9;</t>").replace(b'"Sheet', b'"&l9;').replace(
            b'"1"', b'"&l9;"'
        )

    assert "cannot be read" in refusal(tmp_path, with_part(of_rows(["code"]), part, change))


def test_entities_of_shared_strings_do_not_grow(tmp_path: Path) -> None:
    row = '<row r="2"><c r="A2" t="s"><v>0</v></c></row>'
    assert "cannot be read" in refusal(tmp_path, with_strings("<si><t>&l9;</t></si>", row, LAUGHS))


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    whole = of_rows(["code", "name"], *[[f"a{n}", "x"] for n in range(500)])
    assert "cannot be read" in refusal(tmp_path, whole[: int(len(whole) * share)])


def test_a_zip_that_holds_no_workbook_is_refused(tmp_path: Path) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as new:
        new.writestr("notes.txt", "nothing")
    assert "cannot be read" in refusal(tmp_path, packed.getvalue())


def test_a_zip_that_unpacks_to_more_than_is_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("devices.sheets.workbook.MAX_UNPACKED", 1 << 20)
    bomb = with_part(of_rows(["code"]), "docProps/app.xml", lambda text: text + b" " * (2 << 20))
    assert len(bomb) < 20_000
    assert "unpacks to" in refusal(tmp_path, bomb)
