"""From which values series have not moved, in the store: a row for each is at most SAVED_AFTER older than its readings.

A start goes on from the rows with the readings since, which gives what was known before; no more is read, however long
a series has been flat.
"""

import numpy as np

from analytics.detection.stored import read_readings
from analytics.rules.slots import Slots
from analytics.rules.verdict import Kept, Verdict
from hub.models import Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

SAVED_AFTER: Micros = 600_000_000
"""A row is written so long, by the readings' time, after the one before."""
REPLAYED = 4_096
"""Readings of a series that are looked at again at a start, the newest: those of SAVED_AFTER, seven a second."""


async def note_flat(conn: Connection, slots: Slots, verdict: Verdict, at_once: bool) -> list[Kept]:
    """Store those whose rows are old, or all of a batch; returns what is stored once the batch is committed.

    `at_once`: the readings themselves would not tell it again.
    """
    noted = []
    for kept in verdict.kept:
        which = slots.flats.unsaved(kept, 0 if at_once else SAVED_AFTER)
        if which.any():
            some = kept.where(which)
            columns = {
                "rules": [slots.rule(slot).id for slot in some.slot.tolist()],
                "series": slots.series[some.slot].tolist(),
                "values": some.value.tolist(),
                "since": some.since.tolist(),
                "until": some.until.tolist(),
            }
            await conn.execute(SQL.note_flat, columns)
            noted.append(some)
    return noted


async def recall_flat(conn: Connection, slots: Slots) -> None:
    """Let slots know what was stored of them, and the readings since."""
    async with conn.cursor(binary=True) as cursor:
        rows = await (await cursor.execute(SQL.flat)).fetchall()
    rule, series, since, until = np.array([(*row[:2], *row[3:]) for row in rows], np.int64).reshape(-1, 4).T
    at = slots.find(rule, series)
    known = at >= 0
    if not known.any():
        return
    stored = Kept(at, np.array([row[2] for row in rows], np.float64), since, until).where(known)
    slots.flats.adopt(stored)
    slots.flats.saved(stored)
    which, first = np.unique(series[known], return_index=True)
    oldest = np.minimum.reduceat(stored.until, first)
    found = await read_readings(conn, which, oldest, REPLAYED)
    watch = slots.watches.of("flat", found.series.astype(np.int64))
    for slot, row in slots.one_by_one(watch):
        ts, tolerance = found.ts[row], slots.tolerance[slots.row[slot]]
        slots.flats.adopt(slots.flats.tell(slot, ts, ts, found.value[row], tolerance)[3])
