import csv
import io
import json
import re
import zipfile
from collections import defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.cell.text import InlineFont

from api.routes import devices, devices_import
from devices.library.profiles import library
from devices.places.regions import sample
from devices.sheets.device_rows import STAGED, DeviceSheet
from devices.sheets.escape import escaped, harmless, unescaped
from devices.sheets.mistakes import Mistake
from devices.sheets.report import csv_report, xlsx_report
from devices.sheets.template import csv_template, xlsx_template
from devices.sheets.writing import COLUMNS, Workbook, cells_of, csv_lines

HEADER = "code,name,profile,parent,organisation,region,lon,lat,crs,zone,state,tags,credential"
GOOD = "z,Z,air,a,org,330106000000,120.1,30.2,,,,,"


def read(folder: Path, body: bytes | str) -> tuple[list[dict[str, Any]], list[Mistake]]:
    path = folder / "sheet"
    path.write_bytes(body.encode() if isinstance(body, str) else body)
    parts = list(DeviceSheet(path).parts())
    rows = [dict(zip(("line", *STAGED, "bad"), row, strict=True)) for part in parts for row in part.rows]
    return rows, [item for part in parts for item in part.mistakes]


def workbook(*lines: list[Any]) -> bytes:
    book, packed = openpyxl.Workbook(), io.BytesIO()
    for line in lines:
        book.worksheets[0].append(line)
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_each_encoding_reads_the_same(tmp_path: Path, encoding: str) -> None:
    text = '设备编码,设备名称,物模型,经度,纬度,Tag\r\na-1,"文三路, ""北"" 站",air,120.5,30\r\n\r\na-2,空气站,air,,,\r\n'
    rows, mistakes = read(tmp_path, text.encode(encoding))
    assert mistakes == []
    assert [(row["line"], row["code"], row["name"], row["lon"], row["bad"]) for row in rows] == [
        (2, "a-1", '文三路, "北" 站', 120.5, False),
        (4, "a-2", "空气站", None, False),
    ]


def test_a_workbook_reads_as_its_csv(tmp_path: Path) -> None:
    lines: list[list[Any]] = [
        ["code", "name", "profile", "region", "lon"],
        [17, "空气站", "air", 330106000000, None],
        [None],
        ["b", 2, "x"],
    ]
    rows, mistakes = read(tmp_path, workbook(*lines))
    assert mistakes == []
    assert [(row["line"], row["code"], row["name"], row["region"]) for row in rows] == [
        (2, "17", "空气站", "330106000000"),
        (4, "b", "2", None),
    ]


@pytest.mark.parametrize(
    ("row", "column", "right"),
    [
        ("pole 1,A,air,,,,,,,,,,", "code", "pole-1"),
        (",A,air,,,,,,,,,,", "code", "its own name"),
        ("a,,air,,,,,,,,,,", "name", "name"),
        ("a,A,,,,,,,,,,,", "profile", "/profiles"),
        ("a,A,air,b c,,,,,,,,,", "parent", "b-c"),
        ("a,A,air,a,,,,,,,,,", "parent", "another"),
        ("a,A,air,,,3301,,,,,,,", "region", "330100000000"),
        ("a,A,air,,,3.30106E+11,,,,,,,", "region", "as text"),
        ("a,A,air,,,,30.2,120.1,,,,,", "lat", "lon 120.1, lat 30.2"),
        ("a,A,air,,,330106000000,2.35,48.8,,,,,", "lon", "correct the position"),
        ("a,A,air,,,,nan,30,,,,,", "lon", "decimals"),
        ('a,A,air,,,,120,"30,2",,,,,', "lat", "30.2"),
        ("a,A,air,,,,120°7′48″,30,,,,,", "lon", "120.130000"),
        ("a,A,air,,,,120,,,,,,", "lat", "both"),
        ("a,A,air,,,,120,30,wsg84,,,,", "crs", "wgs84"),
        ("a,A,air,,,,,,,Asia/Shangai,,,", "zone", "Asia/Shanghai"),
        ("a,A,air,,,,,,,,activ,,", "state", "active"),
        ("a,A,air,,,,,,,,,floor,", "tags", "key=value"),
        ('a,A,air,,,,,,,,,"{""a"": 1e999}",', "tags", "leave"),
        ("a,A,air,,,,,,,,,,secret", "credential", "empty"),
        ("a,A, b,air,,,,,,,,,,x", "", "quotes"),
        ("z,A,air,,,,,,,,,,", "code", "lines 2 and 3"),
    ],
)
def test_each_mistake_names_its_place_and_what_would_be_right(
    tmp_path: Path, row: str, column: str, right: str
) -> None:
    rows, mistakes = read(tmp_path, f"{HEADER}\n{GOOD}\n{row}\n")
    assert [(item.line, item.column, item.grade) for item in mistakes] == [(3, column, "error")], mistakes
    assert right in mistakes[0].right
    assert [item["bad"] for item in rows] == [False, True]


