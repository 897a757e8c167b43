"""Cells read by pyarrow and by Python mean the same; local times of a column become UTC as datetime says."""

import math
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import HistoryRefused
from hub.models import to_micros
from ingest.history.arrow import ArrowColumn
from ingest.history.columns import NAT, Column, TextColumn
from ingest.history.files import open_file
from ingest.history.layout import Layout, Naming, lay_out
from ingest.history.zones import to_utc

NUMBERS = [
    "1",
    "-1.5",
    "+2",
    ".5",
    "5.",
    "1e3",
    "1E-3",
    "1_0",
    "0x10",
    "nan",
    "inf",
    "-Infinity",
    "1e999",
    "",
    " 7 ",
    "1,5",
]
NUMBERS += ["true", "False", "--1", "1e", "e1", ".", "1 2", "１", "0.1", "1e-400", "9" * 400]
TIMES = ["2026-03-01T00:00:00Z", "2026-03-01 08:00:00+08:00", "2026-03-01T08:00:00.123456+0800", "2026-03-01 08:00"]
TIMES += ["2026-03-01", "2026-02-30", "2026-03-01T24:00:00Z", "2016-12-31T23:59:60Z", "", "x", "2026-03-01T00:00:00.5"]


def _both(cell: str) -> list[Column]:
    return [TextColumn("x", [cell]), ArrowColumn("x", pa.array([cell.encode()], pa.binary()))]


@pytest.mark.parametrize("cell", NUMBERS)
def test_a_number_is_the_same_to_both(cell: str) -> None:
    text, arrow = (column.numbers()[0] for column in _both(cell))
    assert text == arrow or (math.isnan(text) and math.isnan(arrow))


@given(st.text("0123456789+-.eE_ naif,x", max_size=12))
def test_any_number_is_the_same_to_both(cell: str) -> None:
    text, arrow = (column.numbers()[0] for column in _both(cell))
    assert text == arrow or (math.isnan(text) and math.isnan(arrow))


def test_numbers_that_are_none() -> None:
    for cell in ("1_0", "0x10", "nan", "inf", "1e999", "", "1,5", "１", "x"):
        assert all(math.isnan(column.numbers()[0]) for column in _both(cell)), cell


@pytest.mark.parametrize("cell", TIMES)
def test_a_moment_is_the_same_to_both(cell: str) -> None:
    text, arrow = (column.moments(None) for column in _both(cell))
    assert text.micros.tolist() == arrow.micros.tolist()
    if text.micros[0] != NAT:
        assert text.local.tolist() == arrow.local.tolist()


@pytest.mark.parametrize("cell", ["1772323200", "1772323200.5", "20260301", "-5"])
def test_a_time_in_numbers_needs_its_unit(cell: str) -> None:
    for column in _both(cell):
        with pytest.raises(HistoryRefused, match="--time-unit"):
            column.moments(None)


@pytest.mark.parametrize(
    ("cell", "unit"), [("1772323200.25", "s"), ("1772323200250", "ms"), ("1772323200250000", "us")]
)
def test_units_of_time(cell: str, unit: str) -> None:
    for column in _both(cell):
        assert column.moments(unit).micros.tolist() == [1_772_323_200_250_000]


def test_columns_of_mixed_times_and_bytes_that_are_no_text() -> None:
    cells = [b"2026-03-01T00:00:00Z", b"2026-03-01T00:00:00", b"\xff", b""]
    read = ArrowColumn("x", pa.array(cells, pa.binary())).moments(None)
    assert read.micros.tolist() == [to_micros(datetime(2026, 3, 1, tzinfo=UTC))] * 2 + [NAT, NAT]
    assert read.local.tolist()[:2] == [False, True]
    names, which = ArrowColumn("x", pa.array(cells, pa.binary())).labels()
    assert [names[number] for number in which][2:] == ["\\xff", ""]


@given(
    st.lists(st.datetimes(datetime(1950, 1, 1), datetime(2100, 1, 1)), min_size=1),  # noqa: DTZ001 local times
    st.sampled_from(["Asia/Shanghai", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "UTC"]),
)
def test_local_times_become_utc_as_datetime_says(times: list[datetime], name: str) -> None:
    zone = ZoneInfo(name)
    epoch = datetime(1970, 1, 1)  # noqa: DTZ001 as above
    local = np.array([(at - epoch) // timedelta(microseconds=1) for at in times], np.int64)
    expected = [to_micros(at.replace(tzinfo=zone)) for at in times]
    assert to_utc(local, zone).tolist() == expected


@pytest.mark.parametrize(
    ("names", "naming", "layout"),
    [
        (["device", "metric", "ts", "value"], Naming(), Layout("ts", "device", None, "metric", None, ("value",))),
        (["Timestamp", "Value"], Naming(device="d", metric="m"), Layout("Timestamp", None, "d", None, "m", ("Value",))),
        (["t", "id", "a", "b"], Naming(device_column="id", time_column="t", ignore=("b",)),
         Layout("t", "id", None, None, None, ("a",))),
        (["time", "device", "value"], Naming(metric="m"), Layout("time", "device", None, None, "m", ("value",))),
        (["time", "device", "value", "t"], Naming(), Layout("time", "device", None, None, None, ("value", "t"))),
    ],
)  # fmt: skip
def test_layouts(names: list[str], naming: Naming, layout: Layout) -> None:
    assert lay_out(names, naming) == layout


@pytest.mark.parametrize(
    ("names", "naming"),
    [
        (["a", "b"], Naming()),
        (["ts", "value"], Naming(device="d")),
        (["ts", "t"], Naming()),
        (["ts", "device"], Naming()),
        (["ts", "device", "metric"], Naming()),
        (["ts", "device", "t"], Naming(value_column="gone", metric="m")),
    ],
)
def test_layouts_that_are_refused(names: list[str], naming: Naming) -> None:
    with pytest.raises(HistoryRefused):
        lay_out(names, naming)


@pytest.mark.parametrize("header", ["x" * 200_000, "ts;" + "x" * 200_000, "ts\rvalue;t"])
def test_a_header_that_is_no_csv_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "odd.csv"
    path.write_bytes(f"{header}\n1\n".encode())
    with pytest.raises(HistoryRefused, match="the first line is no CSV"):
        open_file(path, Naming().knows)


def test_a_workbook_is_told_to_be_one(tmp_path: Path) -> None:
    path = tmp_path / "book.xlsx"
    path.write_bytes(b"PK\x03\x04" + bytes(20))
    with pytest.raises(HistoryRefused, match="workbook"):
        open_file(path, Naming().knows)
