import pytest

from api.problems import ProblemError
from api.routes.catalogue_filters import box
from devices.catalogue.counts import child_digits
from devices.catalogue.search import Wanted, subtree


@pytest.mark.parametrize(
    ("region", "digits"),
    [
        ("330000000000", "33"),
        ("330100000000", "3301"),
        ("330110000000", "330110"),
        ("330110005000", "330110005"),
        ("330110005001", "330110005001"),
        ("3300", "3300"),
        ("331", "331"),
    ],
)
def test_a_whole_code_stands_for_all_below_it(region: str, digits: str) -> None:
    assert subtree(region) == digits


def test_counts_go_down_one_level() -> None:
    given = [None, "33", "330", "3301", "330110", "330110005", "330110005001"]
    assert [child_digits(region) for region in given] == [2, 4, 4, 6, 9, 12, 12]


@pytest.mark.parametrize(
    ("tag", "text", "value"),
    [
        ("line:7", {"line": "7"}, {"line": 7}),
        ("line:7.5", {"line": "7.5"}, {"line": 7.5}),
        ("on:true", {"on": "true"}, {"on": True}),
        ("at:a:b", {"at": "a:b"}, {"at": "a:b"}),
        ("n:nan", {"n": "nan"}, {"n": "nan"}),
        ("n:1_000", {"n": "1_000"}, {"n": "1_000"}),
        ("n:", {"n": ""}, {"n": ""}),
    ],
)
def test_a_tag_is_the_text_and_what_it_means_in_json(tag: str, text: object, value: object) -> None:
    params = Wanted(tag=tag).params()
    assert (params["tag_key"], params["tag_text"].obj, params["tag_value"].obj) == (None, text, value)
    assert Wanted(tag="line").params()["tag_key"] == "line"


def test_a_box_is_read_or_refused() -> None:
    assert box("120, 30.5,121,31") == (120.0, 30.5, 121.0, 31.0)
    for wrong in ("", "1,2,3", "1,2,3,4,5", "a,b,c,d", "1,2,inf,4", "3,2,1,4", "1,4,3,2", "1,2,181,4", "1,2,3,91"):
        with pytest.raises(ProblemError):
            box(wrong)