def test_all_mistakes_of_a_row_and_of_the_file_are_told_at_once(tmp_path: Path) -> None:
    _, mistakes = read(tmp_path, f"{HEADER}\n?,,air,,,33,120,x,,,,,\n{GOOD}\nb,B,air,,,,,,,,gone,x,\n")
    assert [(item.line, item.column) for item in mistakes] == [
        (2, "code"),
        (2, "name"),
        (2, "region"),
        (2, "lat"),
        (4, "state"),
        (4, "tags"),
    ]


@pytest.mark.parametrize(
    ("header", "columns"),
    [
        ("code,name", ["profile"]),
        ("code,name,profile,colour", ["colour"]),
        ("code,code,name,profile", ["code"]),
        ("a-1,A,air", [""]),
        ("", [""]),
    ],
)
def test_header_is_told_with_the_rest(tmp_path: Path, header: str, columns: list[str]) -> None:
    _, mistakes = read(tmp_path, f"{header}\n")
    assert [item.column for item in mistakes] == columns
    assert all(item.right for item in mistakes)


def test_a_misspelt_header_is_suggested_and_the_rows_are_still_checked(tmp_path: Path) -> None:
    _, mistakes = read(tmp_path, "code,name,profle,region\na,A,air,33\n")
    assert [(item.line, item.column) for item in mistakes] == [(1, "profle"), (1, "profile"), (2, "region")]
    assert mistakes[0].right == "did you mean profile?"


@pytest.mark.parametrize(
    ("body", "line", "said"),
    [
        (b"code,name,profile\na,\xe6\x96\x87\xe4\xb8\x89\xff\xff,air\n", 2, "neither UTF-8"),
        (b"\xef\xbb\xbfcode,name,profile\na,\xce\xc4,air\n", 2, "neither UTF-8"),
        (b'code,name,profile\nb,B,air\na,"A,air\n', 3, "not CSV"),
        (b"PK\x03\x04 and no more", 1, "cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 1, "Excel 97"),
    ],
)
def test_a_file_that_cannot_be_read_says_where(tmp_path: Path, body: bytes, line: int, said: str) -> None:
    _, mistakes = read(tmp_path, body)
    assert [item.line for item in mistakes] == [line]
    assert said in mistakes[0].wrong


def test_positions_of_chinese_maps_are_converted(tmp_path: Path) -> None:
    rows, mistakes = read(
        tmp_path,
        "code,name,profile,lon,lat,坐标系\na,A,air,116.41024449916938,39.91640428150164,GCJ-02\n"
        "b,B,air,116.41024449916938,39.91640428150164,\nc,C,air,116.404,39.915,EPSG:4490\n",
    )
    assert mistakes == []
    assert (rows[0]["lon"], rows[0]["lat"]) == pytest.approx((116.404, 39.915), abs=1e-8)
    assert rows[1]["lon"] == 116.41024449916938
    assert rows[2]["lon"] == 116.404


def assert_shipped(rows: list[dict[str, Any]]) -> None:
    """Who tries an example on a fresh hub finds its profiles and divisions in what the hub is shipped with."""
    assert rows
    assert {row["profile"] for row in rows} <= library().keys()
    assert {row["region"] for row in rows} <= {line["code"] for line in csv.DictReader(io.StringIO(sample()))}


def test_the_examples_of_the_api_are_of_what_is_shipped(tmp_path: Path) -> None:
    rows, mistakes = read(tmp_path, devices_import._EXAMPLE)
    assert mistakes == []
    assert_shipped([*rows, devices._EXAMPLE])


AIR = ["Air", "air"]


def sheet_of(*cells: tuple[Any, str]) -> bytes:
    """A workbook with a device a line; each code with its number format."""
    book, packed = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["code", "name", "profile"])
    for value, number_format in cells:
        sheet.append([value, *AIR])
        sheet.cell(sheet.max_row, 1).number_format = number_format
    book.save(packed)
    return packed.getvalue()


