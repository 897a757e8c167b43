"""The filters by which the lists of groups of figures are as long as the figures."""

from datetime import UTC, date, datetime

from api.routes.case_indicators import narrowed
from hub.cases.indicators import Period
from hub.cases.which import Which

PERIOD = Period(date(2025, 2, 17), date(2025, 12, 3), datetime(2026, 1, 1, tzinfo=UTC))


def test_the_list_of_a_month_ends_with_the_period() -> None:
    for month, first, last in (
        ("2025-02", "2025-02-17", "2025-02-28"),
        ("2025-03", "2025-03-01", "2025-03-31"),
        ("2025-12", "2025-12-01", "2025-12-03"),
    ):
        assert narrowed("month", month, PERIOD, Which()) == {"from": first, "to": last}


def test_the_list_of_a_whole_code_has_no_finer_ones() -> None:
    main = {"category_kind": "event", "category": "03"}
    assert narrowed("category", "event:03", PERIOD, Which()) == main, "a group of all that begins so"
    assert narrowed("category", "event:03", PERIOD, Which(category="0")) == main | {"exact": "true"}
    assert narrowed("region", "330106", PERIOD, Which()) == {"region": "330106"}
