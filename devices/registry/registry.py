"""Every device in memory, found by its code in O(1), kept fresh from the store."""

import asyncio
import gc
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import tzinfo
from functools import cache
from sys import intern
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor

from devices.codecs.mapping import Transform, compiled
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

Range = tuple[float, float]

KEY = 8
"""Bytes that tell a series from others of its device: its metric and its offset, as int4."""
MANY = 20_000
"""Devices that changed at once from which on all are read again."""
MAX_LAYOUTS = 10_000
"""Layouts remembered to be shared: devices to which metrics are added may each have one of their own."""


@dataclass(slots=True, frozen=True)
class Profile:
    """What the ingest path needs to know of a profile."""

    id: int
    code: str
    version: int
    max_future: int
    """Microseconds that a reading's time may lie ahead of ours."""
    ranges: Mapping[str, Range]
    """The physical range of each metric."""
    adds: int = 0
    """How many series a device may have when metrics that the profile does not know are added; 0: they are refused."""
    mapping: Mapping[str, Transform] = field(default_factory=dict)
    """By form: what makes a payload of the contract of what its devices send; for most profiles nothing."""


@dataclass(slots=True, eq=False)
class Device:
    """What the ingest path needs to know of a device. Never changed: a device that changes is another object."""

    id: int
    code: str
    gateway: str | None
    """Code of the parent, which may speak for it."""
    zone: tzinfo
    active: bool
    profile: Profile
    first: int
    """The lowest of its series ids."""
    layout: dict[str, int]
    """What to add to `first` for the series of a metric: shared by devices that were made alike, for a dict of its
    own costs 400 bytes a device."""

    @property
    def max_future(self) -> int:
        """Microseconds that a reading's time may lie ahead of ours."""
        return self.profile.max_future

    @property
    def series(self) -> dict[str, int]:
        """Series id by metric, for the metrics that are taken from it."""
        return {metric: self.first + offset for metric, offset in self.layout.items()}


