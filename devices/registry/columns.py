"""Devices and series as packed columns in one row; fetching 100,000 separate rows takes 0.7 s."""

from collections.abc import Iterator
from functools import lru_cache
from sys import intern
from typing import Any

import numpy as np
from numpy.typing import NDArray

from devices.registry.device import Profile, State

KEY = 8
"""Bytes that tell a series from others of its device: its metric and its offset, as int4."""

_STATES: dict[str, State] = {"p": "pending", "a": "active", "s": "suspended", "r": "retired"}


class DeviceColumns:
    """Devices as parallel columns of one length, in no order."""

    def __init__(self, row: Any) -> None:
        """A row of `devices` (registry.sql); all nulls means no devices."""
        row = row if row is not None and row[0] is not None else [b""] * 3 + [""] * 6 + [b"", b"", None, "", b""]
        self.id, self.profile, self.parent = (_ints(column) for column in row[:3])
        self.state = [_STATES[letter] for letter in row[3]]
        self.active = np.frombuffer(row[3].encode(), np.uint8) == ord("a")
        self.code, self.name, self.zone, self.organisation, self.region = (
            column.split("\n") if len(self.id) else [] for column in row[4:9]
        )
        self.lon, self.lat = (np.frombuffer(column, ">f8").astype(np.float64) for column in row[9:11])
        self.gateways = {int(id_): intern(code) for id_, code in (row[11] or {}).items()}
        """Code by id, of those that others hang below."""
        self.areas = row[12].split("\n") if len(self.id) else []
        self.active_since = np.frombuffer(row[13], ">i8").astype(np.int64)

    def __len__(self) -> int:
        return len(self.id)

    def texts(self) -> Iterator[tuple[str, State, str, str, str | None, str | None, tuple[str, ...]]]:
        """Code, state, name, zone, organisation, region, areas of each device; shared values are interned."""
        organisations, regions = ([intern(text) or None for text in each] for each in (self.organisation, self.region))
        areas = [_split(text) for text in self.areas]
        return zip(self.code, self.state, self.name, self.zone, organisations, regions, areas, strict=True)


class SeriesColumns:
    """Series as parallel arrays, sorted by (device, id)."""

    def __init__(self, row: Any) -> None:
        """A row of `series` (registry.sql); all nulls means no series."""
        device, id_, metric, names = row if row is not None and row[0] is not None else (b"", b"", b"", "")
        given = _ints(device), _ints(id_), _ints(metric)
        order = np.lexsort((given[1], given[0]))
        self.device, self.id, self.metric = (column[order] for column in given)
        self.names = [intern(name) for name in names.split("\n")]
        begins = np.flatnonzero(np.append(True, self.device[1:] != self.device[:-1])[: len(self.device)])
        lengths = np.diff(np.append(begins, len(self.device)))
        self._offset = self.id - np.repeat(self.id[begins], lengths)
        self.keys = np.stack([self.metric, self._offset], 1).tobytes()
        """KEY bytes each: two devices of a profile with equal stretches of it have the same layout."""

    def __len__(self) -> int:
        return len(self.id)

    def stretches(self, devices: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int32]]:
        """Per device: slice of its series and their first id (0 if none)."""
        start, end = (np.searchsorted(self.device, devices, side) for side in ("left", "right"))
        first = self.id[np.minimum(start, len(self) - 1)] if len(self) else np.zeros(len(devices), np.int32)
        return start, end, np.where(start < end, first, 0).astype(np.int32)

    def layout(self, start: int, end: int, profile: Profile) -> dict[str, int]:
        """Offset by metric within a slice, for the metrics of a profile."""
        names = [self.names[place] for place in self.metric[start:end].tolist()]
        found = zip(names, self._offset[start:end].tolist(), strict=True)
        return {name: offset for name, offset in found if profile.takes(name)}


@lru_cache(4096)
def _split(keys: str) -> tuple[str, ...]:
    return tuple(keys.split("\t")) if keys else ()


def _ints(column: bytes) -> NDArray[np.int32]:
    return np.frombuffer(column, ">i4").astype(np.int32)
