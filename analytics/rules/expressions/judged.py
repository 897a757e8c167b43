"""How far slots are calculated of which readings wait, in memory as in the store: a restart goes on from there.

A slot without a row is calculated as far as there are readings, one with a row as far as it says. Where metrics come
together there are none.
"""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.marks import EARLIEST
from analytics.rules.expressions.held import Given, Known
from analytics.rules.slots import LONG_AGO, Floats, Ints, Slots
from devices.registry.arrays import grown
from hub.models import Micros, from_micros
from hub.quality import WITHHELD, Quality
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

Pair = tuple[int, int]
"""(rule id, series id)"""


class News(NamedTuple):
    """Of slots after a batch."""

    slot: Ints
    until: Ints
    """The last moment of each."""
    waits: NDArray[np.bool_]
    """Whether readings do."""
    last: Ints
    """Up to when any of their metrics is heard."""
    waited: NDArray[np.bool_]
    """Whether some waited before, or have waited long enough."""


class Change(NamedTuple):
    """Of rows."""

    slot: Ints
    until: Ints
    """LONG_AGO: there is none any more."""


class Judged:
    """What is in the store, of the slots of this process."""

    def __init__(self) -> None:
        self._until: Ints = np.full(1024, LONG_AGO)
        """By slot; LONG_AGO: there is no row."""
        self._pair: Ints = np.zeros((1024, 2), np.int64)
        """By slot of which rule and series that row is."""
        self._gone: list[Pair] = []
        """Rows that tell nothing any more."""

    def changed_by(self, news: Iterable[News]) -> Change:
        """Which rows are to be changed after a batch."""
        parts = [self._changed(each) for each in news]
        none = np.empty(0, np.int64), np.empty(0, np.int64)
        return Change(*(np.concatenate(column) for column in zip(none, *parts, strict=True)))

    def _changed(self, news: News) -> Change:
        row = self._until.take(news.slot, mode="clip")
        row = np.where(news.slot < len(self._until), row, LONG_AGO)
        told = np.where(row > LONG_AGO, row, news.last)
        wanted = np.maximum(np.where(news.waits, news.until, news.last), EARLIEST)
        wrong = told != wanted
        until = np.where(news.waits | news.waited, wanted, LONG_AGO)
        return Change(news.slot[wrong], until[wrong])

    async def write(self, conn: Connection, change: Change, slots: Slots) -> None:
        """Store changes, and forget what tells nothing any more."""
        over = change.until == LONG_AGO
        gone = [*self._gone, *_pairs(slots, change.slot[over])]
        if gone:
            await conn.execute(SQL.forget_judged, _columns(gone))
        if not over.all():
            until = [from_micros(at) for at in change.until[~over].tolist()]
            await conn.execute(SQL.note_judged, {**_columns(_pairs(slots, change.slot[~over])), "until": until})

    def adopt(self, change: Change, slots: Slots) -> None:
        """Take over what is stored."""
        self._gone.clear()
        self._note(change.slot, change.until, np.array(_pairs(slots, change.slot), np.int64).reshape(-1, 2))

    def follow(self, slots: Slots, rules: Iterable[int]) -> Ints:
        """Forget the rows of slots that are not there any more, or are something else, and those of some rules; returns
        these slots."""
        noted = np.flatnonzero(self._until > LONG_AGO)
        if not len(noted):
            return noted
        pairs = self._pair[noted]
        at = slots.find(pairs[:, 0], pairs[:, 1])
        lost: Ints = noted[(at != noted) | np.isin(pairs[:, 0], [*rules])]
        self._gone += [(rule, series) for rule, series in self._pair[lost].tolist()]
        self._until[lost] = LONG_AGO
        return lost

    def recall(self, slots: Slots, rows: Iterable[tuple[int, int, Micros]]) -> tuple[Ints, Ints]:
        """Take over rows of the store; returns the slots, and up to when each is calculated by its row."""
        columns = np.array([*rows], np.int64).reshape(-1, 3)
        at = slots.find(columns[:, 0], columns[:, 1])
        self._gone += [(rule, series) for rule, series, _ in columns[at < 0].tolist()]
        there = at >= 0
        self._note(at[there], columns[there, 2], columns[there, :2])
        return at[there], columns[there, 2]

    def _note(self, slot: Ints, until: Ints, pair: Ints) -> None:
        if len(slot):
            top = int(slot.max())
            self._until, self._pair = grown(self._until, top, LONG_AGO), grown(self._pair, top, 0)
            self._until[slot], self._pair[slot] = until, pair


async def read_rows(conn: Connection) -> list[tuple[int, int, Micros]]:
    """What is in the store: (rule id, series id, until)."""
    found: list[tuple[int, int, Micros]] = await (await conn.cursor(binary=True).execute(SQL.judged)).fetchall()
    return found


async def read_waiting(
    conn: Connection, slots: Ints, series: Ints, known: Known, over: Micros, each: int
) -> tuple[Given, Known]:
    """Of slots the readings of their inputs' `series`, shape (n, inputs), that are not calculated with, and what was
    known before them: `known` tells up to when they are calculated, and when the newest reading of each input was."""
    place, which = np.nonzero(known.times > LONG_AGO)
    asked = {
        "series": series[place, which].tolist(),
        "after": [from_micros(at) for at in np.maximum(known.until, EARLIEST)[place].tolist()],
        "newest": [from_micros(at) for at in known.times[place, which].tolist()],
        "late": int(Quality.LATE),
        "most": each,
    }
    rows = await (await conn.cursor(binary=True).execute(SQL.waiting, asked)).fetchall()
    at = np.array([row[0] for row in rows], np.int64)
    ts = np.array([row[1] for row in rows], np.int64)
    quality = np.array([row[3] for row in rows], np.int64)
    value: Floats = np.where(quality & WITHHELD == 0, np.array([row[2] for row in rows], np.float64), np.nan)
    after = ts > known.until[place[at]]
    times, values = np.full(known.times.shape, LONG_AGO), np.full(known.times.shape, np.nan)
    before = at[~after]
    times[place[before], which[before]], values[place[before], which[before]] = ts[~after], value[~after]
    at, ts, value = at[after], ts[after], value[after]
    order = np.lexsort((ts, slots[place[at]]))
    at = at[order]
    none = np.full(len(at), LONG_AGO)
    given = Given(slots[place[at]], which[at], ts[order], value[order], none, np.full(len(at), over))
    return given, Known(known.until, times, values)


def _pairs(slots: Slots, at: Ints) -> list[Pair]:
    return [(slots.rule(slot).id, int(slots.series[slot])) for slot in at.tolist()]


def _columns(pairs: Iterable[Pair]) -> dict[str, list[int]]:
    listed = [*pairs]
    return {"rules": [rule for rule, _ in listed], "series": [series for _, series in listed]}
