"""The part of a report that tells of the months until its period's last one."""

from collections.abc import Iterator, Mapping
from datetime import date

from api.monthly.blocks import Bar, Block, Column, columns, means, says, table
from api.monthly.cells import beside, count_cells, count_columns, result
from api.monthly.figures import Figures
from api.monthly.period import DAY, Told, month_end
from hub.cases.formula import formula
from hub.cases.indicators import Counts, figures
from hub.words import Lang, text
from hub.words.figure import short

OF_MONTHS = ("reported", "filed", "due", "closed_in_time", "overdue_open")
CHARTED = ("filed", "closed_in_time")


def _each(counted: Mapping[str, Counts], last: date) -> dict[str, Counts]:
    """The months from the first with a case to the last one; one without a case has no counts."""
    if not counted:
        return {}
    ends = f"{last:%Y-%m}"
    day, told = date.fromisoformat(f"{min(counted)}-01"), {}
    while (month := f"{day:%Y-%m}") <= ends:
        told[month] = counted.get(month, {})
        day = month_end(day) + DAY
    return told


def trend(found: Figures, told: Told, lang: Lang) -> Iterator[Block]:
    """Counts and shares by month; months before the first case are left out, one that is not whole is marked."""
    months = _each(found.months, told.trend.last)
    if not months:
        yield says(text("report.trend.none", lang))
        return
    shares, last = beside(found.defined), told.period.last
    part = max(months) if last != month_end(last) else None
    names = {key: f"{key}*" if key == part else key for key in months}
    yield table(
        [Column(text("report.column.month", lang), 1), *count_columns(OF_MONTHS, shares, lang)],
        [[names[key], *count_cells(OF_MONTHS, shares, counted)] for key, counted in months.items()],
    )
    meaning = text("report.trend.meaning", lang, first=min(months), last=max(months))
    yield means(meaning if part is None else f"{meaning} {text('report.trend.part', lang, last=last)}")
    if len(months) < 2:
        return
    yield columns(
        [text(f"indicator.count.{name}", lang) for name in CHARTED],
        [
            Bar(
                names[key],
                [counted.get(name, 0) for name in CHARTED],
                [short(counted.get(name, 0), lang) for name in CHARTED],
            )
            for key, counted in months.items()
        ],
    )
    for indicator in shares:
        by_month = {key: figures([indicator], counted)[0] for key, counted in months.items()}
        yield columns(
            [text("report.trend.share", lang, name=getattr(indicator, lang), formula=formula(indicator, lang))],
            [Bar(names[key], [each.value], [result(each)]) for key, each in by_month.items()],
            most=1,
        )
    yield means(text("report.trend.chart", lang))
