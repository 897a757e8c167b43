import csv
import io
import json
import re
import zipfile
from datetime import datetime
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


def test_templates_hold_a_good_device(tmp_path: Path) -> None:
    for made in (csv_template(), xlsx_template()):
        rows, mistakes = read(tmp_path, made)
        assert mistakes == []
        assert [(row["code"], row["region"], row["lon"]) for row in rows] == [("air-001", "330106000000", 120.13)]
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
        assert {name: row[name] for name in STAGED} | {"tags": json.loads(row["tags"] or "{}")} == device
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
