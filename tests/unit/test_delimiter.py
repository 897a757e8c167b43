"""The delimiter of a CSV file, by its header."""

import pytest

from devices.sheets.delimiter import DELIMITERS, delimiter_of


@pytest.mark.parametrize("delimiter", DELIMITERS)
def test_it_is_what_the_header_has(delimiter: str) -> None:
    assert delimiter_of(delimiter.join(["device", "ts", "value"]) + "\r\n") == delimiter
    quoted = ["device", '"a, b; c\t| d，e；f, g; h"', "value"]
    assert delimiter_of(delimiter.join(quoted)) == delimiter


@pytest.mark.parametrize("header", ["", "value\n", '"', '"a;b', "ts,value;x,y", '"a;b;c;d",e'])
def test_it_is_a_comma_where_nothing_else_is_more_frequent(header: str) -> None:
    assert delimiter_of(header) in (",", ";")
    assert delimiter_of(header.replace(";", "")) == ","
