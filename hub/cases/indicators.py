"""Indicators of cases (考核指标): counts over a period, and the shares that a city defines over them.

In which counts a case is, and by what time, the database says in one place (`case_counts`), for counting and for the
list of cases behind a figure. Definitions are data (table indicator_set). Days and months are those of China.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from hub.cases.transitions import REVIEW, STAGES, SUPERVISION
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

ZONE = ZoneInfo("Asia/Shanghai")
COUNTS = (
    "reported", "accepted", "rejected", "merged", "self_handled", "filed", "extended", "suspended", "suspended_now",
    "supervised", "dispatched", "dispatched_right", "closed", "closed_after_dispatch", "closed_after_rework", "due",
    "due_closed", "closed_in_time", "closed_late", "overdue_open",
)  # fmt: skip
"""What definitions are made of, as `case_counts` names them."""
By = Literal["none", "region", "area", "organisation", "responsible", "category", "level", "month"]
REGION_LEVELS = (2, 4, 6, 9, 12)
"""Digits of a division's code: province, city, county, town, village."""


class Expression(NamedTuple):
    """A sum and difference of counts, as `due - overdue_open`."""

    terms: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, text: str) -> "Expression":
        """Read one; ValueError, with a Sentence, when it is none."""
        terms: list[tuple[int, str]] = []
        sign = 1
        for place, word in enumerate(text.split()):
            if place % 2:
                if word not in ("+", "-"):
                    raise ValueError(Sentence("refusal.indicator.sign", word=word))
                sign = 1 if word == "+" else -1
            elif word not in COUNTS:
                raise ValueError(Sentence("refusal.indicator.count", word=word, counts=", ".join(COUNTS)))
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
class Which:
    """Which cases are counted; None: all."""

    region: str | None = None
    """The first digits of a division's code."""
    area: str | None = None
    organisation: str | None = None
    """Whose matter it is."""
    responsible: str | None = None
    """The organisation that handles it."""
    category_kind: str | None = None
    category: str | None = None
    """The first digits of a category's code."""
    level: int | None = None


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


class Stage(NamedTuple):
    """How long the visits to a stage took."""

    stage: str
    """Of hub/cases/transitions.py, or `case`."""
    visits: int
    known: int
    """Of which it is known: of none in a year without a calendar."""
    median_s: float | None
    p90_s: float | None
    """Values that occurred: of nine in ten visits the time was not longer."""


Counts = dict[str, int]


async def counts(conn: AsyncConnection, period: Period, which: Which, by: By = "none") -> dict[str | None, Counts]:
    """Cases in each count, by the key of their group; '' for all of them, None for those that have no such thing."""
    values = {**period.values, **asdict(which), "by": by, "digits": digits(which, by)}
    found: dict[str | None, Counts] = {"": {}} if by == "none" else {}
    for key, what, n in await (await conn.execute(SQL.counts.encode(), values)).fetchall():
        found.setdefault(key, {})[what] = n
    return found


def digits(which: Which, by: By) -> int:
    """Digits of the codes of groups: of the divisions, or categories, right below the filter's; counties at first."""
    if by == "region":
        given = len(which.region or "3301")
        return next((level for level in REGION_LEVELS if level > given), REGION_LEVELS[-1])
    return 2 if which.category is None else 8


async def stages(conn: AsyncConnection, period: Period, which: Which) -> list[Stage]:
    """Visits that ended in a period, by stage in their order."""
    values = {**period.values, **asdict(which), "apart": [SUPERVISION, REVIEW]}
    rows = await (await conn.execute(SQL.stages.encode(), values)).fetchall()
    order = [*STAGES, "case"]
    return sorted((Stage(*row) for row in rows), key=lambda stage: order.index(stage.stage))


async def listed(
    conn: AsyncConnection, what: str, period: Period, which: Which, after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The cases that a count counts, from a cursor on."""
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SQL.listed.encode(), {**period.values, **asdict(which), "what": what, **after})
        return await cursor.fetchall()


def figures(indicators: Sequence[Indicator], counted: Mapping[str, int]) -> list[Figure]:
    """Indicators of counts."""
    told = []
    for indicator in indicators:
        above = Expression.of(indicator.numerator).value(counted)
        below = None if indicator.denominator is None else Expression.of(indicator.denominator).value(counted)
        value = float(above) if below is None else above / below if below else None
        told.append(Figure(indicator, above, below, value))
    return told
