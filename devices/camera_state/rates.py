"""Online rate and sound rate of cameras (在线率, 完好率) over days of China: times, and how many are so now.

A period is told by two totals of each camera (table camera_total) and, of today, by its states. Groups are those to
which cameras belong now. A caller sees those of cameras that it sees: the connection decides.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Literal, NamedTuple

from psycopg import AsyncConnection

from devices.camera_state.states import begin_of
from hub.store.statements import statements

SQL = statements(__name__)

By = Literal["none", "region", "organisation", "area", "platform"]
STATES = ("sound", "faulty", "offline", "unknown", "maintained")
COUNTS = ("watched", "online", *STATES)
"""What definitions are made of: seconds of cameras over a period, cameras at a moment. Not watched: maintained."""
Groups = dict[str | None, dict[str, int]]
"""By the key of each group; '' for all, None for those without such a thing. `cameras`: how many were watched."""


@dataclass(slots=True, frozen=True)
class Which:
    """Which cameras; None: all."""

    region: str | None = None
    """The first digits of a division."""
    organisation: str | None = None
    area: str | None = None
    platform: str | None = None
    """Code of the recorder or platform that they hang on."""


class Times(NamedTuple):
    """What is known of a period."""

    first: date
    """The first day of it of which anything is known."""
    until: datetime | None
    """Until when it is known; None: nothing is."""
    unheard_s: float
    """How much of it the hub heard nothing: in no figure."""
    groups: Groups


async def times(conn: AsyncConnection, first: date, last: date, which: Which, by: By, digits: int) -> Times:
    """Seconds by group, of days of which the last one is included."""
    [(oldest, newest, known)] = await (await conn.execute(SQL.span)).fetchall()
    if oldest is None or known is None or last < oldest:
        return Times(first, None, 0.0, {})
    first, after = max(first, oldest), last + timedelta(days=1)
    anchor = max(min(after, newest), first)
    until = min(begin_of(after), known)
    values = {
        "first": first, "anchor": anchor, "since": begin_of(anchor), "until": until, "by": by, "digits": digits,
        "region": which.region, "organisation": which.organisation, "area": which.area, "platform": which.platform,
    }  # fmt: skip
    found = await (await conn.execute(SQL.times.encode(), values, prepare=False)).fetchall()
    span = {"from_at": begin_of(first), "to_at": until}
    [(unheard,)] = await (await conn.execute(SQL.gaps, span)).fetchall()
    return Times(first, until, unheard, _groups(found))


async def now(conn: AsyncConnection, which: Which, by: By, digits: int) -> Groups:
    """How many cameras are so now, by group."""
    values = {
        "by": by, "digits": digits, "region": which.region, "organisation": which.organisation, "area": which.area,
        "platform": which.platform,
    }  # fmt: skip
    return _groups(await (await conn.execute(SQL.now.encode(), values, prepare=False)).fetchall())


def whole(groups: Groups) -> dict[str, int]:
    """Of all groups, each camera of which is in one."""
    return dict(sum((Counter(each) for each in groups.values()), Counter()))


def _groups(rows: list[tuple[Any, ...]]) -> Groups:
    told: Groups = {}
    for key, cameras, *counted in rows:
        states = dict(zip(STATES, counted, strict=True))
        online = states["sound"] + states["faulty"]
        watched = online + states["offline"] + states["unknown"]
        if watched or states["maintained"]:
            told[key] = {"cameras": cameras, "watched": watched, "online": online, **states}
    return told
