"""The part of a report that tells how alerts loaded those who answer them (ISA-18.2, EEMUA 191)."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

from api.monthly.alert_sources import false_alarms, sources, taken
from api.monthly.blocks import Bar, Block, Column, columns, grouped, means, says, subheading, table
from api.monthly.cells import minute
from api.monthly.load import Load
from hub.alerts.performance import Measure
from hub.cases.indicators import ZONE
from hub.words import Lang, text
from hub.words.figure import percentage, short

NUMBERS = ("operator_rate", "storms", "stale")
"""Measures that are no shares."""
DAYS = 31
"""Of the chart by day; of a longer period it is by month."""
STORMS = 5
LEVELS = ("level_red", "level_orange", "level_low")


def alert_load(load: Load | None, lang: Lang) -> Iterator[Block]:
    """Measures with what they were counted from, days, levels, storms, sources, and false alarms."""
    if load is None:
        yield says(text("report.alerts.hidden", lang))
        return
    if not load.told.found["alerts"]:
        yield says(text("report.alerts.none", lang))
    yield from _measured(load, lang)
    if load.told.found["alerts"]:
        yield from _by_day(load, lang)
        yield from _by_level(load, lang)
        yield from _storms(load, lang)
        yield from sources(load, lang)
        yield from taken(load, lang)
        yield from false_alarms(load, lang)


def _measured(load: Load, lang: Lang) -> Iterator[Block]:
    widths = {"measure": 1.7, "numerator": 1, "denominator": 1.15, "result": 0.8, "target": 0.8, "formula": 2.8}
    yield table(
        [
            Column(text(f"report.column.{name}", lang), width, name not in ("measure", "formula"))
            for name, width in widths.items()
        ],
        [
            [
                text(f"indicator.alerts.{each.key}", lang),
                _number(each.numerator),
                "–" if each.denominator is None else _number(each.denominator),
                _value(each),
                _target(each),
                text(f"indicator.alerts.{each.key}.formula", lang),
            ]
            for each in load.told.measures
        ],
    )
    yield means(text("report.alerts.meaning", lang))


def _by_day(load: Load, lang: Lang) -> Iterator[Block]:
    last = (load.end - timedelta(microseconds=1)).astimezone(ZONE).date()
    first = load.start.astimezone(ZONE).date()
    days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    form = bar_form(first, last)
    counted: dict[str, int] = dict.fromkeys((f"{day:{form}}" for day in days), 0)
    for told, n in load.told.found["minutes"]:
        counted[f"{_day(told):{form}}"] += n
    if len(counted) > 1:
        legend = text("report.alerts.by_day", lang) if len(days) <= DAYS else text("report.alerts.by_month", lang)
        yield columns([legend], [Bar(name, [n], [short(n, lang) if n else ""]) for name, n in counted.items()])
        yield means(text("report.alerts.days", lang))


def bar_form(first: date, last: date) -> str:
    """How the bars of a period are named: by day or by month, and no two alike."""
    if (last - first).days >= DAYS:
        return "%Y-%m"
    return "%d" if first.month == last.month else "%m-%d"


def _by_level(load: Load, lang: Lang) -> Iterator[Block]:
    told = {each.key: each for each in load.told.measures}
    yield grouped(
        [text("report.legend.now", lang), text("report.legend.expected", lang)],
        [
            Bar(text(f"report.{key}", lang), [each.value, each.target], [_value(each), _target(each)])
            for key, each in ((key, told[key]) for key in LEVELS)
        ],
        most=1,
    )
    yield means(text("report.alerts.levels", lang))


def _storms(load: Load, lang: Lang) -> Iterator[Block]:
    if not load.told.storms:
        yield says(text("report.alerts.no_storm", lang))
        return
    yield subheading(text("report.alerts.storms", lang))
    titles = ("begins", "ends", "first_ten", "alerts")
    yield table(
        [Column(text(f"report.column.{name}", lang), 1, name in ("first_ten", "alerts")) for name in titles],
        [
            [minute(each.begins_at), minute(each.ends_at), f"{each.first_ten_minutes:,}", f"{each.alerts:,}"]
            for each in load.told.storms[:STORMS]
        ],
    )
    yield means(text("report.alerts.storms.meaning", lang, shown=STORMS))


def _day(minute_of: int) -> date:
    return datetime.fromtimestamp(minute_of * 60, UTC).astimezone(ZONE).date()


def _number(value: float) -> str:
    return f"{value:,.2f}".rstrip("0").rstrip(".")


def _value(each: Measure) -> str:
    if each.value is None:
        return "–"
    if each.denominator is None or each.key in NUMBERS:
        return _number(each.value)
    return percentage(each.numerator, each.denominator)


def _target(each: Measure) -> str:
    if each.target is None:
        return "–"
    if not each.target:
        return "0"
    if each.key in NUMBERS:
        return f"≤ {each.target:g}"
    return f"{'≈' if each.key in LEVELS else '≤'} {each.target:.0%}"
