"""What can be watched: the devices and their series, as the store tells."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Device(NamedTuple):
    id: int
    code: str
    name: str
    profile_id: int


class Watched(NamedTuple):
    """Devices and series as columns: bytes of big-endian int4, and texts a line each."""

    device: bytes
    profile: bytes
    named: str
    """Code, tab, name."""
    series: bytes
    owner: bytes
    metric: bytes
    """By place in `metrics`."""
    metrics: str


class Catalogue:
    """Devices by id, the device of each series, and the series of a profile's metric; 45 bytes a series."""

    def __init__(self) -> None:
        self.device_of: NDArray[np.int32] = np.zeros(1024, np.int32)
        """By series id."""
        self._metric_of: NDArray[np.int32] = np.full(1024, -1, np.int32)
        self._profile_of: NDArray[np.int32] = np.zeros(1024, np.int32)
        self._named: list[str | None] = []
        """Code, tab, name by device id: together, for few are ever asked for, and an object each costs 300 bytes."""
        self._metrics: dict[str, int] = {}

    def merge(self, watched: Watched) -> None:
        """Add or renew."""
        ids = _ints(watched.device)
        if len(ids):
            self._profile_of = _grown(self._profile_of, ids, 0)
            self._profile_of[ids] = _ints(watched.profile)
            self._named += [None] * (int(ids.max()) + 1 - len(self._named))
            for id_, named in zip(ids.tolist(), watched.named.split("\n"), strict=True):
                self._named[id_] = named
        series = _ints(watched.series)
        if len(series):
            known = self._metrics
            places = np.array([known.setdefault(name, len(known)) for name in watched.metrics.split("\n")], np.int32)
            self.device_of = _grown(self.device_of, series, 0)
            self._metric_of = _grown(self._metric_of, series, -1)
            self.device_of[series], self._metric_of[series] = _ints(watched.owner), places[_ints(watched.metric)]

    def device(self, id_: int) -> Device | None:
        """The device of an id."""
        named = self._named[id_] if 0 <= id_ < len(self._named) else None
        if named is None:
            return None
        code, _, name = named.partition("\t")
        return Device(id_, code, name, int(self._profile_of[id_]))

    def series(self) -> dict[tuple[int, str], NDArray[np.int64]]:
        """The series ids of each (profile id, metric), rising."""
        ids = np.flatnonzero(self._metric_of >= 0)
        if not len(ids):
            return {}
        owners = self.device_of[ids]
        known = owners < len(self._named)
        ids, owners = ids[known], owners[known]
        keys = self._profile_of[owners].astype(np.int64) * len(self._metrics) + self._metric_of[ids]
        order = np.argsort(keys, kind="stable")
        keys, ids = keys[order], ids[order]
        begins = np.flatnonzero(np.append(True, keys[1:] != keys[:-1]))
        metrics = list(self._metrics)
        found = zip(keys[begins].tolist(), np.split(ids, begins[1:]), strict=True)
        return {(key // len(metrics), metrics[key % len(metrics)]): some for key, some in found}


def _ints(column: bytes) -> NDArray[np.int32]:
    return np.frombuffer(column, ">i4").astype(np.int32)


def _grown(array: NDArray[np.int32], ids: NDArray[np.int32], fill: int) -> NDArray[np.int32]:
    """With room for these ids."""
    needed = int(ids.max()) + 1
    if needed <= len(array):
        return array
    return np.append(array, np.full(max(needed, 2 * len(array)) - len(array), fill, np.int32))
