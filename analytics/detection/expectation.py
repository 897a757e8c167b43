"""What was expected of a series in the past, learned anew from what is stored before each reading."""

import asyncio
from datetime import datetime, timedelta

import numpy as np

from analytics.detection.past import past_told
from analytics.detection.past_company import PastCompany, read_company
from analytics.detection.stored import SKIP, read_days
from analytics.detection.watched import swapped_days
from analytics.detectors.detector import Ints
from devices.codecs.local_time import zone_of
from hub.alerts.trial import Connect, TrialsBusyError
from hub.expectation import Expected, TooManyReadingsError
from hub.models import Columns, to_micros
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

LEARNING = timedelta(days=30)
"""So long before a period it is learned what is usual."""
MOST_READINGS = 500_000
"""That one answer may cost, those learned before included: 9 MB, and 0.3 s of a processor."""
WAITING = 8
"""Answers that wait for the one that is made; more are refused."""
_READING = np.dtype([("ts", ">i8"), ("value", ">f8")])


class PastExpectation:
    """See Expectation; one answer at a time in this process."""

    def __init__(self) -> None:
        self._turn, self._waiting = asyncio.Lock(), 0

    async def __call__(self, connect: Connect, series: int, zone: str, since: datetime, until: datetime) -> Expected:
        """See Expectation. The turn comes before the connection."""
        if self._waiting > WAITING:
            raise TrialsBusyError
        self._waiting += 1
        asked = {
            "series": series, "since": since - LEARNING, "until": until, "skip": SKIP, "most": MOST_READINGS + 1,
        }  # fmt: skip
        try:
            async with self._turn:
                async with connect() as conn, conn.cursor(binary=True) as cursor:
                    row = await (await cursor.execute(SQL.readings, asked)).fetchone()
                    swapped = swapped_days(await read_days(conn))
                    company = await read_company(conn, series, since - LEARNING, until)
                found = (row and row[0]) or b""
                return await asyncio.to_thread(_expected, found, company, zone, swapped, since, until)
        finally:
            self._waiting -= 1


def _expected(
    found: bytes, company: PastCompany | None, zone: str, swapped: Ints, since: datetime, until: datetime
) -> Expected:
    packed = np.frombuffer(found, _READING)
    ts, value = packed["ts"].astype(np.int64) + EPOCH_2000, packed["value"].astype(np.float64)
    order = np.argsort(ts, kind="stable")
    if len(order) > MOST_READINGS:  # the oldest of them is left out: some that count were not read
        order = order[1:]
        if ts[order[0]] >= to_micros(since):
            raise TooManyReadingsError(MOST_READINGS)
    ts, value, none = ts[order], value[order], np.zeros(len(order), np.int16)
    readings = Columns(ts, none.astype(np.int32), value, none)
    rows, told = past_told(readings, [zone_of(zone)], swapped, to_micros(until))
    ts, value = ts[rows], value[rows]
    some = (ts >= to_micros(since)) & (told.gap != 0.0)
    expected = value - told.residual
    return Expected(
        ts[some], value[some], expected[some], told.low[some], told.high[some], told.scored.scores[some],
        int(ts[0]) if len(ts) else None,
        None if company is None else company.shared(ts, value, zone, swapped, until, some),
    )  # fmt: skip
