"""Every device in memory, found by its code in O(1), kept fresh from the store."""

import logging
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from hub.store.pool import Pool, sorted_errors
from hub.store.statements import load

log = logging.getLogger(__name__)


@dataclass(slots=True, frozen=True)
class Device:
    """What the ingest path needs to know of a device."""

    id: int
    code: str
    gateway: str | None
    """Code of the parent, which may speak for it."""
    zone: tzinfo
    active: bool
    max_future: int
    """Microseconds that a reading's time may lie ahead of ours."""
    series: dict[str, int]
    """Series id by metric, for the metrics of the profile."""


class Registry:
    """Devices by code, and each series' physical range as arrays indexed by series id."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.low: NDArray[np.float64] = np.full(1024, -np.inf)
        self.high: NDArray[np.float64] = np.full(1024, np.inf)
        self._codes: dict[int, str] = {}
        self._since = "0"

    async def refresh(self, pool: Pool) -> int:
        """Take over what changed since the last call (at first: everything); returns the number of devices."""
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                await conn.execute("set transaction isolation level repeatable read, read only")
                row = await (await conn.execute("select pg_snapshot_xmin(pg_current_snapshot())::text")).fetchone()
                profiles = await (await conn.execute(load("registry_profiles"))).fetchall()
                devices = await (await conn.execute(load("registry_devices"), {"since": self._since})).fetchall()
        futures = {profile: seconds * 1_000_000 for profile, seconds, _ in profiles}
        ranges = {profile: _ranges(metrics) for profile, _, metrics in profiles}
        for device in devices:
            self._take(device, futures, ranges)
        if row is not None:
            self._since = row[0]
        return len(devices)

    def _take(self, row: Any, futures: dict[int, int], ranges: dict[int, dict[str, tuple[float, float]]]) -> None:
        id_, code, gateway, zone, state, profile, metrics, ids = row
        known = ranges[profile]
        series = {}
        for metric, number in zip(metrics, ids, strict=True):
            if metric in known:
                series[intern(metric)] = number
                self._reserve(number)
                self.low[number], self.high[number] = known[metric]
        before = self._codes.get(id_)
        if before is not None and before != code:
            self.devices.pop(before, None)
        self._codes[id_] = code
        self.devices[code] = Device(id_, code, gateway, _zone(zone), state == "active", futures[profile], series)

    def _reserve(self, series: int) -> None:
        if series >= len(self.low):
            more = max(series + 1, 2 * len(self.low)) - len(self.low)
            self.low = np.append(self.low, np.full(more, -np.inf))
            self.high = np.append(self.high, np.full(more, np.inf))


def _ranges(metrics: dict[str, dict[str, Any]]) -> dict[str, tuple[float, float]]:
    return {name: (_bound(spec.get("min"), -np.inf), _bound(spec.get("max"), np.inf)) for name, spec in metrics.items()}


def _bound(given: float | None, default: float) -> float:
    return default if given is None else float(given)


@cache
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
