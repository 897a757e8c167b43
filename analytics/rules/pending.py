"""Levels of rules on signals that pend, in the store: a signal cannot be read again as a value can."""

import numpy as np

from analytics.rules.slots import NEVER, Slots
from analytics.rules.thresholds import Verdict
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)


async def note_pending(conn: Connection, slots: Slots, verdict: Verdict) -> None:
    """Store since when levels of signals pend after a batch, and forget those that do no more."""
    walked = [each for each in verdict.walked if slots.rule(each.slot).signal != "value"]
    if not walked:
        return
    values = {
        slot: value for at, _, seen in verdict.seen for slot, value in zip(at.tolist(), seen.tolist(), strict=True)
    }
    newest = {each.slot: each.since for each in walked}
    pending = {slot: since for slot, since in newest.items() if min(since) < NEVER}
    over = [slot for slot in newest if slot not in pending]
    if over:
        await conn.execute(SQL.forget_pending, _pairs(slots, over))
    if pending:
        told = {
            "since": [at for since in pending.values() for at in since],
            "values": [values.get(slot, float(slots.value[slot])) for slot in pending],
        }
        await conn.execute(SQL.note_pending, {**_pairs(slots, list(pending)), **told})


async def recall_pending(conn: Connection, slots: Slots) -> None:
    """Let the levels pend that did when they were noted."""
    async with conn.cursor(binary=True) as cursor:
        rows = await (await cursor.execute(SQL.pending)).fetchall()
    pairs = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
    at = slots.find(pairs[:, 0], pairs[:, 1])
    for slot, (*_, since, value) in zip(at.tolist(), rows, strict=True):
        if slot >= 0:
            slots.since[slot], slots.value[slot] = since, value
    slots.settle_bands(at[at >= 0])


def _pairs(slots: Slots, at: list[int]) -> dict[str, list[int]]:
    return {"rules": [slots.rule(slot).id for slot in at], "series": slots.series[at].tolist()}