@pytest.mark.parametrize(
    ("value", "number_format", "said"),
    [
        (330106, "[<1000]0;00000000", "stores the number 330106"),
        (330106, "[>999999]0;[Red]00000000;0", "stores the number 330106"),
        (42, ";;;", "stores the number 42"),
        (42, "00_ ", "stores the number 42"),
        (42, '0" 号"', "stores the number 42"),
        (42, "0\\;", "stores the number 42"),
        (42, "\\_0", "stores the number 42"),
        (42, "* #,##0_ ", "stores the number 42"),
        (42, "*00", "stores the number 42"),
        (42, "[DBNum1]General", "stores the number 42"),
        (42, "[$€-407]0", "stores the number 42"),
        (42, "0%", "stores the number 42"),
        (42, "00000000", "stores the number 42, and shows it by the number format 00000000"),
        (42, '"A-"000', "stores the number 42"),
        (1234, "#,##0", "stores the number 1234"),
        (42, "0.00", "stores the number 42"),
        (100000, "0.00E+00", "stores the number 100000"),
        (1234567890123456, "General", "keeps 15 digits"),
        (1234567890123456, "0", "keeps 15 digits"),
        (12345678901234567890, "0", "keeps 15 digits"),
        (1e5, "0E+00", "stores the number 100000"),
        (1.1, "General", "has made the number 1.1 of the code"),
        (date(2026, 3, 1), "yyyy-mm-dd", "has made a date of the code"),
        (date(2026, 3, 1), "d-mmm", "has made a date of the code"),
        (True, "General", "truth value TRUE"),
        ("#N/A", "General", "shows #N/A: a formula has failed"),
        ("=1/0", "General", None),
    ],
)
def test_what_a_workbook_does_to_a_code_is_no_code(
    tmp_path: Path, value: Any, number_format: str, said: str | None
) -> None:
    rows, mistakes = read(tmp_path, sheet_of((value, number_format)))
    assert [row["code"] for row in rows] == [None]
    assert rows[0]["bad"]
    [found] = mistakes
    assert (found.column, found.grade) == ("code", "error")
    if said is not None:
        assert said in found.wrong
        assert "for example" not in found.right


@pytest.mark.parametrize(
    ("value", "number_format", "code"),
    [
        (42, "General", "42"),
        (42, "0", "42"),
        (42, "@", "42"),
        (330106, "0_ ", "330106"),
        (330106, "0_);[Red]\\(0\\)", "330106"),
        (330106, "0_);(0)", "330106"),
        (330106, '0;-0;"-";@', "330106"),
        (330106, "[Blue]0;[Red]-0", "330106"),
        (330106, "[Color 10]General", "330106"),
        (330106, "[$-804]0\\ ", "330106"),
        (330106, '_ * 0_ ;_ * -0_ ;_ * "-"??_ ;_ @_ ', "330106"),
        (330106, "####", "330106"),
        (330106, "##0;@", "330106"),
        (330106, "[>999]0;[Red]0", "330106"),
        (330106, 'GENERAL" "', "330106"),
        ("00042", "General", "00042"),
        (10**14, "0", "1" + "0" * 14),
    ],
)
def test_a_number_that_is_what_it_shows_is_a_code(tmp_path: Path, value: Any, number_format: str, code: str) -> None:
    rows, mistakes = read(tmp_path, sheet_of((value, number_format)))
    assert mistakes == []
    assert rows[0]["code"] == code


@pytest.mark.parametrize(
    ("cell", "said"),
    [
        ("1E+05", "has written the number 1E+05"),
        ("1.23457E+11", "has written the number"),
        ("1.00e-05", "has written the number"),
        ("1-Mar", "has made a date of the code"),
        ("01-Mar-26", "has made a date of the code"),
        ("Mar-01", "has made a date of the code"),
        ("2026/3/1", "has made a date of the code"),
        ("3/1", "has made a date of the code"),
        ("3月1日", "has made a date of the code"),
        ("2026-03-01 00:00:00", "has made a date of the code"),
        ("########", "column was too narrow"),
        ("#REF!", "a formula has failed"),
    ],
)
@pytest.mark.parametrize("column", ["code", "parent", "organisation"])
def test_what_a_spreadsheet_writes_instead_of_a_code_is_refused(
    tmp_path: Path, column: str, cell: str, said: str
) -> None:
    line = {"code": "a", "name": "A", "profile": "air", "parent": "", "organisation": ""} | {column: cell}
    rows, mistakes = read(tmp_path, ",".join(line) + "\n" + ",".join(line.values()) + "\n")
    assert rows[0][column] is None
    [found] = mistakes
    assert (found.column, found.grade) == (column, "error")
    assert said in found.wrong
    assert "for example" not in found.right


