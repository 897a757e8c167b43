"""Series that a rule is tried on, and their stored readings."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import numpy as np
from psycopg import AsyncConnection

from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.past import gateway_metrics, own_metrics
from analytics.rules.slots import Ints
from devices.places.nearest import Places
from hub.models import Columns
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

_READING = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")])


class Watched(NamedTuple):
    """A device that a rule is for."""

    series: list[int | None]
    """Of the metrics that the rule watches of it, then of its gateway."""
    device: str
    zone: str
    id: int
    lon: float
    lat: float
    """NaN: its place is not known."""


class Near(NamedTuple):
    """Series (n,) that neighbours may have."""

    series: Ints
    places: Places
    zones: list[str]


async def read_watched(conn: AsyncConnection, rule: ThresholdRule) -> list[Watched]:
    """The devices of a rule, by their series."""
    named = {"metrics": own_metrics(rule), "gateway": gateway_metrics(rule)}
    wanted = {"profile": rule.profile_id, **named, **rule.scope.parameters()}
    return [Watched(*row) for row in await (await conn.execute(SQL.series, wanted)).fetchall()]


async def read_near(conn: AsyncConnection, profile: int, metric: str) -> Near:
    """The series of a metric that neighbours of devices of a profile may have; today's devices and places."""
    rows = await (await conn.execute(SQL.near, {"profile": profile, "metric": metric})).fetchall()
    series, ids, lon, lat, zones = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    places = Places(np.array(ids, np.int64), np.array(lon, np.float64), np.array(lat, np.float64))
    return Near(np.array(series, np.int64), places, list(zones))


def series_of(some: Sequence[Watched]) -> list[int]:
    """All series of some devices, each once, ascending."""
    return sorted({id_ for each in some for id_ in each.series if id_ is not None})


async def read_past(
    conn: AsyncConnection, series: Sequence[int], since: datetime, until: datetime, most: int
) -> Columns:
    """Readings of series by (series, ts), so many at most; their series are numbered from 0 as given, which ascends."""
    period = {"series": list(series), "since": since, "until": until, "most": most}
    async with conn.cursor(binary=True) as cursor:
        row = await (await cursor.execute(SQL.readings, period)).fetchone()
    packed = np.frombuffer((row and row[0]) or b"", _READING)
    return Columns(
        packed["ts"].astype(np.int64) + EPOCH_2000,
        np.searchsorted(np.array(series), packed["series"]).astype(np.int32),
        packed["value"].astype(np.float64),
        packed["quality"].astype(np.int16),
    )


def numbers_of(some: Sequence[Watched], series: Sequence[int]) -> Ints:
    """The places of the series of each device among `series`, shape (devices, metrics); -1 where there is none."""
    number = {id_: place for place, id_ in enumerate(series)}
    return np.array([[number.get(id_ or 0, -1) for id_ in each.series] for each in some], np.int64)
