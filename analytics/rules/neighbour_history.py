"""Tries a threshold rule that looks at neighbours: devices that lie together, a stretch of time after another."""

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.detection.neighbours import MOST as SHARING
from analytics.detection.neighbours import NONE, WITHIN_M
from analytics.detection.stored import SKIP, read_days
from analytics.detection.watched import offset_of, swapped_days
from analytics.detectors.beside import Company
from analytics.detectors.detector import Ints
from analytics.detectors.excess import DAYS
from analytics.detectors.hours import hours
from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.past import of_neighbours
from analytics.rules.expressions.surroundings import Around
from analytics.rules.past_series import Near, Watched, numbers_of, read_near, read_past, read_watched, series_of
from analytics.rules.past_times import opens_at, read_works
from analytics.rules.reading_trial import ReadingTrial
from analytics.rules.series_history import MOST, MOST_READINGS, PATIENCE_S
from analytics.rules.withheld import Opens
from devices.codecs.local_time import zone_of
from devices.expressions.inputs import Input
from devices.places.nearest import MOST as NEIGHBOURS
from devices.places.nearest import Places, nearest
from hub.alerts.trial import Connect, Trial
from hub.duty.calendar import Calendar
from hub.models import Columns, to_micros
from hub.signals import Signals

GROUP = 2_000
"""Devices that are tried together: that share most of their neighbours, whose readings are read once."""
STRIP = 0.02
"""Degrees of latitude: devices of a strip lie together by their longitude."""
WANTED = 1_000_000
"""Readings of a stretch, 22 MB; and 70 MB for what is told of them."""
FIRST, LEAST = timedelta(minutes=30), timedelta(seconds=1)
"""Of the lengths of stretches."""
LEARNING = timedelta(days=2 * DAYS + 2)
"""Until neighbours tell something, and until it is known how far a series is apart from them."""


class _Group(NamedTuple):
    """Devices, and all series that they are decided from."""

    devices: list[Watched]
    series: list[int]
    """Ascending."""
    zones: list[str]
    """Of each."""
    lists: dict[Input, Around]


async def over_neighbours(connect: Connect, rule: ThresholdRule, since: datetime, until: datetime) -> Trial:
    """What neighbours had sent at any moment is known; who they are, and where, is that of today."""
    async with connect() as conn:
        watched = await read_watched(conn, rule)
        wanted = of_neighbours(rule) or [Input("neighbours", rule.metric, "", WITHIN_M)]
        near = {each: await read_near(conn, rule.profile_id, each.metric) for each in wanted}
        calendar = Calendar(dict(days := await read_days(conn)))
        works = await read_works(conn, rule, since, until)
    lon, lat = (np.array([getattr(each, name) for each in watched], np.float64) for name in ("lon", "lat"))
    order = np.lexsort((lon, np.floor(lat / STRIP)))
    trial, give_up = Trial(), time.monotonic() + PATIENCE_S
    for first in range(0, len(order), GROUP):
        group = await asyncio.to_thread(_group, rule, [watched[at] for at in order[first : first + GROUP]], near)
        opens = [
            opens_at(rule, calendar, zone_of(each.zone), works.get(each.device, ())) for each in group.devices
        ]  # fmt: skip
        past = _Past(rule, group, opens if rule.schedule or works else [], swapped_days(days), since, until)
        trial.complete = await _walk(connect, past, give_up)
        trial.alerts += past.trial.end(to_micros(until) if trial.complete else to_micros(past.at))
        trial.things, trial.looked_at = trial.things + len(group.devices), trial.looked_at + past.looked_at
        if len(trial.alerts) > MOST:
            trial.complete = False
        if not trial.complete:
            break
    trial.alerts.sort(key=lambda alert: (alert.device, alert.at))
    return trial


