"""Batches for tests of the store, and what a store holds of them."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import numpy as np
import psycopg

from hub.models import AlertChange, Batch, Columns, DeadLetter, Event, Level, Micros, to_micros
from hub.store.arrivals import Arrival, Fresh
from tests.support.origins import raw_of

SPACE = UUID("5e0e6a2b-6a3c-4f6e-9a53-d5a3f1c0de00")
NOW: Micros = to_micros(datetime.fromisoformat("2026-03-01T00:00:00Z"))
RAW = raw_of("mqtt", "ganzhi/v1/d1/telemetry", b"{}", NOW)

Row = tuple[int, Micros, float, int]
"""series, ts, value, quality."""


def columns(rows: Iterable[Row]) -> Columns:
    """Readings sorted as the pipeline hands them to the store."""
    ordered = sorted(rows, key=lambda row: (row[0], row[1]))
    series, ts, value, quality = zip(*ordered, strict=True) if ordered else ((), (), (), ())
    return Columns(
        np.array(ts, np.int64), np.array(series, np.int32), np.array(value, np.float64), np.array(quality, np.int16)
    )


def readings(rows: Iterable[Row]) -> Batch:
    """A batch of nothing but readings."""
    return Batch([RAW], columns(rows))


def grid(series: range, seconds: range) -> list[Row]:
    """A reading a second for each series; the value tells both."""
    return [(number, NOW + second * 1_000_000, number * 1000.0 + second, 0) for number in series for second in seconds]


def event(name: str, **more: Any) -> Event:
    """An event of device 1 with an id derived from its name."""
    return Event(uuid5(SPACE, name), 1, "d1", NOW + 123_456, NOW + 200_000, "smoke", **more)


def letter(name: str, payload: bytes, address: str = "ganzhi/v1/d1/telemetry", detail: str = "why") -> DeadLetter:
    """A refused message with an id derived from its name."""
    return DeadLetter(uuid5(SPACE, name), raw_of("mqtt", address, payload, NOW), "not_json", detail, "d1")


def change(name: str, alert: str, kind: str, level: Level = Level.YELLOW, second: int = 0) -> AlertChange:
    """A change of an alert of rule 1 at device 1, with ids derived from the names."""
    alert_id, ts = uuid5(SPACE, "alert " + alert), NOW + second * 1_000_000
    return AlertChange(
        uuid5(SPACE, name), alert_id, kind, ts, 1, "d1", 1, None, int(level), "much", value=80.5, threshold=75.0
    )


def arrival(number: int) -> Arrival:
    """A message without a time of its own."""
    return Arrival(number, number * 7919, NOW + number)


def everything(number: int, rows: int = 500) -> Batch:
    """A batch with something of each kind, different for each number."""
    batch = Batch(
        [RAW],
        columns(grid(range(1, 6), range(number * rows // 5, (number + 1) * rows // 5))),
        events=[event(f"event {number}", attributes={"number": number})],
        changes=[
            change(f"raised {number}", f"a{number}", "raised", second=number),
            change(f"cleared {number}", f"a{number}", "cleared", second=number + 1),
        ],
        refused={0: letter(f"letter {number}", b"%d" % number)},
    )
    batch.put(Fresh({"test": [arrival(number)]}))
    return batch


def register(url: str) -> None:
    """A profile, device 1, rule 1 and a consumer, for events and alerts to refer to."""
    metrics = json.dumps({"pm25": {"name": "PM2.5", "unit": "ug/m3"}})
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("insert into profile (code, name, metrics) values ('air', 'Air', %s)", (metrics,))
        conn.execute("insert into device (code, name, profile_id) values ('d1', 'D1', 1)")
        conn.execute(
            "insert into rule (code, name, profile_id, metric, direction, thresholds) "
            "values ('r1', 'R1', 1, 'pm25', 'above', '{\"yellow\": 75}')"
        )
        conn.execute("insert into consumer (code, url, secret) values ('c1', 'http://127.0.0.1:9/', 'whsec_AAAA')")


def rows_of(url: str) -> list[Row]:
    """All readings of a store, with exact times."""
    query = "select series_id, (extract(epoch from ts) * 1000000)::int8, value, quality from reading order by 1, 2"
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchall()


def count(url: str, table: str) -> int:
    """The number of rows of a table."""
    with psycopg.connect(url) as conn:
        row = conn.execute(f"select count(*) from {table}".encode()).fetchone()
    assert row is not None
    return int(row[0])


def fetch(url: str, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query."""
    with psycopg.connect(url) as conn:
        return conn.execute(query.encode()).fetchall()
