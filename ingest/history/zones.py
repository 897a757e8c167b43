"""Converts a column of local times to UTC."""

from datetime import UTC, datetime, timedelta, tzinfo

import numpy as np
from numpy.typing import NDArray

_QUARTER = 900_000_000  # zones change their offset at full quarters of an hour
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 local times are what this is about


def to_utc(local: NDArray[np.int64], zone: tzinfo) -> NDArray[np.int64]:
    """Convert local microseconds to UTC; ambiguous times take the first. Years 1 to 9999 only."""
    if zone is UTC:
        return local
    quarters, which = np.unique(local // _QUARTER, return_inverse=True)
    offsets = np.array([_offset(int(quarter), zone) for quarter in quarters], np.int64)
    return np.asarray(local - offsets[which], np.int64)


def _offset(quarter: int, zone: tzinfo) -> int:
    at = (_EPOCH + timedelta(minutes=15 * quarter)).replace(tzinfo=zone)
    return int((at.utcoffset() or timedelta()).total_seconds()) * 1_000_000
