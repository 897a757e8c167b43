"""Files of a year's workdays: what is read, and what is refused in which words."""

from datetime import date

import pytest

from api.calendar_file import Day, read_calendar
from api.problems import ProblemError

GOOD = "date,workday,name\n2026-10-10,true,国庆节调休\n2026-10-01,false,国庆节\n"
DAYS = [Day(date(2026, 10, 1), False, "国庆节"), Day(date(2026, 10, 10), True, "国庆节调休")]


@pytest.mark.parametrize(
    "body",
    [
        GOOD.encode(),
        GOOD.encode("utf-8-sig"),
        GOOD.encode("gb18030"),
        "Name,Workday,Date\r\n国庆节调休,上班,2026/10/10\r\n\r\n国庆节,否,2026年10月1日\r\n".encode(),
    ],
)
def test_days_are_read_as_people_write_them(body: bytes) -> None:
    assert read_calendar(body, 2026, "en") == DAYS


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("", "the first line must name the columns"),
        ("date,workday\n2026-10-01,false\n", "the first line must name the columns date,workday,name"),
        ("date,workday,name\n", "it has no day"),
        ("date,workday,name\n2026-02-30,false,x\n", "'2026-02-30' is no day; write it like 2026-10-01"),
        ("date,workday,name\n2025-12-31,true,x\n", "2025-12-31 is not in 2026: import it with the calendar of 2025"),
        ("date,workday,name\n2026-10-01,maybe,x\n", "write true or false"),
        ("date,workday,name\n2026-10-01,false,\n", "a name has 1 to 100 characters"),
        ("date,workday,name\n2026-10-01,false,x\n2026-10-01,true,x\n", "line 3: 2026-10-01 is there twice"),
        ("date,workday,name\n" + "x" * 200_000, "from here on it cannot be read"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(body: str, problem: str) -> None:
    with pytest.raises(ProblemError) as refused:
        read_calendar(body.encode(), 2026, "en")
    assert problem in refused.value.detail
    with pytest.raises(ProblemError) as refused:
        read_calendar(body.encode(), 2026, "zh")
    assert "第" in refused.value.detail


def test_what_is_no_text_and_all_that_is_wrong_is_told() -> None:
    with pytest.raises(ProblemError, match="cannot be read"):
        read_calendar(b"date,workday,name\n\xff\xff\xff\n", 2026, "en")
    with pytest.raises(ProblemError) as refused:
        read_calendar(b"date,workday,name\n1,1,x\n2,1,x\n", 2026, "en")
    assert [(fault.line, fault.column) for fault in refused.value.errors] == [(2, "date"), (3, "date")]
