import pytest

from api.device_csv import read_devices, repeated

HEADER = b"code,name,profile,parent,organisation,region,lon,lat\n"


def complaints(body: bytes) -> list[tuple[int | None, str | None]]:
    return [(fault.line, fault.column) for fault in read_devices(body).faults]


def test_good_file_with_byte_order_mark_and_quotes() -> None:
    text = '\ufeffcode,name,profile,lon,lat\r\na-1,"Pole, ""north"" side",pole,120.5,-30\r\n\r\na-2,空气站,air,,\r\n'
    file = read_devices(text.encode())
    assert file.faults == []
    assert file.columns == ["code", "name", "profile", "lon", "lat"]
    assert file.rows[1] == {"line": 4, "code": "a-2", "name": "空气站", "profile": "air", "lon": None, "lat": None}


def test_name_may_not_span_lines_and_the_line_is_where_the_row_begins() -> None:
    file = read_devices(b'code,name,profile\nx,X,air\na-1,"two\nlines",air\n')
    assert [(fault.line, fault.column) for fault in file.faults] == [(3, "name")]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (b"-a,A,air,,,,,", "code"),
        (b",A,air,,,,,", "code"),
        (b"a,,air,,,,,", "name"),
        (b"a,A,,,,,,", "profile"),
        (b"a,A,air,b c,,,,", "parent"),
        (b"a,A,air,,o o,,,", "organisation"),
        (b"a,A,air,,,3301,,", "region"),
        (b"a,A,air,,,,181,30", "lon"),
        (b"a,A,air,,,,nan,30", "lon"),
        (b"a,A,air,,,,120,x", "lat"),
        (b"a,A,air,,,,120,", "lat"),
        (b"a,A,air,,,,,30", "lon"),
        (b"a,A,air", None),
    ],
)
def test_each_fault_names_its_line_and_column(row: bytes, column: str | None) -> None:
    good = b"z,Z,air,a,org,330106000000,120.1,30.2\n"
    assert complaints(HEADER + good + row + b"\n") == [(3, column)]


def test_all_lines_are_checked() -> None:
    assert complaints(b"code,name,profile\n?,A,air\nb,B,air\n!,C,\n") == [(2, "code"), (4, "code"), (4, "profile")]


@pytest.mark.parametrize(
    ("header", "column"),
    [(b"code,name\n", "profile"), (b"code,name,profile,colour\n", "colour"), (b"code,code,name,profile\n", "code")],
)
def test_header_is_checked_first(header: bytes, column: str) -> None:
    assert complaints(header + b"?,?,?\n") == [(1, column)]


def test_file_that_is_no_utf8_says_where() -> None:
    fault = read_devices(b"code,name,profile\na,\xce\xc4\xc8\xfd,air\n").faults[0]
    assert fault.line == 2
    assert "byte 21" in fault.problem


def test_unclosed_quote_is_a_fault() -> None:
    assert complaints(b'code,name,profile\na,"A,air\n')[0][0] == 2


def test_repeated_code_names_the_first_line() -> None:
    file = read_devices(b"code,name,profile\na,A,air\nb,B,air\na,C,air\n")
    assert [(fault.line, fault.problem) for fault in repeated(file.rows)] == [(4, "'a' is on line 2 already")]