async def _walk(connect: Connect, past: "_Past", give_up: float) -> bool:
    """Whether all of the period could be looked at. A stretch is read while the one before it is looked at."""
    length, at = FIRST, past.at
    waits, whole = Columns.empty(), past.at
    while at < past.until and time.monotonic() < give_up:
        end = min(at + length, past.until)
        readings, _ = await asyncio.gather(
            _read(connect, past.group.series, at, end), asyncio.to_thread(past.take, waits, whole)
        )
        waits, whole = Columns.empty(), at
        if len(readings) < MOST_READINGS:
            waits, whole, at = readings, end, end
        elif length == LEAST:
            break
        length = max(LEAST, min(4.0, WANTED / max(1, len(readings))) * length)
    await asyncio.to_thread(past.take, waits, whole)
    return at == past.until


async def _read(connect: Connect, series: Sequence[int], since: datetime, until: datetime) -> Columns:
    async with connect() as conn:
        return await read_past(conn, series, since, until, MOST_READINGS)


class _Past:
    """A group, and how far its past is looked at."""

    def __init__(
        self,
        rule: ThresholdRule,
        group: _Group,
        opens: Sequence[Opens],
        swapped: Ints,
        since: datetime,
        until: datetime,
    ) -> None:
        self.group, self.since, self.until = group, since, until
        self.looked_at = 0
        places = numbers_of(group.devices, group.series)
        names = [each.device for each in group.devices]
        learns = rule.expression is None
        self.trial = ReadingTrial(rule, names, opens, places, lists={} if learns else group.lists)
        self.at = since - LEARNING if learns else since
        self._own = np.zeros(len(group.series), np.bool_)
        self._own[places[places >= 0]] = True
        self._swapped = swapped
        self._offsets = np.array([offset_of(zone_of(zone), until) for zone in group.zones], np.int64)
        self._company = Company(_near(group, places[:, 0])) if learns else None

    def take(self, readings: Columns, end: datetime) -> None:
        """Go on with all readings until then, by (series, ts)."""
        self.at = end
        if not len(readings):
            return
        signals = None if self._company is None else self._signals(self._company, readings)
        mine = self._own[readings.series] & (readings.ts >= to_micros(self.since))
        self.looked_at += int(mine.sum())
        if signals is not None:
            self.trial.take(readings.where(mine), signals.where(mine))
        else:
            self.trial.take(readings)

    def _signals(self, company: Company, readings: Columns) -> Signals:
        signals = Signals.unknown(len(readings))
        rows = np.flatnonzero(((readings.quality & SKIP) == 0) & np.isfinite(readings.value))
        rows = rows[np.argsort(readings.ts[rows], kind="stable")]
        some = readings.where(rows)
        hour = hours(some.ts + self._offsets[some.series], 0, self._swapped)
        signals.unshared[rows] = company.tell(some.series, some.ts, some.value, hour).unshared
        return signals


def _group(rule: ThresholdRule, devices: list[Watched], near: dict[Input, Near]) -> _Group:
    places = Places(*(np.array([getattr(each, name) for each in devices]) for name in ("id", "lon", "lat")))
    most = NEIGHBOURS if rule.expression is not None else SHARING
    found = {name: nearest(places, some.places, name.radius, most) for name, some in near.items()}
    members = {name: near[name].series[at] for name, (_, at) in found.items()}
    series = np.unique(np.concatenate([np.array(series_of(devices), np.int64), *members.values()]))
    lists = {
        name: Around(np.arange(len(devices)), starts, np.searchsorted(series, members[name]).astype(np.int32))
        for name, (starts, _) in found.items()
    }
    zone = {id_: each.zone for each in devices for id_ in each.series if id_ is not None}
    for some in near.values():
        zone |= dict(zip(some.series.tolist(), some.zones, strict=True))
    return _Group(devices, series.tolist(), [zone[id_] for id_ in series.tolist()], lists)


def _near(group: _Group, own: Ints) -> NDArray[np.int32]:
    """Of each series its neighbours, shape (series, SHARING); of those that are neighbours only, none."""
    ((_, starts, members),) = group.lists.values()
    near = np.full((len(group.series), SHARING), NONE, np.int32)
    owner = np.repeat(np.arange(len(own)), np.diff(starts))
    near[own[owner], np.arange(len(members)) - starts[owner]] = members
    return near
