"""Tries a rule on stored history, a few series at a time."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np
from psycopg import AsyncConnection

from analytics.rules.definitions import EventRule, ThresholdRule, read_rules
from analytics.rules.slots import NEVER
from analytics.rules.trial import of_events, of_readings
from hub.alerts.trial import Trial
from hub.models import Columns, Event, to_micros
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

AT_ONCE = 500_000
"""Readings that are wanted in one answer of the database; 22 bytes each."""
EVENTS = 500_000
"""Events that one trial looks at."""
PATIENCE_S = 60.0
"""After that a trial answers with what it has."""
MOST = 200_000
"""Alerts of a trial: a rule that raises more is wrong, and need not be told more exactly."""
_READING = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")])


class RuleHistory:
    """See RuleTrial; one trial at a time in this process, for it costs a core."""

    def __init__(self, stale_after_s: float | None = None) -> None:
        """Events that came later than `stale_after_s` raise nothing, as when they are received; None: any may."""
        self._stale_after = NEVER if stale_after_s is None else round(stale_after_s * 1_000_000)
        self._turn = asyncio.Semaphore(1)

    async def __call__(self, conn: AsyncConnection, rule: Mapping[str, Any], since: datetime, until: datetime) -> Trial:
        """See RuleTrial."""
        (definition,) = read_rules([rule])
        async with self._turn:
            if isinstance(definition, ThresholdRule):
                return await _over_readings(conn, definition, since, until)
            return await self._over_events(conn, definition, since, until)

    async def _over_events(self, conn: AsyncConnection, rule: EventRule, since: datetime, until: datetime) -> Trial:
        period = {"kind": rule.kind, "profile": rule.profile_id, "since": since, "until": until, "most": EVENTS + 1}
        async with conn.cursor(binary=True) as cursor:
            rows = await (await cursor.execute(SQL.events, period)).fetchall()
        events = [
            Event(id_, device_id, device, to_micros(ts), to_micros(received), rule.kind, state, level)
            for id_, device_id, device, ts, received, state, level in rows[:EVENTS]
        ]
        alerts = await asyncio.to_thread(of_events, rule, events, self._stale_after, to_micros(until))
        things = len({event.device_id for event in events})
        return Trial(sorted(alerts, key=lambda alert: alert.device), things, len(events), len(rows) <= EVENTS)


async def _over_readings(conn: AsyncConnection, rule: ThresholdRule, since: datetime, until: datetime) -> Trial:
    """Take as many series at once as readings of those before suggest."""
    quantity = {"profile": rule.profile_id, "metric": rule.metric}
    series: list[tuple[int, str]] = await (await conn.execute(SQL.series, quantity)).fetchall()
    trial, number, give_up = Trial(), 1, time.monotonic() + PATIENCE_S
    while trial.things < len(series):
        if time.monotonic() > give_up or len(trial.alerts) > MOST:
            trial.complete = False
            break
        some = series[trial.things : trial.things + number]
        readings = await _read(conn, [id_ for id_, _ in some], since, until)
        names = [device for _, device in some]
        trial.alerts += await asyncio.to_thread(of_readings, rule, names, readings, to_micros(until))
        trial.things, trial.looked_at = trial.things + len(some), trial.looked_at + len(readings)
        number = max(1, min(4 * number, AT_ONCE * len(some) // max(1, len(readings))))
    return trial


async def _read(conn: AsyncConnection, series: Sequence[int], since: datetime, until: datetime) -> Columns:
    """Readings of these series by (series, ts); their series are numbered from 0 in the order given, which ascends."""
    async with conn.cursor(binary=True) as cursor:
        period = {"series": list(series), "since": since, "until": until}
        row = await (await cursor.execute(SQL.readings, period)).fetchone()
    packed = np.frombuffer((row and row[0]) or b"", _READING)
    return Columns(
        packed["ts"].astype(np.int64) + EPOCH_2000,
        np.searchsorted(np.array(series), packed["series"]).astype(np.int32),
        packed["value"].astype(np.float64),
        packed["quality"].astype(np.int16),
    )
