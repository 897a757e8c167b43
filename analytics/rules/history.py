"""Tries a rule on stored history, a few series at a time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, tzinfo
from functools import partial
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from analytics.detection.past import past_signals
from analytics.detection.stored import read_days
from analytics.detection.watched import swapped_days
from analytics.detectors.excess import DAYS
from analytics.rules.definitions import EventRule, Rule, ThresholdRule, read_rules
from analytics.rules.expressions.past import gateway_metrics, own_metrics
from analytics.rules.flapped import flapped
from analytics.rules.flaps import Limits
from analytics.rules.schedule import opens
from analytics.rules.slots import NEVER
from analytics.rules.trial import of_events, of_readings
from analytics.rules.windows import Work, free_of, last_end
from devices.codecs.local_time import zone_of
from hub.alerts.trial import Connect, Trial, TrialsBusyError, WouldBe
from hub.duty.calendar import Calendar
from hub.models import RED, Columns, Event, Micros, to_micros
from hub.signals import LEARNED, Signal
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

AT_ONCE = 500_000
"""Readings that are wanted in one answer of the database; 22 bytes each."""
MOST_READINGS = 4_000_000
"""That one answer may have, 88 MB: of a series with more only the first are looked at."""
EVENTS = 100_000
"""Events that one trial looks at; a second for the hub's other work."""
PATIENCE_S = 60.0
"""After that a trial answers with what it has."""
MOST = 200_000
"""Alerts of a trial: a rule that raises more is wrong, and need not be told more exactly."""
LEARNING: Mapping[Signal, timedelta] = {
    **dict.fromkeys(LEARNED, timedelta(days=7)),
    **dict.fromkeys(("excess", "unshared"), timedelta(days=DAYS + 2)),  # before that nothing is told of them
}
"""So long before a period detectors begin to learn, for a rule that watches such a signal."""
WAITING = 2
"""Trials that wait for the one that runs; more are refused."""
_READING = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")])

Watched = tuple[list[int | None], str, str]
"""The series of the metrics that a rule watches of a device, then of its gateway; its code, and its time zone."""


Works = Mapping[str, Sequence[Work]]
"""Planned work by the code of the device."""


class RuleHistory:
    """See RuleTrial; one trial at a time in this process, for it costs a core."""

    def __init__(self, stale_after_s: float | None = None, flapping: Limits | None = None) -> None:
        """Events that came later than `stale_after_s` raise nothing, as when they are received; None: any may. Without
        limits nothing flaps."""
        self._flapping = flapping
        self._stale_after = NEVER if stale_after_s is None else round(stale_after_s * 1_000_000)
        self._turn, self._waiting = asyncio.Lock(), 0

    async def __call__(self, connect: Connect, rule: Mapping[str, Any], since: datetime, until: datetime) -> Trial:
        """See RuleTrial. The turn comes before the connection: who waits holds none that deliveries want."""
        if self._waiting > WAITING:
            raise TrialsBusyError
        (definition,) = read_rules([rule])
        self._waiting += 1
        try:
            async with self._turn:
                if isinstance(definition, ThresholdRule):
                    trial = await _over_readings(connect, definition, since, until)
                else:
                    trial = await self._over_events(connect, definition, since, until)
                trial.alerts = flapped(definition, trial.alerts, self._flapping, to_micros(until))
                return trial
        finally:
            self._waiting -= 1

    async def _over_events(self, connect: Connect, rule: EventRule, since: datetime, until: datetime) -> Trial:
        period = {"kind": rule.kind, "profile": rule.profile_id, "since": since, "until": until, "most": EVENTS + 1}
        period |= rule.scope.parameters()
        async with connect() as conn, conn.cursor(binary=True) as cursor:
            rows = await (await cursor.execute(SQL.events, period)).fetchall()
            calendar = Calendar(dict(await read_days(conn)))
            works = await _read_works(conn, rule, since, until)
        return await asyncio.to_thread(_judged, rule, rows, self._stale_after, until, calendar, works)


def _judged(
    rule: EventRule,
    rows: Sequence[tuple[Any, ...]],
    stale_after: Micros,
    until: datetime,
    calendar: Calendar,
    works: Works,
) -> Trial:
    events = [
        Event(id_, device_id, device, to_micros(ts), to_micros(received), rule.kind, state, level, part=part)
        for id_, device_id, device, ts, received, state, level, part, _ in rows[:EVENTS]
    ]
    zones = {device: zone for _, _, device, *_, zone in rows[:EVENTS]} if rule.schedule or works else {}
    told = {
        device: partial(_opens, rule, calendar, zone_of(zone), works.get(device, ()))
        for device, zone in zones.items()
    }  # fmt: skip
    alerts = sorted(
        of_events(rule, events, stale_after, to_micros(until), told or None), key=lambda alert: alert.device
    )
    return Trial(alerts, len({event.device_id for event in events}), len(events), len(rows) <= EVENTS)


