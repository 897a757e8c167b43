"""The delimiter of a CSV file, by its header."""

from collections.abc import Callable

import pytest

from devices.sheets.columns import is_column
from devices.sheets.delimiter import DELIMITERS, delimiter_of
from ingest.history.layout import Naming


def unknown(name: str) -> bool:
    return False


@pytest.mark.parametrize("is_name", [unknown, Naming().knows])
@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_it_is_what_the_header_has(delimiter: str, is_name: Callable[[str], bool]) -> None:
    assert delimiter_of(delimiter.join(["device", "ts", "value"]) + "\r\n", is_name) == delimiter
    quoted = ["device", '"a, b; c\t| d，e；f, g; h"', "value"]
    assert delimiter_of(delimiter.join(quoted), is_name) == delimiter


@pytest.mark.parametrize("header", ["", "value\n", '"', '"a;b', "ts,value;x,y", '"a;b;c;d",e'])
def test_it_is_a_comma_where_nothing_else_is_more_frequent(header: str) -> None:
    assert delimiter_of(header, unknown) in (",", ";")
    assert delimiter_of(header.replace(";", ""), unknown) == ","


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [
        ("ts;value (a,b,c)\r\n", ";"),
        ('"ts";"value (a,b,c)";a,b,c', ";"),
        ("Device\tTime\tt|out\th|out, in|out|x", "\t"),
        ("when;wind (N,E,S,W)", ";"),
        ('ts,"a;b;c;d",value;e;f;g', ","),
    ],
)
def test_it_is_what_parts_known_names(header: str, delimiter: str) -> None:
    assert delimiter_of(header, Naming(time_column="when").knows) == delimiter


@pytest.mark.parametrize(
    "header", ["code;name;profile (a,b,c,d)", "编码;名称;型号;标签（如 a,b,c,d）", "code;remark (a,b,c,d)"]
)
def test_it_is_what_parts_the_columns_of_a_device_sheet(header: str) -> None:
    assert delimiter_of(header, is_column) == ";"


@pytest.mark.parametrize("header", ["code;" + "x" * 200_000, 'code;"a\nb', "code;a\rb"])
def test_a_header_that_is_no_csv_has_one_all_the_same(header: str) -> None:
    assert delimiter_of(header, is_column) == ";"
