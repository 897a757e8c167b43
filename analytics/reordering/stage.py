"""Reordering: readings of profiles that allow lateness wait, and are judged in the order of their times.

A reading waits until one of its series has come that is newer by the allowed lateness; or, where none comes, until the
hub's clock has gone on so far since the newest one came. It is stored and acknowledged meanwhile like any other. While
not everything is received, it waits by the clock for up to PATIENCE longer: what is danger must not wait for a broker.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analytics.reordering.clock import asked_at, waited_until
from analytics.reordering.held import Held
from analytics.reordering.judged import LONG_AGO, NEVER, Ints, Judged, Reordered, Waiting, as_they_came
from analytics.reordering.marks import Marks, News, read_waiting, write
from analytics.reordering.newest import NewestJudged, NewestNews
from devices.registry.arrays import grown
from devices.registry.registry import Registry
from hub.models import Batch, Columns, Micros, now_micros
from hub.quality import Quality
from hub.stage import Connection, Stage
from hub.store.latest import catch_up

EACH = 4_000
"""Readings of a series that may wait; further ones let the oldest be judged early."""
MOST = 400_000
"""Readings that may wait in a process: 18 MB; further ones let the oldest be judged early, so many with a batch. A
process that receives the devices of others from now on has, until then, what waited in all of these."""
_NONE = np.empty(0, np.int32)


@dataclass(slots=True, frozen=True)
class _Decision:
    """What to take over when the batch is committed."""

    batch: Batch
    held: Held
    news: News
    newest: NewestNews
    came: tuple[NDArray[np.int32], Ints]
    """Series of which a reading came that waits or waited, and how long its newest one was under way."""


class Reordering(Stage):
    """Sets the `Reordered` of a batch. What waits is in memory, and in the store: there a mark tells it apart."""

    def __init__(
        self,
        registry: Registry,
        newest: NewestJudged,
        decided_until: Callable[[Micros], Micros],
        owns: Callable[[str], bool],
    ) -> None:
        """`newest` is what this stage follows with committed batches.

        `decided_until` tells of a time up to when, but no later, all that was received is decided. `owns` tells whether
        this process receives what the device of a code sends.
        """
        self._registry, self._newest, self._latest = registry, newest, newest.latest
        self._decided_until, self._owns = decided_until, owns
        self._marks = Marks()
        self._held = Held.empty()
        self._lag: Ints = np.zeros(1024, np.int64)
        """By series id how long its newest reading was under way."""
        self._over: Ints | None = None
        """When each that waits is judged at the latest, by the hub's clock; None: to be computed anew."""
        self._soonest: Micros = NEVER
        """The first of these times."""
        self._generation = -1
        """Of the registry, as these times were computed."""
        self._decision: _Decision | None = None

    def judged(self, series: NDArray[np.int32]) -> Ints:
        """How far series are judged: what is older is late, however late it may come."""
        self._latest.reserve(int(series.max(initial=0)))
        return self._marks.judged(series, self._latest.watermark[series])

    def steps(self, batch: Batch) -> Iterator[None]:
        """Set what is judged with the batch; what waits stays as it is until `adopt`."""
        self._decision = None
        batch.put(Reordered())
        if not self._registry.longest_lateness and not len(self._held) and not self._marks.any:
            return
        came = as_they_came(batch)
        if len(came.readings):
            self._reserve(int(came.readings.series[-1]))
        yield
        enters = self._enters(came)
        until = waited_until(batch.now, self._decided_until)
        if enters.any() or len(self._held) > MOST or (len(self._ends()) and self._soonest <= until):
            batch.put(self._decide(batch, came, enters, until))
        elif len(self._held):
            waiting = self._waiting(self._held)
            if came.corrected is not None:
                latest = self._newest.news(came, _NONE, waiting.series)
                self._decision = _Decision(batch, self._held, News.none(), latest, (_NONE, self._lag[:0]))
            batch.put(Reordered(replace(came, waiting=waiting)))

    def _enters(self, came: Judged) -> NDArray[np.bool_]:
        """Which readings of a batch are to wait, if only until its end; not those that are late, or judged already."""
        readings = came.readings
        allowed = self._registry.lateness[readings.series]
        enters = (allowed > 0) | self._marks.has(readings.series)
        if enters.any():
            enters &= (readings.quality & Quality.LATE) == 0
            enters[enters] = readings.ts[enters] > self.judged(readings.series[enters])
        return enters

    def _decide(self, batch: Batch, came: Judged, enters: NDArray[np.bool_], until: Micros) -> Reordered:
        received = _received(batch, came)
        fresh = _held(came, received, enters)
        ends = np.append(fresh.starts()[1:], len(fresh)) - 1 if len(fresh) else np.empty(0, np.int64)
        touched = fresh.series[ends]
        known = np.maximum(self._latest.watermark[touched], LONG_AGO)
        newest = np.maximum(known, fresh.ts[ends])
        judged = self._marks.judged(touched, known)
        mine = np.isin(self._held.series, touched)
        waiting = self._held.where(mine).replaced_by(fresh) if len(fresh) else self._held.where(mine)
        group = np.searchsorted(touched, waiting.series)
        go = waiting.ts <= (np.maximum(judged, newest - self._registry.lateness[touched]))[group]
        surplus = ~go & waiting.surplus(EACH)
        others = self._held.where(~mine)
        over = self._ends()[~mine] <= until
        stays = others.where(~over).joined(waiting.where(~go & ~surplus))
        crowd = stays.oldest(min(len(stays) - MOST, MOST))
        early = int(surplus.sum()) + int(crowd.sum())
        gone = others.where(over).with_rows_of(waiting.where(go | surplus)).with_rows_of(stays.where(crowd)).in_order()
        lags = np.where(newest > known, np.maximum(fresh.received[ends] - newest, 0), self._lag[touched])
        stays = stays.where(~crowd) if crowd.any() else stays
        news = self._news(touched, newest, gone, stays)
        judges = _judged(came, ~enters, gone, self._waiting(stays, touched, lags))
        latest = self._newest.news(judges, touched, stays.series[stays.starts()])
        self._decision = _Decision(batch, stays, news, latest, (touched, lags))
        return Reordered(judges, early)

    def _news(self, touched: NDArray[np.int32], newest: Ints, gone: Held, stays: Held) -> News:
        """Marks where those that are there do not tell what is judged from what waits."""
        series = np.union1d(touched, gone.series).astype(np.int32)
        latest = np.maximum(self._latest.watermark[series], LONG_AGO)
        before = self._marks.judged(series, latest)
        latest[np.searchsorted(series, touched)] = newest
        last = np.full(len(series), LONG_AGO)
        np.maximum.at(last, np.searchsorted(series, gone.series), gone.ts)
        allowed, noted = self._registry.lateness[series], self._marks.lateness(series)
        done = (allowed == 0) & ~np.isin(series, stays.series)
        moved = ~done & ((noted != allowed) | (last > self._marks.judged(series, latest)))
        until = np.maximum(before, last)
        return News(series[moved], until[moved], allowed[moved], series[done & (noted >= 0)])

    def _waiting(self, stays: Held, touched: NDArray[np.int32] | None = None, lags: Ints | None = None) -> Waiting:
        """Of what waits, where some series have other lags now."""
        starts = stays.starts()
        series, first = stays.series[starts], stays.ts[starts]
        lag = self._lag[series]
        if touched is not None and lags is not None and len(series):
            at = np.minimum(np.searchsorted(series, touched), len(series) - 1)
            there = series[at] == touched
            lag[at[there]] = lags[there]
        return Waiting(series, first, first + self._registry.lateness[series] + lag)

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store how far series are judged with the batch."""
        if self._decision is not None and self._decision.batch is batch:
            await write(conn, self._decision.news)

    def adopt(self, batch: Batch) -> None:
        """Take over what waits after a committed batch."""
        decision, self._decision = self._decision, None
        if decision is None or decision.batch is not batch:
            return
        self._held, self._over = decision.held, None
        self._marks.adopt(decision.news)
        self._newest.adopt(decision.newest)
        series, lags = decision.came
        self._lag[series] = lags

    def due(self, now: Micros) -> Micros | None:
        """When the next reading has waited long enough; slightly later if earlier messages may still be undecided."""
        if not len(self._held):
            return None
        if len(self._held) > MOST:
            return now
        self._ends()
        return asked_at(self._soonest, now, self._decided_until)

    def _ends(self) -> Ints:
        """When each reading that waits is judged at the latest, by the hub's clock."""
        if self._over is None or self._generation != self._registry.generation:
            series, self._generation = self._held.series, self._registry.generation
            self._over = self._held.ts + self._registry.lateness[series] + self._lag[series]
            self._soonest = int(self._over.min(initial=NEVER))
        return self._over

    async def restore(self, conn: Connection) -> None:
        """Read what waits: readings that are not judged yet. They wait as if the newest one had come just now."""
        await catch_up(conn)
        self._decision, self._held, self._over = None, Held.empty(), None
        since = await self._marks.read(conn)
        held = Held.empty() if since is None else await read_waiting(conn, since, self._is_mine)
        series = held.series[held.starts()]
        await self._newest.read(conn, series, held.ts[held.starts()])
        if not len(held):
            return
        self._reserve(int(held.series[-1]))
        self._held = held
        self._lag[series] = np.maximum(now_micros() - self._latest.watermark[series], 0)

    def _is_mine(self, series: int) -> bool:
        device = self._registry.owner(series)
        return device is not None and self._owns(device.code)

    def _reserve(self, series: int) -> None:
        self._latest.reserve(series)
        self._marks.reserve(series)
        self._lag = grown(self._lag, series, 0)


