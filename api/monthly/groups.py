"""The parts of a report that divide its cases: by place, category and organisation."""

from collections.abc import Iterator, Mapping

from api.monthly.blocks import Bar, Block, Column, means, stacked, subheading, table
from api.monthly.cells import beside, count_cells, count_columns
from api.monthly.figures import GROUPS, Figures
from hub.cases.indicators import Counts
from hub.cases.which import By
from hub.words import Lang, text
from hub.words.figure import percentage

SHOWN = 20
"""Groups of a table; the rest are one line."""
CHARTED = 12
COUNTED = ("reported", "due", "closed_in_time", "closed_late", "overdue_open")
DUE = ("closed_in_time", "closed_late", "overdue_open")
"""What the due are made of."""


def groups(found: Figures, lang: Lang) -> Iterator[Block]:
    """A table and a chart for each way to divide the cases that knows one group at least."""
    for by in GROUPS:
        if any(found.groups[by]):
            yield subheading(text(f"report.group.{by}", lang))
            yield from _divided(by, found, lang)


def _divided(by: By, found: Figures, lang: Lang) -> Iterator[Block]:
    told, shares = found.groups[by], beside(found.defined)
    order = sorted(told, key=lambda key: (-told[key].get("due", 0), -told[key].get("reported", 0), key or "~"))
    shown, rest = order[:SHOWN], order[SHOWN:]
    lines = [[name_of(by, key, found, lang), *count_cells(COUNTED, shares, told[key])] for key in shown]
    meaning = [text("report.group.meaning", lang), text(f"report.group.{by}.meaning", lang)]
    if rest and by == "area":  # they may overlap: a sum would count twice what is in two of them
        meaning.append(text("report.group.more", lang, n=len(rest)))
    elif rest:
        others = text("report.group.rest", lang, n=len(rest))
        lines.append([others, *count_cells(COUNTED, shares, _sum([told[key] for key in rest]))])
    yield table([Column(text(f"report.by.{by}", lang), 1.7), *count_columns(COUNTED, shares, lang)], lines)
    yield means(" ".join(meaning))
    due = [key for key in shown if told[key].get("due", 0)][:CHARTED]
    if len(due) > 1:  # one bar alone says nothing
        bars = [_bar(name_of(by, key, found, lang), told[key], lang) for key in due]
        yield stacked([text(f"indicator.count.{name}", lang) for name in DUE], bars)
        yield means(text("report.group.chart", lang))


def name_of(by: By, key: str | None, found: Figures, lang: Lang) -> str:
    """A group as people call it, with its code."""
    if key is None:
        return text("report.group.without", lang)
    if by == "category":
        kind, _, code = key.partition(":")
        return " ".join(filter(None, (text(f"report.kind.{kind}", lang), code, found.names["category"].get(key))))
    name = found.names["organisation" if by == "responsible" else by].get(key)
    return key if name is None else f"{name} {key}"


def _sum(counted: list[Counts]) -> Mapping[str, int]:
    return {name: sum(each.get(name, 0) for each in counted) for name in {name for each in counted for name in each}}


def _bar(name: str, counted: Mapping[str, int], lang: Lang) -> Bar:
    parts = [counted.get(part, 0) for part in DUE]
    told = {"in_time": f"{parts[0]:,}", "due": f"{sum(parts):,}", "share": percentage(parts[0], sum(parts))}
    return Bar(name, parts, [text("report.group.label", lang, **told)])
