"""Which figures the tally of cases (case_tally, migration 0091) tells, and of which days.

The tally is exact for days before today: what is due does not depend on the clock any more. It has some cells (whole
months of a place, an organisation, a category; days of most of them); what else is asked is counted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any, Literal, NamedTuple

from hub.cases.which import By, Which

END = "\U0010ffff"
"""Above whatever begins with the same letters, in the order of bytes."""
_LONG = timedelta(days=100)
_WHOLE = 64
"""Letters of the longest code."""
COUNTY, TOWN = 6, 9
"""Digits of their codes."""


class Span(NamedTuple):
    """Days, the last one included."""

    first: date
    last: date


@dataclass(slots=True, frozen=True)
class Cells:
    """Cells whose sum is a figure, or each figure of a group."""

    cell: Literal["all", "county", "town", "organisation", "responsible", "member", "area", "level", "category"]
    key: str = ""
    keys: bool = True
    """They are those whose key begins so, not the one that has it."""
    category: str = ""
    """The main category; empty: of all."""
    categories: bool = False
    """They are those of main categories that begin so."""
    cut: int = _WHOLE
    """Letters of the key that name its group."""
    daily: bool = False
    """They are kept by day, too."""

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of it."""
        return {
            "cell": self.cell,
            "key": self.key,
            "key_end": self.key + END if self.keys else self.key,
            "category": (self.category or "-") if self.categories else self.category,
            "category_end": self.category + END,
            "cut": self.cut,
        }


class Split(NamedTuple):
    """The days of a period by how they are told."""

    months: Span | None
    """Whole ones, of the tally."""
    days: list[Span]
    """Of the tally; two at most."""
    counted: list[Span]

    @property
    def told(self) -> list[tuple[str, Span]]:
        """What the tally tells, by the grain in which it does."""
        return ([("month", self.months)] if self.months else []) + [("day", span) for span in self.days]


def cells(which: Which, by: By, digits: int) -> Cells | None:
    """Cells of a question; None: it has to be counted."""
    owner = _owner(which)
    if which.exact or len(owner) + (which.region is not None) > 1:
        return None
    if which.category_kind is not None or which.category is not None or by == "category":
        return None if owner else _of_category(which, by, digits)
    if by in ("organisation", "responsible", "area", "level"):
        return Cells(by, daily=True) if not owner and which.region is None else None
    if owner:
        return owner[0] if by in ("none", "month") else None
    return _of_region(which.region, by, digits)


def _owner(which: Which) -> list[Cells]:
    told: dict[Any, str | None] = {
        "area": which.area,
        "organisation": which.organisation,
        "responsible": which.responsible,
        "level": None if which.level is None else str(which.level),
    }
    return [Cells(cell, key, keys=False, daily=True) for cell, key in told.items() if key is not None]


def _of_region(region: str | None, by: By, digits: int) -> Cells | None:
    fine = max(digits if by == "region" else 0, len(region or ""))
    if fine > TOWN:
        return None
    if fine > COUNTY:
        return Cells("town", region or "", cut=digits)
    return replace(_counties(region, by, digits), daily=True)


def _counties(region: str | None, by: By, digits: int) -> Cells:
    """All cells of counties in a division; the one of everything where none is asked for."""
    return Cells("all") if region is None and by != "region" else Cells("county", region or "", cut=digits)


def _of_category(which: Which, by: By, digits: int) -> Cells | None:
    """Of main categories in counties and above, and of each category everywhere."""
    kind, main, region = which.category_kind, which.category, which.region
    if len(region or "") > COUNTY or (main is not None and (kind is None or len(main) != 2)):
        return None
    begin = "" if kind is None else f"{kind}:{main or ''}"
    if by == "category" and main is not None:
        return Cells("category", begin) if region is None else None
    if by in ("none", "month", "category") or (by == "region" and digits <= COUNTY):
        told = _counties(region, by, digits)
        return replace(told, category=begin, categories=main is None, daily=told.cell == "all")
    return None


def split(first: date, last: date, today: date, daily: bool) -> Split:
    """Divide the days of a period: those from today on are counted."""
    until = min(last, today - timedelta(days=1))
    begin = first if first.day == 1 else _next_month(first)
    end = _month_end(until)
    months = Span(begin, end) if begin <= end else None
    rest = list(_around(first, last, months))
    if not daily:
        return Split(months, [], rest)
    days = [Span(span.first, min(span.last, until)) for span in rest if span.first <= until]
    return Split(months, days, [Span(max(span.first, today), span.last) for span in rest if span.last >= today])


def over(span: Span, today: date) -> tuple[list[Span], list[Span]]:
    """The days of a long span that are over, which narrow rows tell; and those that the cases themselves have to.

    Of a short one their indexes of times find the cases faster.
    """
    last = min(span.last, today - timedelta(days=1))
    if last - span.first < _LONG:
        return [], [span]
    return [Span(span.first, last)], [Span(today, span.last)] if span.last >= today else []


def _around(first: date, last: date, months: Span | None) -> Iterator[Span]:
    if months is None:
        yield Span(first, last)
        return
    if first < months.first:
        yield Span(first, months.first - timedelta(days=1))
    if months.last < last:
        yield Span(months.last + timedelta(days=1), last)


def _next_month(day: date) -> date:
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def _month_end(day: date) -> date:
    """The last day of the newest month that is over with this day."""
    return day if day + timedelta(days=1) == _next_month(day) else day.replace(day=1) - timedelta(days=1)