def _received(batch: Batch, came: Judged) -> Ints:
    """When each reading of a batch was received."""
    times = np.array([raw.received for raw in batch.raws] or [batch.now], np.int64)
    return np.where(came.message >= 0, times[came.message], batch.now)


def _held(came: Judged, received: Ints, which: NDArray[np.bool_]) -> Held:
    some = came.readings.where(which)
    return Held(some.series, some.ts, came.own[which], some.value, some.quality, received[which])


def _judged(came: Judged, passes: NDArray[np.bool_], gone: Held, waiting: Waiting) -> Judged:
    """What passes of a batch, together with what has waited."""
    some, count = came.readings.where(passes), len(gone)
    series, ts = np.concatenate([some.series, gone.series]), np.concatenate([some.ts, gone.ts])
    order = np.lexsort((ts, series))
    own = np.concatenate([came.own[passes], gone.own])[order]
    value, quality = np.concatenate([some.value, gone.value]), np.concatenate([some.quality, gone.quality])
    readings = Columns(ts[order], series[order], value[order], quality[order])
    corrected = None
    if came.corrected is not None:
        corrected = np.append(came.corrected[passes], np.zeros(count, np.bool_))[order]
    message = np.append(came.message[passes], np.full(count, -1, np.int32))[order].astype(np.int32)
    received = np.concatenate([np.full(len(some), NEVER), gone.received])[order]
    own = readings.ts if np.array_equal(own, readings.ts) else own
    return Judged(readings, own, corrected, message, received, waiting)
