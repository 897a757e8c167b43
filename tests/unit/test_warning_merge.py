"""What several sources say of one warning is one, in whatever order they said it (hub/warnings/merge.py)."""

import json

from hypothesis import given
from hypothesis import strategies as st

from hub.warnings.formats import Format, decode
from hub.warnings.merge import Said, merged
from hub.warnings.message import Message
from hub.warnings.outline import rings_of
from hub.warnings.store import digest_of
from tests.support.warning_samples import CITY, NOW, cap, national, nmc, quake, qweather


def said(number: int, text: str, format_: Format, source: str = "") -> Said:
    [message] = decode(text.encode(), format_, NOW).messages
    return Said(number, source or format_, format_, message)


ALL = [
    said(1, national(), "12379"),
    said(2, cap(), "cap"),
    said(3, nmc(CITY), "nmc"),
    said(4, qweather(CITY), "qweather"),
]


@given(order=st.permutations(ALL))
def test_sources_in_any_order(order: list[Said]) -> None:
    warning = merged(order)
    assert warning == merged(ALL)
    assert warning.divisions == ("3301", "330106"), "of the platform that issues"
    assert warning.expires == ALL[1].message.expires, "of the first source that states one"
    assert warning.texts["en"].headline == "Orange rainstorm warning"
    assert warning.texts["zh"].instruction == "请注意防范"


REPORTS = [
    said(number, quake(ReportNum=number, Magunitude=5 + number / 10), "wolfx", "wolfx") for number in range(1, 5)
]  # fmt: skip
CANCEL = said(9, '{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}', "wolfx", "wolfx")


@given(order=st.permutations(REPORTS))
def test_the_highest_report_counts(order: list[Said]) -> None:
    warning = merged([each._replace(number=number) for number, each in enumerate(order)])
    assert warning.quake is not None
    assert (warning.report, warning.quake.magnitude) == (4, 5.4)


@given(order=st.permutations([*REPORTS[:2], CANCEL]))
def test_a_cancel_is_final_and_keeps_what_was_said(order: list[Said]) -> None:
    warning = merged([each._replace(number=number) for number, each in enumerate(order)])
    assert warning.type == "cancel"
    assert warning.quake is not None
    assert (warning.quake.magnitude, warning.area, warning.level) == (5.2, "示例县", "yellow")


ENDED = said(
    7,
    qweather(CITY, messageType={"code": "cancel", "supersedes": [CITY]}, expireTime="2026-07-09T08:00+08:00"),
    "qweather",
)


@given(order=st.permutations([ALL[0], ENDED]))
def test_a_cancel_of_whose_word_counts_less_ends_nothing(order: list[Said]) -> None:
    numbered = [each._replace(number=number) for number, each in enumerate(order)]
    assert (merged(numbered).type, merged(numbered).expires) == ("alert", None), "nor does its end count"
    assert merged([ENDED, ALL[2]]).type == "cancel", "its own and a weaker one's"


def test_a_cancel_in_a_list_beats_the_reports_beside_it() -> None:
    reports = [json.loads(quake(ReportNum=3)), {"type": "sc_eew", "EventID": "sc-1", "isCancel": True}]
    for items in (reports, reports[::-1]):
        [message] = decode(json.dumps(items).encode(), "wolfx", NOW).messages
        assert message.type == "cancel"


def test_a_remark_that_another_source_settles_is_gone() -> None:
    mauve = said(1, national(severity="Mauve", headline="提示"), "12379")
    assert mauve.message.remarks == ("level_unknown",)
    assert merged([mauve, ALL[2]]).remarks == ("zone_assumed",)
    assert merged([mauve, ALL[2]]).level == "orange"


def test_what_is_said_twice_is_the_same() -> None:
    assert digest_of(ALL[0].message) == digest_of(Message(**json.loads(ALL[0].message.model_dump_json())))
    later = decode(b'{"type": "sc_eew", "EventID": "sc-1", "isCancel": true}', "wolfx", NOW.replace(hour=2))
    assert digest_of(CANCEL.message) == digest_of(later.messages[0]), "when it arrived makes no difference"


def test_a_circle_lies_within_its_polygon() -> None:
    [message] = decode(cap(area="<circle>30.5,120.5 11.1195</circle>").encode(), "cap", NOW).messages
    [ring] = rings_of(message)
    points = [tuple(map(float, point.split(","))) for point in ring.strip("()").split("),(")]
    assert len(points) == 36
    assert all(((lon - 120.5) * 0.8616) ** 2 + (lat - 30.5) ** 2 >= 0.0999**2 for lon, lat in points)
