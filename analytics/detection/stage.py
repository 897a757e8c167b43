"""Detection: what is unusual about each reading of a batch, and what is usual, learned from what was committed.

Each commit saves a little of what has changed since it was saved last; after a kill the readings since are learned
again (docs/DETECTION.md).
"""

import asyncio
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.detection.around import Around
from analytics.detection.leads import Leads
from analytics.detection.packed import LENGTH
from analytics.detection.reasons import Reasons
from analytics.detection.states import NEVER, States, Told
from analytics.detection.stored import (
    AT_ONCE,
    SKIP,
    heard_since,
    read_days,
    read_newest,
    read_readings,
    read_states,
    save,
)
from analytics.detection.watched import Watched, swapped_days
from analytics.detectors.detector import Ints
from analytics.reordering.judged import judged_with
from devices.registry.registry import Registry
from hub.models import Batch, Micros, now_micros
from hub.signals import Signals
from hub.stage import Connection, Stage
from hub.store.latest import catch_up

log = logging.getLogger(__name__)

SAVED_A_COMMIT = (256 << 10) // LENGTH
"""States that a commit saves at most: 256 KiB of them."""
SAVED_AFTER: Micros = 30_000_000
"""A state that changed is saved so much later: then it is written once for all readings of that time."""
REPLAYED = 4_096
"""Readings of a series since its state was saved that are learned at a start, the newest."""
LEAST = 64
"""So many are learned of a series however many series there are."""
RELEARNED = 5_000_000
"""Readings that are learned at a start of all series together, as long as that is not less than LEAST of each: once
for those since a state, and once where there is no state that can be used."""
READ_AT_ONCE = 2_000_000
"""Readings that are read at once, at most: 40 MB."""
LONG_AGO: Micros = 0
LOOKED_BACK: Micros = 30 * 86_400_000_000
"""How far back those are looked for, from the newest reading of all."""


@dataclass(slots=True, frozen=True)
class _Decision:
    """What to take over when the batch is committed."""

    batch: Batch
    now: Micros
    told: Told
    ahead: tuple[NDArray[np.int32], Ints] | None
    """Series of what is learned, and how far it was ahead; None: no clock ever was."""


