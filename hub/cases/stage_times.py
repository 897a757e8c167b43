"""How long visits to stages took: the visits, the median and the ninth decile, which are values that occurred.

Of whole months it is kept how many visits took how long, in ranges of 2 % (case_stage_time, migration 0104): the counts
say in which range a share lies and at which place in it, and only visits in that range are looked at. The answer is
that of sorting all of them (`measured`), to the digit. So it is for counties and what lies above them, of callers who
see them whole; what else is asked is of fewer visits, which are sorted.
"""

import logging
import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection

from hub.cases.indicators import SQL, Period
from hub.cases.reach import ALL, Reach, Seen
from hub.cases.tally import COUNTY, END, split
from hub.cases.transitions import REVIEW, STAGES, SUPERVISION
from hub.cases.which import Which

_log = logging.getLogger(__name__)
_SHARES = (0.5, 0.9)
_CITY = 4
_FINE = 50
"""Ranges in which a time grows by the factor e, as in the function case_time_range."""
_SLACK = 1e-9
"""Beside a range, of whose ends the database decides."""
_APART = {"apart": [SUPERVISION, REVIEW]}


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


@dataclass(slots=True, frozen=True)
class Place:
    """Where a share lies."""

    stage: str
    time_range: int
    rank: int
    """In its range, from 1."""

    @property
    def ends(self) -> tuple[float, float]:
        """Seconds between which it is."""
        low = math.exp(self.time_range / _FINE) * (1 - _SLACK) if self.time_range else -math.inf
        return low, math.exp((self.time_range + 1) / _FINE) * (1 + _SLACK)


Visits = Counter[tuple[str, int]]
"""How many, by stage and range; -1: of which the time is not known."""


async def stages(conn: AsyncConnection, period: Period, which: Which, reach: Reach = ALL) -> list[Stage]:
    """Visits that ended in a period, by stage in their order. On a connection that sees everything, at one moment."""
    parts = reach.parts(which)
    divided = split(period.first, period.last, period.last + timedelta(days=1), daily=False)
    if divided.months is None or not all(_kept(part) for part in parts):
        return await measured(conn, period, which, reach)
    visits: Visits = Counter()
    await conn.execute(SQL.memory)
    for part in parts:
        await _add(conn, SQL.stage_times, {**_cell(part.which.region), **divided.months._asdict()}, visits)
        for span in divided.counted:
            ranges = SQL.stage_ranges_of_facts if part.narrow else SQL.stage_ranges
            await _add(conn, ranges, {**Period(*span, period.now).values, **part.values}, visits)
    places = placed(visits)
    found = await _values(conn, places, period, [part.which.region or "" for part in parts])
    if len(found) < len(places):
        _log.warning("what is kept of the times of stages is not what they are: all visits are sorted")
        return await measured(conn, period, which, reach)
    shares: dict[str, list[float]] = {}
    for place, value in zip(places, found, strict=True):
        shares.setdefault(place.stage, []).append(value)
    return _told([(stage, *_numbers(visits, stage), shares.get(stage)) for stage in {stage for stage, _ in visits}])


async def measured(conn: AsyncConnection, period: Period, which: Which, reach: Reach = ALL) -> list[Stage]:
    """As `stages`, by sorting all visits."""
    seen = _seen(which, reach)
    narrow = SQL.stages_of_facts if seen.narrow else SQL.stages
    statement = SQL.stages_of_all if seen == Seen(Which()) else narrow
    await conn.execute(SQL.memory)
    values = {**period.values, **seen.values, **_APART}
    return _told(await (await conn.execute(statement.encode(), values, prepare=False)).fetchall())


def placed(visits: Visits) -> list[Place]:
    """Where the shares of each stage lie, in their order; of a stage of which nothing is known, nowhere."""
    places = []
    for stage in sorted({stage for stage, time_range in visits if time_range >= 0}):
        _, known = _numbers(visits, stage)
        ranges = sorted(each for of, each in visits if of == stage and each >= 0)
        for share in _SHARES:
            rank = max(1, math.ceil(share * known))
            for time_range in ranges:
                if rank <= visits[stage, time_range]:
                    places.append(Place(stage, time_range, rank))
                    break
                rank -= visits[stage, time_range]
    return places


def _numbers(visits: Visits, stage: str) -> tuple[int, int]:
    every = sum(n for (of, _), n in visits.items() if of == stage)
    return every, every - visits[stage, -1]


def _seen(which: Which, reach: Reach) -> Seen:
    return Seen(which, None if reach.everything else tuple(reach.keys or ()))


def _kept(part: Seen) -> bool:
    """Whether it is all cases, or those of a county or of what lies above one."""
    narrow = replace(part.which, region=None) != Which() or len(part.which.region or "") > COUNTY
    return not narrow and part.keys is None and part.without is None


def _cell(region: str | None) -> dict[str, Any]:
    cell = "all" if not region else "city" if len(region) <= _CITY else "county"
    return {"cell": cell, "key": region or "", "key_end": (region or "") + END}


async def _add(conn: AsyncConnection, statement: str, values: Mapping[str, Any], visits: Visits) -> None:
    cursor = await conn.execute(statement.encode(), {**values, **_APART}, prepare=False)
    for stage, time_range, n in await cursor.fetchall():
        if n:
            visits[stage, time_range] += n


async def _values(conn: AsyncConnection, places: list[Place], period: Period, regions: list[str]) -> list[float]:
    wanted = {
        "stages": [place.stage for place in places],
        "ranges": [place.time_range for place in places],
        "ranks": [place.rank for place in places],
        "lows": [place.ends[0] for place in places],
        "highs": [place.ends[1] for place in places],
        "regions": None if "" in regions else regions,
    }
    cursor = await conn.execute(SQL.stage_values.encode(), {**period.values, **wanted}, prepare=False)
    return [value for (value,) in await cursor.fetchall()]


def _told(rows: list[Any]) -> list[Stage]:
    order = [*STAGES, "case"]
    told = [Stage(stage, visits, known, *(shares or (None, None))) for stage, visits, known, shares in rows]
    return sorted(told, key=lambda stage: order.index(stage.stage))