@pytest.mark.parametrize("cell", ["'1-Mar", "'Mar-01", "'42"])
def test_an_apostrophe_says_that_a_code_is_meant(tmp_path: Path, cell: str) -> None:
    rows, mistakes = read(tmp_path, f"code,name,profile\n{cell},A,air\n")
    assert (mistakes, rows[0]["code"]) == ([], cell[1:])
    device: dict[str, Any] = {"code": cell[1:], "name": "A", "profile": "air", "lon": None, "lat": None, "tags": {}}
    again, mistakes = read(tmp_path, csv_lines([COLUMNS, cells_of(defaultdict(lambda: None, device))]))
    assert (mistakes, again[0]["code"]) == ([], cell[1:])


@pytest.mark.parametrize("cell", ["2026-03-01", "1E-05", "42.0", "1234567890123450"])
def test_a_code_that_may_be_right_is_doubted(tmp_path: Path, cell: str) -> None:
    rows, mistakes = read(tmp_path, f"code,name,profile\n{cell},A,air\n")
    assert rows[0]["code"] == cell
    assert [(found.column, found.grade) for found in mistakes] == [("code", "warning")]


@pytest.mark.parametrize("cell", ["1E05", "3E-1", "ICCID-89860112345678900005", "860000000000001", "Mars-01", "12-3"])
def test_a_code_that_only_resembles_damage_is_taken(tmp_path: Path, cell: str) -> None:
    rows, mistakes = read(tmp_path, f"code,name,profile\n{cell},A,air\n")
    assert (mistakes, rows[0]["code"]) == ([], cell)


def test_a_failed_formula_is_no_name_either(tmp_path: Path) -> None:
    rows, mistakes = read(
        tmp_path, workbook(["code", "name", "profile", "lon", "lat"], ["a", "#N/A", "air", 120.1, 30.2])
    )
    assert [(found.column, found.grade) for found in mistakes] == [("name", "error")]
    assert rows[0]["bad"]


def test_templates_hold_a_good_device(tmp_path: Path) -> None:
    for made in (csv_template(), xlsx_template()):
        rows, mistakes = read(tmp_path, made)
        assert mistakes == []
        assert [(row["code"], row["region"], row["lon"]) for row in rows] == [("example-001", "330106000000", 120.13)]
        assert_shipped(rows)
    book = openpyxl.load_workbook(io.BytesIO(xlsx_template()))
    assert book.sheetnames == ["devices", "instructions"]
    assert "物模型编码" in str(list(book["instructions"].values))
    assert book["devices"].column_dimensions["F"].number_format == "@", "a division code stays text"


TAGS: list[dict[str, Any]] = [
    {},
    {"street": "文三路", "floor": "2"},
    {"a": 1, "b": None, "c": [1.5, {"d": True}]},
    {"=cmd": "x"},
    {"a": "b;c=d"},
    {"a": " b"},
    {"{": "x"},
    {"'": "'"},
]


