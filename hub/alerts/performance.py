"""How alerts load the people who answer them, counted as ISA-18.2 and EEMUA 191 count the alarms of a control room.

Each measure has its numerator and its denominator, so that a reader can count it again (docs/INDICATORS.md).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from hub.alerts.transitions import HANDLING_AFTER
from hub.models import LEVEL_NAMES
from hub.store.statements import statements

SQL = statements(__name__)

WINDOW = timedelta(minutes=10)
FLOOD = 10
"""Alerts in ten minutes, above which nobody can answer each of them."""
CALM = 5
"""A storm is over when ten minutes have fewer."""
CHATTER_S = 60.0
"""A source that raises three alerts within so long chatters."""
TAKEN = [kind for kind in HANDLING_AFTER if kind != "reopened"]
"""Changes by which somebody takes an alert up."""
SHARES = {"red": 0.05, "orange": 0.15, "low": 0.80}
"""Of high, middle and low priority (EEMUA 191); the hub's yellow and blue together are the low one."""
STORMS = 20
"""Storms that are told; all of them are counted."""


@dataclass(slots=True, frozen=True)
class Which:
    """Which alerts are counted; None: all."""

    region: str | None = None
    """The first digits of a division's code."""
    area: str | None = None
    organisation: str | None = None
    category: str | None = None
    """Of the device's profile, or of the alert."""
    event_kind: str | None = None


class Measure(NamedTuple):
    """A measure with what it was counted from."""

    key: str
    numerator: float
    denominator: float | None
    """None: the numerator is the measure."""
    value: float | None
    """None: there is nothing to divide by."""
    target: float | None
    """Up to which the standards take it for acceptable; of `level_*` the share that they expect."""


class Storm(NamedTuple):
    """A time in which more alerts came than can be answered."""

    begins_at: datetime
    ends_at: datetime
    first_ten_minutes: int
    alerts: int


@dataclass(slots=True, frozen=True)
class Performance:
    """What a period was like."""

    measures: Sequence[Measure]
    storms: Sequence[Storm]
    """The ones that began worst, at most STORMS."""
    found: Mapping[str, Any]
    """The row of `performance` (performance.sql)."""


async def performance(conn: AsyncConnection, start: datetime, end: datetime, which: Which) -> Performance:
    """Of the alerts raised in [start, end), which are whole windows of ten minutes: see `windows`."""
    values = {
        "from": start,
        "to": end,
        "taken": TAKEN,
        "chatter_s": CHATTER_S,
        **{name: getattr(which, name) for name in Which.__slots__},
    }
    async with conn.cursor(row_factory=dict_row) as cursor:
        await cursor.execute(SQL.performance.encode(), values)
        [found] = await cursor.fetchall()
        await cursor.execute(SQL.stale.encode(), values)
        [stale] = await cursor.fetchall()
    minutes = dict(found["minutes"])
    all_storms = storms(minutes)
    worst = sorted(all_storms, key=lambda storm: (-storm.first_ten_minutes, storm.begins_at))
    return Performance(_measures(found | stale, start, end, all_storms), worst[:STORMS], found)


def windows(start: datetime, end: datetime) -> tuple[datetime, datetime]:
    """The whole ten minutes, by the clock, that a period touches."""

    def down(at: datetime) -> datetime:
        seconds = int(at.timestamp())
        return datetime.fromtimestamp(seconds - seconds % int(WINDOW.total_seconds()), UTC)

    last = down(end)
    return down(start), last if last == end else last + WINDOW


def storms(minutes: Mapping[int, int]) -> list[Storm]:
    """Storms of alerts, from their number in each minute since 1970.

    One begins with the first minute from which on ten minutes have more than FLOOD, and ends with the first from which
    on ten have fewer than CALM.
    """
    told: list[Storm] = []
    begun: int | None = None
    first = 0
    for minute in _looked_at(minutes):
        ten = sum(minutes.get(minute + later, 0) for later in range(10))
        if begun is None and ten > FLOOD and minutes.get(minute):
            begun, first = minute, ten
        elif begun is not None and ten < CALM:
            told.append(_storm(begun, minute, first, minutes))
            begun = None
    return told


def _looked_at(minutes: Mapping[int, int]) -> Sequence[int]:
    """Minutes with alerts, and the ten after each: nothing begins or ends elsewhere."""
    return sorted({minute + later for minute in minutes for later in range(11)})


def _storm(begun: int, ended: int, first: int, minutes: Mapping[int, int]) -> Storm:
    alerts = sum(minutes.get(minute, 0) for minute in range(begun, ended))
    return Storm(_at(begun), _at(ended), first, alerts)


def _at(minute: int) -> datetime:
    return datetime.fromtimestamp(minute * 60, UTC)


def _measures(
    found: Mapping[str, Any], start: datetime, end: datetime, all_storms: Sequence[Storm]
) -> Sequence[Measure]:
    alerts = found["alerts"]
    counted: dict[int, int] = {}
    for minute, n in found["minutes"]:
        counted[minute // 10] = counted.get(minute // 10, 0) + n
    levels = {name: int((found["levels"] or {}).get(str(n), 0)) for n, name in enumerate(LEVEL_NAMES, 1)}
    by_priority = {**levels, "low": levels["yellow"] + levels["blue"]}
    top = sum(source["alerts"] for source in found["top"])
    return (
        _ratio("operator_rate", found["attended"], round(found["operator_minutes"] / 60, 4), 6.0),
        _ratio("flooded", sum(n > FLOOD for n in counted.values()), (end - start) // WINDOW, 0.01),
        Measure("storms", len(all_storms), None, len(all_storms), None),
        *(_ratio(f"level_{name}", by_priority[name], alerts, share) for name, share in SHARES.items()),
        _ratio("top_ten", top, alerts, 0.05),
        _ratio("chattering", found["chattering"], found["sources"], 0.0),
        Measure("stale", found["stale"], None, found["stale"], 5.0),
        _ratio("untaken", found["untaken"], alerts, None),
        _ratio("false_alarms", found["false_alarms"], alerts, None),
    )


def _ratio(key: str, numerator: float, denominator: float, target: float | None) -> Measure:
    return Measure(key, numerator, denominator, numerator / denominator if denominator else None, target)
