"""Presence storage: reads the inputs of the evaluation and writes its results, as packed columns."""

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

import numpy as np
import psycopg
from numpy.typing import NDArray

from devices.health.decision import LONG_AGO, Cause, Verdict, Watched
from hub.models import Micros
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

FOR_EVER_S = 1e10
"""A longer silence is not told from this one: bounds the integers that it becomes."""
_KINDS = (">i4", ">i4", ">f8", ">i2", ">i8", ">i8", ">i8", ">i8")
_CAUSES: Mapping[Cause, str | None] = {
    Cause.NONE: None,
    Cause.SILENCE: "silence",
    Cause.STATUS: "status",
    Cause.GATEWAY: "gateway",
}


class Heard(NamedTuple):
    """Interval during which everything was received."""

    since: Micros
    until: Micros
    at: datetime
    """Until, for the store."""


async def read_heard(conn: psycopg.AsyncConnection) -> Heard | None:
    """The interval during which the hub receives from all devices; None while it does not."""
    row = await (await conn.execute(SQL.presence_heard)).fetchone()
    return None if row is None else Heard(*row)


async def read_watched(conn: psycopg.AsyncConnection, at: datetime, least_s: float) -> Watched:
    """Devices that are active or were at the last evaluation; 50 bytes each."""
    cursor = conn.cursor(binary=True)
    row = await (await cursor.execute(SQL.presence_watch, {"at": at, "least_s": least_s})).fetchone()
    packed = row if row is not None and row[0] is not None else [b""] * len(_KINDS)
    columns = [np.frombuffer(column, kind) for column, kind in zip(packed, _KINDS, strict=True)]
    order = np.argsort(columns[0])
    device, parent, allowed, flags, seen, said_at, free, since = (column[order] for column in columns)
    flags = flags.astype(np.int64)
    place = np.minimum(np.searchsorted(device, parent), max(len(device) - 1, 0))
    return Watched(
        device=device.astype(np.int64),
        parent=np.where(device[place] == parent, place, -1),
        active=(flags & 1).astype(np.bool_),
        allowed=np.round(np.minimum(allowed, FOR_EVER_S) * 1e6).astype(np.int64),
        seen=_micros(seen),
        said=(flags >> 3 & 3) - 1,
        said_at=_micros(said_at),
        maintained=(flags >> 1 & 1).astype(np.bool_),
        free=_micros(free),
        online=(flags >> 5 & 3) - 1,
        since=_micros(since),
        cause=flags >> 7 & 3,
        finding=(flags >> 2 & 1).astype(np.bool_),
    )


async def write_verdict(conn: psycopg.AsyncConnection, watched: Watched, verdict: Verdict, at: datetime) -> int:
    """Store the changes within the caller's transaction; returns the number of devices."""
    changed = np.flatnonzero(
        (verdict.online != watched.online) | (verdict.cause != watched.cause) | (verdict.finding != watched.finding)
    )
    if len(changed):
        values = {
            "at": at,
            "device_id": watched.device[changed].tolist(),
            "online": verdict.online[changed].tolist(),
            "cause": [_CAUSES[Cause(cause)] for cause in verdict.cause[changed].tolist()],
            "finding": verdict.finding[changed].tolist(),
        }
        await conn.execute(SQL.presence_put, values)
    return len(changed)


def _micros(times: NDArray[np.int64]) -> NDArray[np.int64]:
    """Microseconds since 1970 of PostgreSQL's times; -infinity is LONG_AGO."""
    micros: NDArray[np.int64] = np.maximum(times.astype(np.int64), LONG_AGO - EPOCH_2000) + EPOCH_2000
    return micros
