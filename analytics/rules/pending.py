"""Levels of rules on signals that pend, in the store: a signal cannot be read again as a value can.

What is stored is what a batch left behind. A rule or device that has changed since is taken over at a start as it is
before a batch: slots that stay keep what pends.
"""

from collections.abc import Collection

import numpy as np

from analytics.rules.slots import NEVER, Slots
from analytics.rules.verdict import Verdict
from hub.models import Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

Pair = tuple[int, int]
"""(rule id, series id)"""


async def note_pending(conn: Connection, slots: Slots, verdict: Verdict, unsettled: Collection[Pair]) -> None:
    """Store since when levels of signals pend after a batch, and forget those that do no more.

    `unsettled` are those that pended before a rule or device changed.
    """
    newest = _of_unsettled(slots, unsettled)
    walked = {each.slot: each for each in verdict.walked if slots.rule(each.slot).watched != "value"}
    if not walked and not newest:
        return
    values = {
        watch: value for at, _, seen in verdict.seen for watch, value in zip(at.tolist(), seen.tolist(), strict=True)
    }
    for slot, each in walked.items():
        newest[slots.rule(slot).id, int(slots.series[slot])] = slot, _noted(slots, slot, each.level, each.since)
    pending = {pair: (slot, since) for pair, (slot, since) in newest.items() if min(since) < NEVER}
    over = [pair for pair in newest if pair not in pending]
    if over:
        await conn.execute(SQL.forget_pending, _columns(over))
    if pending:
        told = {
            "since": [at for _, since in pending.values() for at in since],
            "values": [
                values.get(int(slots.watch[slot]), float(slots.value(np.array([slot]))[0]))
                for slot, _ in pending.values()
            ],
            "signals": [slots.rule(slot).seen for slot, _ in pending.values()],
        }
        await conn.execute(SQL.note_pending, {**_columns(pending), **told})


async def recall_pending(conn: Connection, slots: Slots) -> None:
    """Let the levels pend that did when they were noted, as far as their rules let them."""
    async with conn.cursor(binary=True) as cursor:
        rows = await (await cursor.execute(SQL.pending)).fetchall()
    pairs = np.array([row[:2] for row in rows], np.int64).reshape(-1, 2)
    at = slots.find(pairs[:, 0], pairs[:, 1])
    for slot, (*_, since, value) in zip(at.tolist(), rows, strict=True):
        if slot >= 0:
            slots.since[slot], slots.watches.value[slots.watch[slot]] = since, value
    slots.check_pending(at[at >= 0])


def _of_unsettled(slots: Slots, unsettled: Collection[Pair]) -> dict[Pair, tuple[int, list[Micros]]]:
    """Of these their slot, and since when they pend; where there is no slot any more, no time."""
    pairs = np.array([*unsettled], np.int64).reshape(-1, 2)
    at = slots.find(pairs[:, 0], pairs[:, 1])
    return {
        pair: (slot, _noted(slots, slot, int(slots.level[slot]), slots.since[slot].tolist()) if slot >= 0 else [NEVER])
        for pair, slot in zip(unsettled, at.tolist(), strict=True)
    }


def _noted(slots: Slots, slot: int, level: int, since: list[Micros]) -> list[Micros]:
    """Without the levels that silence will reach: those follow from the newest reading."""
    return since if slots.rule(slot).signal != "silence" else since[:level] + [NEVER] * (4 - level)


def _columns(pairs: Collection[Pair]) -> dict[str, list[int]]:
    return {"rules": [rule for rule, _ in pairs], "series": [series for _, series in pairs]}