@pytest.mark.parametrize("cell", ["2027-01-31", "2027/1/31", "2027年1月31日", "2027.01.31", "2027-01-31 00:00:00"])
def test_the_day_on_which_a_card_ends_is_read_as_people_and_spreadsheets_write_it(tmp_path: Path, cell: str) -> None:
    rows, mistakes = read(tmp_path, f"编码,名称,型号,物联网卡到期日\na,A,air,{cell}\nb,B,air,2027-02-29\n")
    assert rows[0]["sim_expires"] == "2027-01-31"
    assert [(item.line, item.column, item.right) for item in mistakes] == [
        (3, "sim_expires", "write it like 2027-01-31")
    ]


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_what_is_written_reads_back_the_same_and_no_cell_is_a_formula(tmp_path: Path, form: str) -> None:
    names = ['=HYPERLINK("http://example.org")', "+1", "-1", "@x", "'=1", "''", "'quoted'", "文三路", "1e5", "0012"]
    names += ["a;=1", "a; =1", "a;'=1", ";;@x"]
    devices = [
        {
            "code": f"d{n}",
            "name": names[n % len(names)],
            "profile": "air",
            "parent": None,
            "organisation": None,
            "region": None,
            "lon": [None, -120.1234567890123, 1e-07, 0.1 + 0.2][n % 4],
            "lat": [None, -0.5, 30.0, 1 / 3][n % 4],
            "zone": "Asia/Shanghai",
            "sim_expires": [None, "2027-01-31"][n % 2],
            "addresses": [None, ["imei=860000000000041", "sparkplug=a;=1"]][n % 2],
            "state": "active",
            "tags": TAGS[n % len(TAGS)],
        }
        for n in range(40)
    ]
    path = tmp_path / "out"
    if form == "csv":
        path.write_bytes(csv_lines([COLUMNS, *map(cells_of, devices)]))
    else:
        book = Workbook()
        book.add([COLUMNS])
        book.add(map(cells_of, devices))
        book.save(path)
    rows, mistakes = read(tmp_path, path.read_bytes())
    assert [item for item in mistakes if item.grade == "error"] == []
    for device, row in zip(devices, rows, strict=True):
        assert {name: row[name] for name in STAGED} | {
            "tags": json.loads(row["tags"] or "{}"),
            "addresses": json.loads(row["addresses"] or "null"),
        } == device
    if form == "csv":
        cells = [cell.strip('" ') for cell in re.split("[,;\r\n]", path.read_text())]
        assert not [cell for cell in cells if cell.startswith(("=", "+", "@"))]


ODD = ["=1", "'=1", "'", "''", "'a", "a", "", "-", "＝1", "a;=1", "a;  =1", ";'=1", ";';=", "a;'b", "; '", ";;+", "=;="]


@pytest.mark.parametrize("text", ODD)
def test_escaping_is_undone(text: str) -> None:
    assert unescaped(escaped(text)) == text
    for cell in (*escaped(text).split(";"), *harmless(text).split(";")):
        assert not cell.strip().startswith(("=", "+", "-", "@", "＝"))


def test_a_report_shows_what_was_typed_and_runs_nothing() -> None:
    """A workbook marks its cells as text, a CSV file needs the apostrophe; nothing reads a report back."""
    mistakes = [Mistake(2, "a", "region", f"'{cell}' is no division code", "", cell) for cell in ("3301", "'1", "=1")]
    told = list(csv.reader(io.StringIO(csv_report(mistakes).decode("utf-8-sig"))))[1:]
    assert [line[3] for line in told] == ["3301", "'1", "'=1"]
    assert told[0][5] == "'3301' is no division code"
    book = openpyxl.load_workbook(io.BytesIO(xlsx_report(mistakes)))
    cells = [row[3] for row in book.worksheets[0].iter_rows(min_row=2)]
    assert [(cell.value, cell.data_type) for cell in cells] == [("3301", "s"), ("'1", "s"), ("=1", "s")]


def test_typed_cells_and_gaps_of_a_workbook(tmp_path: Path) -> None:
    """Numbers, dates, truth values, shared and rich strings, formulas, cells and rows that are left out."""
    book, packed = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.append(["code", "name", "profile", "tags"])
    sheet["A3"], sheet["B3"], sheet["C3"] = 12.0, datetime(2026, 11, 22), True  # noqa: DTZ001 cells have no zone
    sheet["A5"], sheet["B5"], sheet["C5"] = "x", CellRichText("文", TextBlock(InlineFont(b=True), "三")), "air"
    sheet["A6"], sheet["B6"], sheet["C6"], sheet["AZZ6"] = "y", "Y", "air", "stray"
    book.save(packed)
    rows, mistakes = read(tmp_path, packed.getvalue())
    assert [(row["line"], row["code"], row["name"], row["profile"]) for row in rows] == [
        (3, "12", "2026-11-22 00:00:00", "TRUE"),
        (5, "x", "文三", "air"),
        (6, "y", None, None),
    ]
    assert [(item.line, item.wrong) for item in mistakes] == [(6, "256 cells where the first line has 4")]


def test_a_workbook_may_not_declare_entities(tmp_path: Path) -> None:
    whole = io.BytesIO(workbook(["code", "name", "profile"], ["a", "A", "air"]))
    bomb = io.BytesIO()
    with zipfile.ZipFile(whole) as old, zipfile.ZipFile(bomb, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name.endswith("sheet1.xml"):
                text = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + (text.partition(b"?>")[2] or text)
            new.writestr(name, text)
    rows, mistakes = read(tmp_path, bomb.getvalue())
    assert rows == []
    assert "document type" in mistakes[0].wrong
