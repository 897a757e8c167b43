"""The parts of a report that tell of all its cases: in sentences, as indicators, and as counts."""

from collections.abc import Iterator

from api.monthly.blocks import Bar, Block, Column, grouped, means, points, says, table
from api.monthly.cells import beside, result
from api.monthly.figures import Figures
from api.monthly.period import Told
from hub.cases.formula import formula
from hub.cases.indicators import COUNTS, figures
from hub.words import Lang, text
from hub.words.figure import percentage


def summary(found: Figures, lang: Lang) -> Iterator[Block]:
    """The period in a few sentences."""
    counted = found.counted
    if not any(counted.values()):
        yield says(text("report.empty", lang))
        return
    told = {name: f"{counted.get(name, 0):,}" for name in COUNTS}
    sentences = [text("report.summary.came", lang, **told), text("report.summary.due", lang, **told)]
    for each in figures(beside(found.defined), counted):
        if each.denominator:
            said = {
                "name": getattr(each.indicator, lang),
                "share": percentage(each.numerator, each.denominator),
                "numerator": f"{each.numerator:,}",
                "denominator": f"{each.denominator:,}",
            }
            sentences.append(text("report.summary.share", lang, **said))
    yield points(sentences)


def indicators(found: Figures, told: Told, lang: Lang) -> Iterator[Block]:
    """Each indicator with its numerator, its denominator and its formula, and as it was before."""
    both = list(zip(figures(found.defined, found.counted), figures(found.defined, found.before), strict=True))
    widths = {"name": 1.5, "numerator": 1.05, "denominator": 1.2, "result": 1, "before": 1, "formula": 2.6}
    yield table(
        [
            Column(text(f"report.column.{name}", lang), width, name not in ("name", "formula"))
            for name, width in widths.items()
        ],
        [
            [
                getattr(each.indicator, lang),
                f"{each.numerator:,}",
                "–" if each.denominator is None else f"{each.denominator:,}",
                result(each),
                result(earlier),
                formula(each.indicator, lang),
            ]
            for each, earlier in both
        ],
    )
    span = {"before": text("report.span", lang, first=told.before.first, last=told.before.last)}
    yield means(text("report.indicators.meaning", lang, **span))
    shares = [pair for pair in both if pair[0].denominator is not None]
    if any(each.value is not None for each, _ in shares):
        yield grouped(
            [text("report.legend.now", lang), text("report.legend.before", lang, **span)],
            [
                Bar(getattr(each.indicator, lang), [each.value, earlier.value], [result(each), result(earlier)])
                for each, earlier in shares
            ],
            most=1,
        )
        yield means(text("report.indicators.chart", lang))


def quantities(found: Figures, lang: Lang) -> Iterator[Block]:
    """Each count, and which cases are in it."""
    yield table(
        [
            Column(text("report.column.count", lang), 1.5),
            Column(text("report.column.cases", lang), 0.8, number=True),
            Column(text("report.column.before", lang), 0.8, number=True),
            Column(text("report.column.which", lang), 4.2),
        ],
        [
            [
                text(f"indicator.count.{name}", lang),
                f"{found.counted.get(name, 0):,}",
                f"{found.before.get(name, 0):,}",
                text(f"report.count.{name}", lang),
            ]
            for name in COUNTS
        ],
    )
    parts = ("due", "closed_in_time", "closed_late", "overdue_open")
    yield means(text("report.quantities.meaning", lang, **{name: f"{found.counted.get(name, 0):,}" for name in parts}))
