"""Tries a threshold rule on stored readings, a few series at a time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

from analytics.detection.past import past_signals
from analytics.detection.stored import read_days
from analytics.detection.watched import swapped_days
from analytics.detectors.excess import DAYS
from analytics.rules.definitions import ThresholdRule
from analytics.rules.past_series import Watched, numbers_of, read_past, read_watched, series_of
from analytics.rules.past_times import Works, opens_at, read_works
from analytics.rules.reading_trial import of_readings
from analytics.rules.windows import last_end
from devices.codecs.local_time import zone_of
from hub.alerts.trial import Connect, Trial, WouldBe
from hub.duty.calendar import Calendar
from hub.models import Columns, Micros, to_micros
from hub.signals import LEARNED, Signal

AT_ONCE = 500_000
"""Readings that are wanted in one answer of the database; 22 bytes each."""
MOST_READINGS = 4_000_000
"""That one answer may have, 88 MB: of a series with more only the first are looked at."""
PATIENCE_S = 60.0
"""After that a trial answers with what it has."""
MOST = 200_000
"""Alerts of a trial: a rule that raises more is wrong, and need not be told more exactly."""
LEARNING: Mapping[Signal, timedelta] = {
    **dict.fromkeys(LEARNED, timedelta(days=7)),
    "excess": timedelta(days=DAYS + 2),  # before that nothing is told of it
}
"""So long before a period detectors begin to learn, for a rule that watches such a signal."""


async def over_series(connect: Connect, rule: ThresholdRule, since: datetime, until: datetime) -> Trial:
    """Take as many series at once as readings of those before suggest."""
    async with connect() as conn:
        series = await read_watched(conn, rule)
        days = await read_days(conn)
        works = await read_works(conn, rule, since, until)
    begin = since - LEARNING.get(rule.signal, timedelta(0))
    trial, number, give_up = Trial(), 1, time.monotonic() + PATIENCE_S
    while trial.things < len(series):
        if time.monotonic() > give_up or len(trial.alerts) > MOST:
            trial.complete = False
            break
        some = series[trial.things : trial.things + number]
        async with connect() as conn:
            readings = await read_past(conn, series_of(some), begin, until, MOST_READINGS)
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
    names, end = [each.device for each in series], to_micros(until)
    zones, calendar = [zone_of(each.zone) for each in series], Calendar(dict(days))
    told = [
        opens_at(rule, calendar, zone, works.get(device, ()))
        for device, zone in zip(names, zones, strict=True)
        if rule.schedule or works
    ]
    if rule.signal not in LEARNED:
        places = numbers_of(series, series_of(series))
        of_series = {int(place): works[name] for place, name in zip(places[:, 0], names, strict=True) if name in works}

        def worked(series: int, begin: Micros, end: Micros) -> Micros:
            return last_end(of_series.get(series, ()), begin, end)

        return of_readings(rule, names, readings, end, opens=told, series=places, worked=worked), len(readings)
    signals = past_signals(readings, zones, swapped_days(days), end)
    within = readings.ts >= to_micros(since)
    return of_readings(rule, names, readings.where(within), end, signals.where(within), told), int(within.sum())
