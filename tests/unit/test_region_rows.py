import io
from datetime import date

import pytest

from devices.places.regions import LATEST, ancestors, level_of, sample
from devices.sheets.mistakes import Mistake
from devices.sheets.region_rows import Region, read_regions


def read(*lines: str) -> list[Region | Mistake]:
    return list(read_regions(io.StringIO("\n".join(lines))))


def test_the_sample_is_a_whole_tree() -> None:
    found = list(read_regions(io.StringIO(sample())))
    regions = {item.code: item for item in found if isinstance(item, Region)}
    assert len(regions) == len(found) > 150
    for item in regions.values():
        assert item.level == level_of(item.code), item
        assert set(ancestors(item.code)) <= regions.keys(), item


def test_days_and_successors() -> None:
    lines = ["\ufeffcode,name,valid_from,valid_to,successors", "330184000000,余杭市,1994-04-08,2001/03/12,330110000000"]
    (region,) = read(*lines)
    assert isinstance(region, Region)
    assert (region.valid_from, region.valid_to) == (date(1994, 4, 8), date(2001, 3, 12))
    assert region.successors == ["330110000000"]
    (open_end,) = read("code,name", "330110000000,余杭区")
    assert isinstance(open_end, Region)
    assert open_end.valid_to == LATEST


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ("33011,A,,,,", "code"),
        ("330110000000,,,,,", "name"),
        ("330110000000,A,planet,,,", "level"),
        ("330110000000,A,,2021-13-01,,", "valid_from"),
        ("330110000000,A,,2021-01-01,2020-01-01,", "valid_to"),
        ("330110000000,A,,,,33", "successors"),
        ("330110000000,A,,,,330110000000", "successors"),
    ],
)
def test_each_mistake_names_line_and_column(row: str, column: str) -> None:
    found = read("code,name,level,valid_from,valid_to,successors", "330000000000,浙江省,,,,", row)
    assert [(item.line, item.column) for item in found if isinstance(item, Mistake)] == [(3, column)]


def test_one_code_twice_from_one_day_is_a_mistake() -> None:
    found = read("code,name,valid_from", "330110000000,A,", "330110000000,B,2021-01-01", "330110000000,C,")
    assert [(item.line, item.wrong) for item in found if isinstance(item, Mistake)] == [
        (4, "'330110000000' is on line 2 already, from the same day")
    ]


def test_a_cell_that_is_too_long_is_a_mistake_of_its_line() -> None:
    found = read("code,name", "330000000000,浙江省", f"330110000000,{'x' * 200_000}")
    assert [type(item) for item in found] == [Region, Mistake]
    assert (found[1].line, "field larger" in found[1].wrong) == (3, True)  # type: ignore[union-attr]


def test_a_row_that_does_not_end_is_a_mistake() -> None:
    [_, mistake] = read("code,name", "330000000000,浙江省", "," * (2 << 20))
    assert isinstance(mistake, Mistake)
    assert "1,048,576 characters" in mistake.wrong