class Registry:
    """Devices by code, and each series' device and physical range as arrays indexed by series id."""

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.low: NDArray[np.float64] = np.full(1024, -np.inf)
        self.high: NDArray[np.float64] = np.full(1024, np.inf)
        self.device_of: NDArray[np.int32] = np.zeros(1024, np.int32)
        """Device id by series id; 0 where there is no such series."""
        self._by_id: list[Device | None] = []
        self._profiles: dict[int, Profile] = {}
        self._layouts: dict[tuple[object, ...], dict[str, int]] = {}
        self._since = "0"
        self._turn = asyncio.Lock()

    def device(self, id_: int) -> Device | None:
        """The device of an id."""
        return self._by_id[id_] if 0 <= id_ < len(self._by_id) else None

    async def refresh(self, pool: Pool) -> int:
        """Take over what changed since the last call (at first: everything); returns the number of devices.

        One at a time: what an older snapshot tells must not come over what a newer one told.
        """
        async with self._turn:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await conn.execute("set transaction isolation level repeatable read, read only")
                    since, profiles, devices, series = await self._changed(conn.cursor(binary=True))
            self._profiles |= {row[0]: _profile(row) for row in profiles}
            count = 0
            if devices is not None and devices[0] is not None:
                with _undisturbed():
                    count = self._take(devices, _Series(*series) if series and series[0] is not None else _Series())
            self._since = since
            return count

    async def _changed(self, cursor: AsyncCursor[Any]) -> tuple[str, list[Any], Any, Any]:
        """From where to look the next time; and the rows of profiles, devices and series."""
        given = {"since": self._since}
        await cursor.execute("select pg_snapshot_xmin(pg_current_snapshot())::text")
        (since,) = await cursor.fetchone() or ("0",)
        profiles = await (await cursor.execute(SQL.registry_profiles, given)).fetchall()
        ids: list[int] | None = []
        if self._since != "0":
            await cursor.execute(SQL.registry_changed, given)
            (ids,) = await cursor.fetchone() or (None,)
            if ids is None:
                return since, profiles, None, None
        few = bool(ids) and len(ids or ()) < MANY
        wanted = {"ids": ids} if few else {}
        of_devices = SQL.registry_devices if few else SQL.registry_devices_all
        of_series = SQL.registry_series if few else SQL.registry_series_all
        devices = await (await cursor.execute(of_devices, wanted)).fetchone()
        series = await (await cursor.execute(of_series, wanted)).fetchone()
        return since, profiles, devices, series

    async def widen(self, pool: Pool, wanted: Mapping[int, Iterable[str]]) -> None:
        """Give devices, by id, series for metrics that they sent, as far as their profiles allow; then `refresh`."""
        pairs = [(device, metric) for device, metrics in wanted.items() for metric in metrics]
        given = {"devices": [device for device, _ in pairs], "metrics": [metric for _, metric in pairs]}
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                await conn.execute(SQL.series_lock, {"devices": sorted(wanted)})
                await conn.execute(SQL.series_add, given)
        await self.refresh(pool)

    def _take(self, columns: Any, series: "_Series") -> int:
        ids, profiles = _ints(columns[0]), _ints(columns[1])
        order = np.argsort(ids)
        codes, zones = (column.split("\n") for column in columns[4:6])
        gateways = {int(id_): intern(code) for id_, code in (columns[6] or {}).items()}
        starts, ends = (np.searchsorted(series.device, ids, side) for side in ("left", "right"))
        firsts = series.id[np.minimum(starts, len(series.id) - 1)] if len(series.id) else starts
        self._reserve(int(series.id.max(initial=0)), int(ids.max()))
        self._set_ranges(series, ids[order], profiles[order])
        layouts: dict[tuple[int, bytes], dict[str, int]] = {}
        rows = (ids, profiles, _ints(columns[2]), firsts, starts * KEY, ends * KEY)
        for id_, number, parent, first, start, end, active, code, zone in zip(
            *(column.tolist() for column in rows), columns[3], codes, zones, strict=True
        ):
            key = number, series.keys[start:end]
            layout = layouts.get(key)
            if layout is None:
                layout = layouts[key] = self._shared(number, series.layout(start, end, self._profiles[number]))
            before = self._by_id[id_]
            if before is not None and before.code != code:
                self.devices.pop(before.code, None)
            self.devices[code] = self._by_id[id_] = Device(
                id_, code, gateways.get(parent), _zone(zone), active == "1", self._profiles[number], first, layout
            )
        return len(codes)

    def _shared(self, profile: int, layout: dict[str, int]) -> dict[str, int]:
        """That layout, or an equal one that other devices have."""
        if len(self._layouts) >= MAX_LAYOUTS:
            self._layouts.clear()
        return self._layouts.setdefault((profile, *layout.items()), layout)

    def _set_ranges(self, series: "_Series", ids: NDArray[np.int32], profiles: NDArray[np.int32]) -> None:
        """The ranges and the device of each series; `ids` are sorted, `profiles` theirs."""
        if not len(series.id):
            return
        profile = profiles[np.searchsorted(ids, series.device)].astype(np.int64)
        pairs, which = np.unique(profile * len(series.names) + series.metric, return_inverse=True)
        everything = (-np.inf, np.inf)
        ranges = np.array(
            [
                self._profiles[pair // len(series.names)].ranges.get(series.names[pair % len(series.names)], everything)
                for pair in pairs.tolist()
            ]
        )
        self.low[series.id], self.high[series.id] = ranges[which].T
        self.device_of[series.id] = series.device

    def _reserve(self, series: int, device: int) -> None:
        """Make room for ids up to these."""
        self._by_id += [None] * (device + 1 - len(self._by_id))
        if series >= len(self.low):
            more = max(series + 1, 2 * len(self.low)) - len(self.low)
            self.low = np.append(self.low, np.full(more, -np.inf))
            self.high = np.append(self.high, np.full(more, np.inf))
            self.device_of = np.append(self.device_of, np.zeros(more, np.int32))


class _Series:
    """Series as parallel arrays, sorted by (device, id)."""

    def __init__(self, device: bytes = b"", id_: bytes = b"", metric: bytes = b"", names: str = "") -> None:
        """Columns of big-endian int4; `names` are those of the metrics, one a line."""
        given = _ints(device), _ints(id_), _ints(metric)
        order = np.lexsort((given[1], given[0]))
        self.device, self.id, self.metric = (column[order] for column in given)
        self.names = [intern(name) for name in names.split("\n")]
        begins = np.flatnonzero(np.append(True, self.device[1:] != self.device[:-1])[: len(self.device)])
        lengths = np.diff(np.append(begins, len(self.device)))
        self._offset = self.id - np.repeat(self.id[begins], lengths)
        self.keys = np.stack([self.metric, self._offset], 1).tobytes()
        """KEY bytes each: two devices of a profile with equal stretches of it have the same layout."""

    def layout(self, start: int, end: int, profile: Profile) -> dict[str, int]:
        """Offset by metric of a stretch of keys, for what a profile takes."""
        stretch = slice(start // KEY, end // KEY)
        names = [self.names[place] for place in self.metric[stretch].tolist()]
        found = zip(names, self._offset[stretch].tolist(), strict=True)
        return {name: offset for name, offset in found if profile.adds or name in profile.ranges}


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Without the garbage collector, which walks through all devices again and again while they are made."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()


def _ints(column: bytes) -> NDArray[np.int32]:
    return np.frombuffer(column, ">i4").astype(np.int32)


def _profile(row: Any) -> Profile:
    id_, code, version, max_future_s, metrics, adds, mapping = row
    ranges = {
        intern(name): (_bound(spec.get("min"), -np.inf), _bound(spec.get("max"), np.inf))
        for name, spec in metrics.items()
    }
    return Profile(id_, code, version, max_future_s * 1_000_000, ranges, adds, compiled(mapping))


def _bound(given: float | None, default: float) -> float:
    return default if given is None else float(given)


@cache
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)
