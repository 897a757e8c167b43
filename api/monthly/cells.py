"""What tables of cases have in common: how an indicator, the counts of a group, a name and a time are written."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from api.monthly.blocks import Column
from hub.cases.indicators import ZONE, Figure, Indicator, figures
from hub.words import Lang, text
from hub.words.figure import percentage

SHARES = 2
"""Indicators that stand beside counts."""


def result(figure: Figure) -> str:
    """A share as a percentage, a number as it is."""
    if figure.denominator is None:
        return f"{figure.numerator:,}"
    return percentage(figure.numerator, figure.denominator)


def beside(defined: Sequence[Indicator]) -> list[Indicator]:
    """The shares that stand beside counts: of the due ones first."""
    shares = [each for each in defined if each.denominator is not None]
    return sorted(shares, key=lambda each: each.denominator != "due")[:SHARES]


def count_columns(names: Sequence[str], shares: Sequence[Indicator], lang: Lang) -> list[Column]:
    """Columns of counts and shares."""
    counts = [Column(text(f"indicator.count.{name}", lang), 1, number=True) for name in names]
    return counts + [Column(getattr(each, lang), 0.95, number=True) for each in shares]


def count_cells(names: Sequence[str], shares: Sequence[Indicator], counted: Mapping[str, int]) -> list[str]:
    """A row of them; below a share stands what it was counted from."""
    cells = [f"{counted.get(name, 0):,}" for name in names]
    for each in figures(shares, counted):
        of = f"\n{each.numerator:,}/{each.denominator:,}" if each.denominator else ""
        cells.append(result(each) + of)
    return cells


def minute(at: datetime) -> str:
    """A time in China."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M}"
