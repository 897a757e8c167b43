"""Blocks of a report, one below the other, as api/pdf/templates/report.typ prints them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

Block = dict[str, Any]


class Column(NamedTuple):
    """A column of a table."""

    title: str
    width: float
    """Of what is left of the page, beside the others."""
    number: bool = False
    """Right-aligned."""


class Bar(NamedTuple):
    """A row of a chart: its name, the lengths of its bars, and what stands behind them."""

    name: str
    values: Sequence[float | None]
    labels: Sequence[str]


def heading(text: str, new_page: bool = False) -> Block:
    """Begins a part."""
    return {"kind": "heading", "text": text, "new_page": new_page}


def subheading(text: str) -> Block:
    """Begins a piece of a part."""
    return {"kind": "subheading", "text": text}


def says(text: str) -> Block:
    """A paragraph."""
    return {"kind": "text", "text": text}


def means(text: str) -> Block:
    """What the table or chart above means."""
    return {"kind": "note", "text": text}


def points(texts: Sequence[str]) -> Block:
    """A list of sentences."""
    return {"kind": "points", "texts": list(texts)}


def table(columns: Sequence[Column], rows: Sequence[Sequence[str]]) -> Block:
    """Rows of texts below a header."""
    return {
        "kind": "table",
        "columns": [column.title for column in columns],
        "widths": [column.width for column in columns],
        "numbers": [column.number for column in columns],
        "rows": [list(row) for row in rows],
    }


def stacked(legend: Sequence[str], bars: Sequence[Bar]) -> Block:
    """A bar a row, divided into as many parts as the legend has; one label a row."""
    return {"kind": "stacked", "legend": list(legend), "bars": [_bar(bar) for bar in bars]}


def grouped(legend: Sequence[str], bars: Sequence[Bar], most: float | None = None) -> Block:
    """A bar a value below each other, with its label; `most` is the whole width, the longest bar if it is None."""
    return {"kind": "grouped", "legend": list(legend), "bars": [_bar(bar) for bar in bars], "most": most}


def columns(legend: Sequence[str], bars: Sequence[Bar], most: float | None = None) -> Block:
    """A group of columns a row, side by side; `most` is the whole height, the highest if it is None."""
    return {"kind": "columns", "legend": list(legend), "bars": [_bar(bar) for bar in bars], "most": most}


def _bar(bar: Bar) -> Block:
    return {"name": bar.name, "values": list(bar.values), "labels": list(bar.labels)}
