"""Indicators of cases (考核指标): counts over a period, and the shares that a city defines over them.

In which counts a case is the database says in one place (`case_in`), for counting and for the list of cases behind a
figure. Definitions are data (table indicator_set). Days and months are those of China.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from hub.cases.reach import ALL, Reach, Seen
from hub.cases.tally import Cells, Span, cells, over, split
from hub.cases.which import By, Which
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

ZONE = ZoneInfo("Asia/Shanghai")
BASIS = {
    "reported": "reported",
    "accepted": "accepted",
    "rejected": "ended",
    "merged": "ended",
    "self_handled": "ended",
    "filed": "filed",
    "extended": "filed",
    "suspended": "filed",
    "suspended_now": "filed",
    "supervised": "filed",
    "dispatched": "dispatched",
    "dispatched_right": "dispatched",
    "closed": "ended",
    "closed_after_dispatch": "ended",
    "closed_after_rework": "ended",
    "due": "due",
    "due_closed": "due",
    "closed_in_time": "due",
    "closed_late": "due",
    "overdue_open": "due",
}
"""Of each count the time by which a case is in it, as the function case_counts has it."""
COUNTS = tuple(BASIS)
"""What definitions are made of."""
_LISTS = {
    "reported": SQL.listed_reported,
    "accepted": SQL.listed_accepted,
    "filed": SQL.listed_filed,
    "dispatched": SQL.listed_dispatched,
    "ended": SQL.listed_ended,
    "due": SQL.listed_due,
}
REGION_LEVELS = (2, 4, 6, 9, 12)
"""Digits of a division's code: province, city, county, town, village."""


class Expression(NamedTuple):
    """A sum and difference of counts, as `due - overdue_open`."""

    terms: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str, counts: Sequence[str] = COUNTS) -> "Expression":
        """Read one of some counts; ValueError, with a Sentence, when it is none."""
        terms: list[tuple[int, str]] = []
        sign = 1
        for place, word in enumerate(text.split()):
            if place % 2:
                if word not in ("+", "-"):
                    raise ValueError(Sentence("refusal.indicator.sign", word=word))
                sign = 1 if word == "+" else -1
            elif word not in counts:
                raise ValueError(Sentence("refusal.indicator.count", word=word, counts=", ".join(counts)))
            else:
                terms.append((sign, word))
        if not terms or len(text.split()) % 2 == 0:
            raise ValueError(Sentence("refusal.indicator.empty"))
        return cls(tuple(terms))

    def value(self, counts: Mapping[str, int]) -> int:
        """Of counts; one that is missing is 0."""
        return sum(sign * counts.get(name, 0) for sign, name in self.terms)


class Indicator(NamedTuple):
    """A figure that a city reads."""

    code: str
    zh: str
    en: str
    numerator: str
    """An Expression, as it is written."""
    denominator: str | None
    """None: the numerator is the figure."""


class Figure(NamedTuple):
    """An indicator with what it was counted from."""

    indicator: Indicator
    numerator: int
    denominator: int | None
    value: float | None
    """None: there is nothing to divide by."""


@dataclass(slots=True, frozen=True)
class Period:
    """Days of China, the last one included, as they are seen at a moment."""

    first: date
    last: date
    now: datetime

    @property
    def values(self) -> dict[str, datetime]:
        """Parameters of the statements."""
        begin, end = (datetime.combine(day, time(), ZONE) for day in (self.first, self.last + timedelta(days=1)))
        return {"from": begin, "to": end, "now": self.now}


Counts = dict[str, int]


async def counts(
    conn: AsyncConnection, period: Period, which: Which, by: By = "none", reach: Reach = ALL
) -> dict[str | None, Counts]:
    """Cases in each count, by the key of their group; '' for all of them, None for those that have no such thing.

    On a connection that sees everything, of what `reach` reaches: what the tally knows is read from it.
    """
    found: dict[str | None, Counts] = {"": {}} if by == "none" else {}
    parts = reach.parts(which)
    fine = digits(parts[0].which if len(parts) == 1 else which, by)
    values = {"by": by, "digits": fine, "now": period.now}
    whole, today = Span(period.first, period.last), period.now.astimezone(ZONE).date()
    member = reach.member(which, by)
    for part in parts:
        told = cells(part.which, by, fine) if part.keys is None else None
        if member is not None:
            told = Cells("member", member, keys=False, daily=True)
        spans = [whole]
        if told is not None:
            divided = split(*whole, today, told.daily)
            spans = divided.counted
            statement = SQL.tallied_by_category if told.categories else SQL.tallied
            for grain, span in divided.told:
                await _sum(conn, statement, {**values, **told.values, "grain": grain, **span._asdict()}, found)
        if spans:
            await conn.execute(SQL.memory)
        for span in spans:
            done, rest = over(span, today) if part.narrow else ([], [span])
            for days in done:
                await _sum(conn, SQL.counts_of_facts, {**values, **days._asdict(), **part.values}, found)
            for days in rest:
                await _sum(conn, SQL.counts, {**values, **Period(*days, period.now).values, **part.values}, found)
    return found


def whole(groups: Mapping[str | None, Counts], by: By) -> Counts | None:
    """The counts of all cases, of those of their groups; None: a case may be in several of them, or in none."""
    if by in ("none", "area"):
        return groups.get("")
    return dict(sum((Counter(counted) for counted in groups.values()), Counter()))


async def _sum(
    conn: AsyncConnection, statement: str, values: Mapping[str, Any], found: dict[str | None, Counts]
) -> None:
    # Never prepared: a plan for all questions at once would use the index of none.
    for key, *numbers in await (await conn.execute(statement.encode(), values, prepare=False)).fetchall():
        if any(numbers):
            group = found.setdefault(key, {})
            for what, n in zip(COUNTS, numbers, strict=True):
                if n:
                    group[what] = group.get(what, 0) + int(n)


def digits(which: Which, by: By) -> int:
    """Digits of the codes of groups: of the divisions, or categories, right below the filter's; counties at first."""
    if by == "region":
        given = len(which.region or "3301")
        return next((level for level in REGION_LEVELS if level > given), REGION_LEVELS[-1])
    return 2 if which.category is None else 8


async def listed(
    conn: AsyncConnection, what: str, period: Period, which: Which, after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The cases that a count counts, from a cursor on."""
    statement = _LISTS[BASIS[what]]
    async with conn.cursor(row_factory=dict_row) as cursor:
        values = {**period.values, **Seen(which).values, "what": what, **after}
        await cursor.execute(statement.encode(), values, prepare=False)
        return await cursor.fetchall()


def figures(indicators: Sequence[Indicator], counted: Mapping[str, int], names: Sequence[str] = COUNTS) -> list[Figure]:
    """Indicators of counts, which have these names."""
    told = []
    for indicator in indicators:
        above = Expression.of(indicator.numerator, names).value(counted)
        below = None if indicator.denominator is None else Expression.of(indicator.denominator, names).value(counted)
        value = float(above) if below is None else above / below if below else None
        told.append(Figure(indicator, above, below, value))
    return told
