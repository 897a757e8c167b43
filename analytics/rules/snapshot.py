"""What the store knows that rules need: read at the start, and again when the registry changes."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import numpy as np
import psycopg
from psycopg.rows import dict_row

from analytics.rules.catalogue import Watched
from analytics.rules.definitions import Rule, read_rules
from hub.models import Columns, Micros
from hub.store.revision import SQL as REVISION
from hub.store.statements import statements

SQL = statements(__name__)

EVENT_WINDOW_MAX_S = 7 * 86400.0
"""How far back events are looked for at the start, however old an event may be that still pages."""


@dataclass(slots=True, frozen=True)
class Registry:
    """The rules, what changed among devices and series, and which alerts are active."""

    xmin: str
    rules: list[Rule]
    watched: Watched
    active: list[tuple[int, int, int | None, UUID, int, Micros]]
    """(rule id, device id, series id, alert id, level, time of the last change)"""


@dataclass(slots=True, frozen=True)
class Past:
    """What happened before the start."""

    cleared: list[tuple[int, int, Micros]]
    """(rule id, series id, when its last alert cleared)"""
    latest: list[tuple[int, Micros]]
    """(series id, newest reading)"""
    events: list[tuple[int, int, Micros, UUID]]
    """(rule id, device id, time, event id) of the newest events of each pair"""
    recent: Columns


async def read_registry(conn: psycopg.AsyncConnection, since: str = "0") -> Registry:
    """What the store holds, of devices and series only what changed from transaction `since` on."""
    xmin = (await _rows(conn, REVISION.rules_xmin))[0][0]
    async with conn.cursor(row_factory=dict_row) as cursor:
        rules = read_rules(await (await cursor.execute(SQL.enabled)).fetchall())
    devices = (await _rows(conn, SQL.watched, since=since))[0]
    series = (await _rows(conn, SQL.series, since=since))[0]
    none = b"", b"", b"", ""
    watched = Watched(*(devices if devices[0] else none[1:]), *(series if series[0] else none))
    return Registry(xmin, rules, watched, await _rows(conn, SQL.active))


async def read_past(conn: psycopg.AsyncConnection, stale_after_s: float) -> Past:
    """What the store holds of the time before the start."""
    window_s = min(stale_after_s + 60, EVENT_WINDOW_MAX_S)
    return Past(
        cleared=await _rows(conn, SQL.cleared),
        latest=await _rows(conn, SQL.latest),
        events=await _rows(conn, SQL.events, window_s=window_s),
        recent=_columns(await _rows(conn, SQL.recent)),
    )


async def _rows(conn: psycopg.AsyncConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    async with conn.cursor(binary=True) as cursor:
        return await (await cursor.execute(name, parameters)).fetchall()


def _columns(rows: list[tuple[Any, ...]]) -> Columns:
    ts, series, value, quality = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Columns(
        np.array(ts, np.int64), np.array(series, np.int32), np.array(value, np.float64), np.array(quality, np.int16)
    )