class Detection(Stage):
    """Sets the Signals of a batch, and learns it once it is committed.

    Readings that are late, repeated, corrections or not usable have no signals and teach nothing; nor do those of
    metrics that are not watched.
    """

    def __init__(self, registry: Registry, owns: Callable[[str], bool] = lambda code: True) -> None:
        """`owns` tells whether this process receives what the device of a code sends."""
        self._registry, self._watched, self._owns = registry, Watched(registry), owns
        self._states, self._leads, self._around = States(), Leads(), Around(registry)
        self._elsewhere: NDArray[np.bool_] = np.zeros(1, np.bool_)
        """By series id, whether its device was another process's at the start: what is known of it was not read. The
        last place is that of all newer ones."""
        self._decision: _Decision | None = None
        self._saving: tuple[Batch, Ints] | None = None

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set the batch's Signals; the states stay until `adopt`."""
        self._decision = None
        judged = judged_with(batch)
        readings, own = judged.readings, judged.own
        batch.put(signals := Signals.unknown(len(readings)))
        if not len(readings):
            return
        self._watched.follow()
        now = max([batch.now, *(raw.received for raw in batch.raws)])
        counts = ((readings.quality & SKIP) == 0) & self._watched.of(readings.series)
        if judged.corrected is not None:
            counts &= ~judged.corrected
        which = np.flatnonzero(counts)
        if not len(which):
            return
        yield
        some = readings if len(which) == len(readings) else readings.where(which)
        told = self._states.tell(some.series, some.ts, some.value, self._watched.hours(some.series, some.ts, now))
        ahead = None
        if own is not readings.ts or self._leads:
            lead, learned = own[which] - some.ts, told.gap != 0.0
            told = told.by_own_times(self._leads.further(some.series, lead, learned))
            ahead = some.series[learned], lead[learned]
        self._decision = _Decision(batch, now, told, ahead)
        told.fill(signals, which)
        signals.reasons = Reasons(some, told)

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Save states of before this batch, of those that changed first, as many as may be."""
        decision = self._decision
        now = decision.now if decision is not None and decision.batch is batch else batch.now
        series = self._states.unsaved(now - SAVED_AFTER, SAVED_A_COMMIT)
        series = series[~self._elsewhere.take(series, mode="clip")]  # what is stored of them is better
        self._saving = batch, series
        if len(series):
            await save(conn, series, self._states.rows(series))

    def adopt(self, batch: Batch) -> None:
        """Learn a committed batch."""
        if self._saving is not None and self._saving[0] is batch:
            self._states.saved(self._saving[1])
        decision, self._decision, self._saving = self._decision, None, None
        if decision is not None and decision.batch is batch:
            self._states.learn(decision.told, decision.now)
            if decision.ahead is not None:
                self._leads.learn(*decision.ahead)

    async def look(self, conn: Connection) -> None:
        """Read the calendar, and what neighbours show as of the states that are saved; batches from now on go by it."""
        self._watched.swapped = swapped_days(await read_days(conn))
        self._states.surround(*await self._around.look(conn, self._states.newest()))

    @property
    def must_restore(self) -> bool:
        """Whether readings came of devices that were another process's at the start: what is known must be read."""
        return len(self._states.of_which(self._elsewhere)) > 0

    async def restore(self, conn: Connection) -> None:
        """Read the states that were saved, and learn the readings since; where there is none, the newest readings.

        Of the devices whose readings this process receives.
        """
        await asyncio.to_thread(compile_detectors)
        await catch_up(conn)
        mine = self._mine()
        self._states, self._leads, self._decision, self._saving = States(), Leads(), None, None
        self._watched.follow()
        self._watched.swapped = swapped_days(await read_days(conn))
        known, last, others = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
        async for series, rows, more in read_states(conn, mine):
            self._states.put(series, rows)
            known, last, others = [*known, series], [*last, rows["last"].astype(np.int64)], others + more
        series, since = np.concatenate(known), np.concatenate(last)
        if len(series):
            heard = np.isin(series, await heard_since(conn, int(since.min())), assume_unique=True)
            heard &= self._watched.of(series.astype(np.int32))
            await self._replay(conn, series[heard], since[heard], REPLAYED, NEVER)  # others may have them by now
        await self._learn_anew(conn, mine, series, others)

    def _mine(self) -> Ints:
        """Series, ascending, of the devices of this process, and those of which it has readings all the same."""
        registry = self._registry
        ids = [device.id for code, device in registry.devices.items() if self._owns(code)]
        mine = registry.series_of_devices(np.array(ids, np.int32))
        mine = np.union1d(mine, self._states.of_which(self._elsewhere))
        self._elsewhere = np.append(registry.device_of > 0, False)
        self._elsewhere[mine] = False
        return mine

    async def _learn_anew(self, conn: Connection, mine: Ints, known: Ints, others: int) -> None:
        """Learn those series of which no state can be used from their newest readings."""
        newest = await read_newest(conn)
        if newest is None:
            return
        since = newest - LOOKED_BACK
        fresh = np.intersect1d(await heard_since(conn, since), mine, assume_unique=True)
        fresh = np.setdiff1d(fresh, known, assume_unique=True)
        fresh = fresh[self._watched.of(fresh.astype(np.int32))]
        if not len(fresh):
            return
        most = max(LEAST, min(REPLAYED, RELEARNED // len(fresh)))
        learned = await self._replay(conn, fresh, np.full(len(fresh), since), most, LONG_AGO)
        if others:
            log.warning(
                "detectors have learned %d series anew, from their newest %d readings: %d states were saved by another "
                "version of them", len(fresh), learned, others,
            )  # fmt: skip
        elif learned:
            log.info(
                "detectors have learned %d series of which no state was saved, from %d readings", len(fresh), learned
            )

    async def _replay(self, conn: Connection, series: Ints, since: Ints, most: int, changed: Micros) -> int:
        """Learn the readings of watched series since a time of each, as if they had come at `changed`; how many."""
        learned, now = 0, now_micros()
        order = np.argsort(-since, kind="stable")  # the newest first: what is old looks into more chunks
        while len(order):
            each = most if learned < RELEARNED else LEAST
            some, order = np.split(order, [max(1, min(AT_ONCE, READ_AT_ONCE // each))])
            found = await read_readings(conn, series[some], since[some], each)
            finite = np.isfinite(found.value)
            of, ts, value = found.series[finite], found.ts[finite], found.value[finite]
            if len(of):
                self._states.learn(self._states.tell(of, ts, value, self._watched.hours(of, ts, now)), changed)
            learned += len(of)
        return learned


def compile_detectors() -> None:
    """Have the detectors compiled, which takes half a minute where nothing is kept of it, before a reading waits."""
    States().tell(np.zeros(1, np.int32), np.ones(1, np.int64), np.zeros(1), np.zeros(1, np.int64))
