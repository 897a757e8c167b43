"""The clock of this machine beside the database's, and whether anything keeps it right."""

import ctypes
import sys
import time
from typing import Any, NamedTuple

import psycopg

from hub.store.statements import statements

SQL = statements(__name__)

OFF_S = 1.0
"""From here on a clock is off: times of arrival, and all that is judged by them, are wrong by as much."""
SAMPLES = 3
_STATUS_AT, _UNSYNCHRONISED = 40, 0x40
"""Of struct timex on 64-bit Linux: the offset of `status`, and its bit STA_UNSYNC."""


class Offset(NamedTuple):
    """How far this machine's clock is ahead of the database's."""

    seconds: float
    """Negative: behind."""
    within_s: float
    """Half of the time that the question took: the offset may be wrong by so much."""

    @property
    def warning(self) -> str | None:
        """What is wrong and what to do; None while it is right, or not known to be wrong."""
        if abs(self.seconds) - self.within_s <= OFF_S:
            return None
        way = "ahead of" if self.seconds > 0 else "behind"
        return (
            f"the clock of this machine is {abs(self.seconds):.1f} s {way} the database's: let both take their time "
            "from one server (NTP)"
        )


async def offset(conn: psycopg.AsyncConnection[Any]) -> Offset:
    """Ask the database for its time; of a few answers the quickest counts. Raises psycopg errors."""
    found = []
    for _ in range(SAMPLES):
        asked = time.time()
        row = await (await conn.execute(SQL.now)).fetchone()
        answered = time.time()
        there = float(row[0]) if row else asked
        found.append(Offset((asked + answered) / 2 - there, (answered - asked) / 2))
    return min(found, key=lambda each: each.within_s)


def synchronised() -> bool | None:
    """Whether the kernel says that something keeps this machine's clock right; None where it cannot be asked."""
    if sys.platform != "linux" or sys.maxsize < 2**32:
        return None
    asked = ctypes.create_string_buffer(256)  # `modes` 0: nothing is changed
    if ctypes.CDLL(None).adjtimex(asked) < 0:
        return None
    return not int.from_bytes(asked.raw[_STATUS_AT : _STATUS_AT + 4], sys.byteorder) & _UNSYNCHRONISED
