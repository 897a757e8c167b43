"""Levels of rules on signals that pend, in the store: a signal cannot be read again as a value can.

What is stored is what a batch left behind: since when, and the newest value, which is told when its time ends. A rule
or device that has changed since is taken over at a start as it is before a batch: slots that stay keep what pends.
"""

from collections.abc import Collection

import numpy as np

from analytics.rules.slots import NEVER, Ints, Slots
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
    walked = {each.slot: each for each in verdict.walked if slots.rule(each.slot).watched != "value"}
    newest = _of_unsettled(slots, unsettled) | _going_on(slots, verdict)
    if not walked and not newest:
        return
    for slot, each in walked.items():
        newest[_pair(slots, slot)] = slot, _noted(slots, slot, each.level, each.since)
    pending = {pair: (slot, since) for pair, (slot, since) in newest.items() if min(since) < NEVER}
    over = [pair for pair in newest if pair not in pending]
    if over:
        await conn.execute(SQL.forget_pending, _columns(over))
    if pending:
        at = np.array([slot for slot, _ in pending.values()])
        told = {
            "since": [at for _, since in pending.values() for at in since],
            "values": _values(slots, verdict, at),
            "signals": [slots.rule(slot).seen for slot in at.tolist()],
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


def _going_on(slots: Slots, verdict: Verdict) -> dict[Pair, tuple[int, list[Micros]]]:
    """Of levels that pend before a batch and after it, those whose value it changes: their slot, and since when."""
    found = dict[Pair, tuple[int, list[Micros]]]()
    w = slots.watches
    for watch, _, value in verdict.signals:
        unknown = w.low[watch] > w.high[watch]  # after a start, or a change of its rules, until the batch is adopted
        pends = np.flatnonzero(unknown | (w.due[watch] < NEVER))
        at, which = w.slots(watch[pends])
        moved = (slots.since[at].min(axis=1, initial=NEVER) < NEVER) & (slots.value(at) != value[pends][which])
        for slot in at[moved].tolist():
            since = slots.since[slot].tolist()
            found[slots.rule(slot).id, int(slots.series[slot])] = (
                slot,
                _noted(slots, slot, int(slots.level[slot]), since),
            )
    return found


def _values(slots: Slots, verdict: Verdict, at: Ints) -> list[float]:
    """The newest values that slots have seen after a batch."""
    watches, values = slots.watch[at], slots.value(at)
    seen = dict[int, float]()
    for watch, _, value in verdict.seen:
        mine = np.isin(watch, watches)
        seen |= zip(watch[mine].tolist(), value[mine].tolist(), strict=True)
    return [seen.get(watch, value) for watch, value in zip(watches.tolist(), values.tolist(), strict=True)]


def _pair(slots: Slots, slot: int) -> Pair:
    return slots.rule(slot).id, int(slots.series[slot])


def _noted(slots: Slots, slot: int, level: int, since: list[Micros]) -> list[Micros]:
    """Without the levels that silence will reach: those follow from the newest reading."""
    return since if slots.rule(slot).signal != "silence" else since[:level] + [NEVER] * (4 - level)


def _columns(pairs: Collection[Pair]) -> dict[str, list[int]]:
    return {"rules": [rule for rule, _ in pairs], "series": [series for _, series in pairs]}
