"""What the report of a month says, from given figures: nothing but what was counted, and each share with its parts."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from api.monthly.document import Cover, document
from api.monthly.figures import GROUPS, Figures
from api.monthly.period import Told, month_of, told_of
from hub.cases.indicators import Counts, Indicator, Period
from hub.cases.stage_times import Stage
from hub.cases.which import Which
from hub.words import LANGS, Lang

NOW = datetime(2026, 11, 29, tzinfo=UTC)
OCTOBER = told_of(month_of("2026-10", NOW))
DISTRICT: Counts = {
    "reported": 5_059, "due": 5_053, "due_closed": 5_051, "closed_in_time": 3_548, "closed_late": 1_503,
    "overdue_open": 2,
}  # fmt: skip
DEFINED = [
    Indicator("closing_rate", "结案率", "closing rate", "due - overdue_open", "due"),
    Indicator("in_time_rate", "按期结案率", "in-time closing rate", "closed_in_time", "due"),
    Indicator("due", "应结案数", "due", "due", None),
]


def figures(counted: Counts, **more: Any) -> Figures:
    given: dict[str, Any] = {
        "set_name": "某区通报口径", "defined": DEFINED, "counted": counted, "before": {}, "months": {},
        "groups": {by: {} for by in GROUPS}, "stages": [], "overdue": [], "without_deadline": 0,
        "names": {name: {} for name in ("region", "area", "category", "organisation")},
        "calendars": frozenset({2026}),
    }  # fmt: skip
    return Figures(**given | more)


def told(found: Figures, lang: Lang = "zh", period: Told = OCTOBER, which: Which | None = None) -> dict[str, Any]:
    return document(Cover("区城管局", "wang.fang", which or Which(), True), period, found, None, 400, lang)


def tables(found: dict[str, Any]) -> list[dict[str, Any]]:
    return [block for block in found["blocks"] if block["kind"] == "table"]


def said(found: dict[str, Any]) -> str:
    return "\n".join("\n".join(block.get("texts", [block.get("text", "")])) for block in found["blocks"])


def test_each_share_stands_beside_what_it_was_counted_from() -> None:
    found = told(figures(DISTRICT))
    assert tables(found)[0]["rows"] == [
        ["结案率", "5,051", "5,053", "99.96%", "–", "(应结案数 - 超期未结数) ÷ 应结案数"],
        ["按期结案率", "3,548", "5,053", "70.22%", "–", "按期结案数 ÷ 应结案数"],
        ["应结案数", "5,053", "–", "5,053", "0", "应结案数"],
    ]
    assert "结案率：99.96%（5,051 ÷ 5,053）。" in said(found)
    assert "即 5,053 = 3,548 + 1,503 + 2" in said(found)
    assert "99.92" not in str(found)


def test_the_head_says_for_whom_and_what_it_is() -> None:
    found = told(figures({}, names={"region": {"330106": "西湖区"}}), which=Which(region="330106"))
    assert found["title"] == "案件与告警运行月报（2026 年 10 月）"
    facts = dict(found["facts"])
    assert (facts["报送对象"], facts["统计范围"], facts["统计期"]) == (
        "区城管局", "行政区划 西湖区 330106", "2026-10-01 至 2026-10-31",
    )  # fmt: skip


@pytest.mark.parametrize("lang", LANGS)
def test_an_empty_month_says_so(lang: Lang) -> None:
    found = said(told(figures({}), lang))
    assert {"zh": "本期没有案件", "en": "no case in this period"}[lang] in found
    assert {"zh": "无权查看告警", "en": "tells nothing of alerts"}[lang] in found, "and that alerts are left out"


def test_what_is_not_known_is_said() -> None:
    assert "未导入" not in said(told(figures(DISTRICT)))
    stages = [Stage("handling", 9, 7, 60, 90)]
    found = said(told(figures(DISTRICT, calendars=frozenset({2025}), stages=stages, without_deadline=3)))
    assert "未导入 2026 年的工作日历" in found
    assert "有 2 次环节的用时未知" in found
    assert "有 3 件没有时限" in found
    november = told_of(month_of("2026-11", NOW))
    assert "统计期尚未结束" in said(told(figures(DISTRICT), period=november))


def test_groups_beyond_the_table_are_one_line_and_overlapping_ones_are_not_added_up() -> None:
    many: dict[str | None, Counts] = {f"org-{n:02}": {"due": 100 - n, "closed_in_time": 50} for n in range(25)}
    groups = {by: many if by in ("responsible", "area") else {} for by in GROUPS}
    area, responsible = tables(told(figures(DISTRICT, groups=groups)))[-2:]
    assert len(area["rows"]) == 20
    assert responsible["rows"][0][:4] == ["org-00", "0", "100", "50"]
    assert responsible["rows"][-1][:4] == ["其余 5 项合计", "0", str(sum(range(76, 81))), "250"]
    charts = [block for block in told(figures(DISTRICT, groups=groups))["blocks"] if block["kind"] == "stacked"]
    assert charts[-1]["bars"][0] == {"name": "org-00", "values": [50, 0, 0], "labels": ["按期 50/50，100.00%"]}


def test_months_without_cases_are_there_and_a_part_of_one_is_marked() -> None:
    period = told_of(Period(date(2026, 11, 1), date(2026, 11, 20), NOW))
    months = {"2026-08": {"filed": 3}, "2026-11": {"filed": 1}}
    rows = tables(told(figures(DISTRICT, months=months), period=period))[2]["rows"]
    assert [(row[0], row[2]) for row in rows] == [
        ("2026-08", "3"), ("2026-09", "0"), ("2026-10", "0"), ("2026-11*", "1"),
    ]  # fmt: skip


def test_a_period_is_compared_with_as_much_before_it() -> None:
    def before(first: date, last: date) -> tuple[date, date]:
        found = told_of(Period(first, last, NOW)).before
        return found.first, found.last

    assert before(date(2026, 3, 1), date(2026, 3, 31)) == (date(2026, 2, 1), date(2026, 2, 28))
    assert before(date(2026, 1, 1), date(2026, 3, 31)) == (date(2025, 10, 1), date(2025, 12, 31))
    assert before(date(2026, 3, 5), date(2026, 3, 11)) == (date(2026, 2, 26), date(2026, 3, 4))
    assert (OCTOBER.trend.first, OCTOBER.trend.last) == (date(2025, 11, 1), date(2026, 10, 31))