async def _over_readings(connect: Connect, rule: ThresholdRule, since: datetime, until: datetime) -> Trial:
    """Take as many series at once as readings of those before suggest."""
    async with connect() as conn:
        named = {"metrics": own_metrics(rule), "gateway": gateway_metrics(rule)}
        wanted = {"profile": rule.profile_id, **named, **rule.scope.parameters()}
        series: list[Watched] = await (await conn.execute(SQL.series, wanted)).fetchall()
        days = await read_days(conn)
        works = await _read_works(conn, rule, since, until)
    begin = since - LEARNING.get(rule.signal, timedelta(0))
    trial, number, give_up = Trial(), 1, time.monotonic() + PATIENCE_S
    while trial.things < len(series):
        if time.monotonic() > give_up or len(trial.alerts) > MOST:
            trial.complete = False
            break
        some = series[trial.things : trial.things + number]
        async with connect() as conn:
            readings = await _read(conn, _series_of(some), begin, until)
        if len(readings) == MOST_READINGS and len(some) > 1:  # they had more than those before: fewer at once
            number = 1
            continue
        trial.complete = trial.complete and len(readings) < MOST_READINGS
        alerts, looked_at = await asyncio.to_thread(_raised, rule, some, readings, days, works, since, until)
        trial.alerts += alerts
        trial.things, trial.looked_at = trial.things + len(some), trial.looked_at + looked_at
        number = max(1, min(4 * number, AT_ONCE * len(some) // max(1, len(readings))))
    return trial


def _raised(
    rule: ThresholdRule,
    series: Sequence[Watched],
    readings: Columns,
    days: list[tuple[date, bool]],
    works: Works,
    since: datetime,
    until: datetime,
) -> tuple[list[WouldBe], int]:
    """Alerts of a rule, and how many readings it looked at; readings before `since` are learned only."""
    names, end = [device for _, device, _ in series], to_micros(until)
    zones, calendar = [zone_of(zone) for *_, zone in series], Calendar(dict(days))
    told = [
        partial(_opens, rule, calendar, zone, works.get(device, ()))
        for device, zone in zip(names, zones, strict=True)
        if rule.schedule or works
    ]
    if rule.signal not in LEARNED:
        number = {id_: place for place, id_ in enumerate(_series_of(series))}
        places = np.array([[number.get(id_ or 0, -1) for id_ in ids] for ids, *_ in series], np.int64)
        of_series = {int(place): works[name] for place, name in zip(places[:, 0], names, strict=True) if name in works}

        def worked(series: int, begin: Micros, end: Micros) -> Micros:
            return last_end(of_series.get(series, ()), begin, end)

        return of_readings(rule, names, readings, end, opens=told, series=places, worked=worked), len(readings)
    signals = past_signals(readings, zones, swapped_days(days), end)
    within = readings.ts >= to_micros(since)
    return of_readings(rule, names, readings.where(within), end, signals.where(within), told), int(within.sum())


def _opens(rule: Rule, calendar: Calendar, zone: tzinfo, works: Sequence[Work], at: Micros, level: int) -> Micros:
    if level >= RED or rule.danger:
        return at
    return free_of(works, lambda at: opens(rule.schedule, at, zone, calendar), at)


async def _read_works(conn: AsyncConnection, rule: Rule, since: datetime, until: datetime) -> Works:
    period = {"profile": rule.profile_id, "since": since, "until": until} | rule.scope.parameters()
    found: dict[str, list[Work]] = {}
    for device, begin, end in await (await conn.execute(SQL.works, period)).fetchall():
        found.setdefault(device, []).append(Work(begin, end))
    return found


def _series_of(some: Sequence[Watched]) -> list[int]:
    return sorted({id_ for ids, *_ in some for id_ in ids if id_ is not None})


async def _read(conn: AsyncConnection, series: Sequence[int], since: datetime, until: datetime) -> Columns:
    """Readings of these series by (series, ts); their series are numbered from 0 in the order given, which ascends."""
    period = {"series": list(series), "since": since, "until": until, "most": MOST_READINGS}
    async with conn.cursor(binary=True) as cursor:
        row = await (await cursor.execute(SQL.readings, period)).fetchone()
    packed = np.frombuffer((row and row[0]) or b"", _READING)
    return Columns(
        packed["ts"].astype(np.int64) + EPOCH_2000,
        np.searchsorted(np.array(series), packed["series"]).astype(np.int32),
        packed["value"].astype(np.float64),
        packed["quality"].astype(np.int16),
    )
