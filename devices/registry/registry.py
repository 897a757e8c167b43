"""The device registry: one in-memory snapshot, O(1) lookup by code, updated incrementally from the store."""

import asyncio
import gc
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg import AsyncCursor

from devices.codecs.code_table import NO_CODES, CodeTable, table_of
from devices.codecs.decoded import Decoded
from devices.codecs.local_time import zone_of
from devices.registry.address_index import AddressIndex
from devices.registry.arrays import grouped, grown
from devices.registry.changes import Changes
from devices.registry.columns import KEY, DeviceColumns, SeriesColumns
from devices.registry.device import UNBOUNDED, Device, Profile, profile_of
from devices.schemes import CHANNELLED, schemes_of
from hub.models import Origin
from hub.store.pool import Pool, sorted_errors
from hub.store.revision import NOTHING
from hub.store.revision import SQL as REVISION
from hub.store.statements import statements

SQL = statements(__name__)

MANY = 20_000
"""Devices that changed at once from which on all are read again."""
FEW = 10
"""Devices up to which it takes less time to look for the series of each."""
MAX_LAYOUTS = 10_000
"""Layouts remembered to be shared: devices to which metrics are added may each have one of their own."""

LONG_AGO = -(1 << 62)

Quantity = tuple[int, str]
"""(profile id, metric): what a rule watches."""


class Registry:
    """Devices by code, places by device id, and by series id its device, quantity and physical range.

    One process has one, and each of its parts reads it. It changes between two steps of the event loop only, and
    `changed_since` tells which devices did.
    """

    def __init__(self) -> None:
        self.devices: dict[str, Device] = {}
        self.lon: NDArray[np.float64] = np.full(1024, np.nan)
        """Degrees (WGS 84) by device id; NaN where the place is not known."""
        self.lat: NDArray[np.float64] = np.full(1024, np.nan)
        self.active_since: NDArray[np.int64] = np.full(1024, LONG_AGO)
        """By device id when it became active again, in microseconds; LONG_AGO: it has been from the beginning."""
        self.low: NDArray[np.float64] = np.full(1024, -np.inf)
        self.high: NDArray[np.float64] = np.full(1024, np.inf)
        self.device_of: NDArray[np.int32] = np.zeros(1024, np.int32)
        """Device id by series id; 0 where there is no such series."""
        self.quantity_of: NDArray[np.int32] = np.full(1024, -1, np.int32)
        """By series id its place in `quantities`; -1 where no readings are taken: the device is not active, or its
        profile has no such metric."""
        self.lateness: NDArray[np.int64] = np.zeros(1024, np.int64)
        """By series id what the profile allows readings to come out of order, in microseconds."""
        self.longest_lateness = 0
        """The most of these that any profile allows; 0: readings are judged as they come."""
        self.quantities: list[Quantity] = []
        self._numbers: dict[Quantity, int] = {}
        self._by_id: list[Device | None] = []
        self._addresses = AddressIndex()
        self._profiles: dict[int, Profile] = {}
        self._codes: dict[str, CodeTable] = {}
        """By protocol what operators say that its codes mean."""
        self._layouts: dict[tuple[object, ...], dict[str, int]] = {}
        self._changes = Changes(MANY)
        self._since = NOTHING
        self._turn = asyncio.Lock()

    @property
    def generation(self) -> int:
        """Generation number; increases with every change."""
        return self._changes.generation

    def changed_since(self, generation: int) -> NDArray[np.int32] | None:
        """Ids of devices changed after a generation, ascending; None: possibly any."""
        return self._changes.since(generation)

    def device(self, id_: int) -> Device | None:
        """Device by id."""
        return self._by_id[id_] if 0 <= id_ < len(self._by_id) else None

    def at(self, scheme: str, address: str) -> Device | None:
        """Device by an address of a scheme (devices/schemes.py), as its protocol gives it."""
        id_ = self._addresses.at(scheme, address)
        return None if id_ is None else self.device(id_)

    def addresses_of(self, device: Device) -> list[tuple[str, str]]:
        """All addresses of a device: (scheme, address)."""
        return self._addresses.of(device.id)

    def called(self, protocol: str, address: str) -> Device | None:
        """Device that a protocol calls by an address, whichever of its schemes that is of."""
        for scheme in schemes_of(protocol):
            if (device := self.at(scheme, address)) is not None:
                return device
        if protocol in CHANNELLED:  # a channel that is no device of its own is a part of its camera or recorder
            above = address.rpartition("/")[0] or address  # one level: of what is further up, it may be another's
            for scheme in schemes_of(protocol):
                if (device := self.at(scheme, above)) is not None:
                    return device
            return self.devices.get(above)
        return None

    def key_of(self, origin: Origin) -> str | None:
        """Code of the device that an origin's address is of; None where nobody has it."""
        device = self.called(origin.protocol, origin.device)
        return None if device is None else device.code

    def owner(self, series: int) -> Device | None:
        """Device by series id."""
        return self.device(int(self.device_of[series])) if 0 <= series < len(self.device_of) else None

    def last_wins(self, series: int) -> bool:
        """Whether a later value for the same time replaces the one before; False for an unknown series."""
        owner = self.owner(series)
        return owner is not None and owner.profile.last_wins

    def last_event_wins(self, device: int) -> bool:
        """As `last_wins`, of the events of a device, by its id."""
        known = self.device(device)
        return known is not None and known.profile.last_wins

    def detects(self, quantity: Quantity) -> bool:
        """Whether it is learned what is usual of a quantity."""
        profile_id, metric = quantity
        return self._profiles[profile_id].detects(metric)

    def codes_of(self, device: Device, decoded: Decoded) -> tuple[CodeTable, CodeTable]:
        """What codes of a device's message mean: as its profile says, then as it is said of their protocol."""
        protocol = "" if decoded.codes is None else decoded.codes.protocol
        return device.profile.codes, self._codes.get(protocol, NO_CODES)

    def series_of_devices(self, ids: NDArray[np.int32]) -> NDArray[np.int64]:
        """All series ids of devices, ascending, including those not accepted by their profiles."""
        if len(ids) <= FEW:
            found = [np.flatnonzero(self.device_of == id_) for id_ in ids.tolist()]
            return np.sort(np.concatenate([np.empty(0, np.int64), *found]))
        mine = np.zeros(max(len(self._by_id), 1), np.bool_)
        mine[ids] = True
        return np.flatnonzero(mine[self.device_of])

    def series_of_quantities(self, wanted: Collection[Quantity]) -> dict[Quantity, NDArray[np.int64]]:
        """Series ids by quantity, ascending; quantities without series are omitted."""
        numbers = [self._numbers[quantity] for quantity in wanted if quantity in self._numbers]
        watched = np.zeros(len(self.quantities) + 1, np.bool_)  # the last place is that of -1
        watched[numbers] = True
        series = np.flatnonzero(watched[self.quantity_of])
        return {self.quantities[number]: some for number, some in grouped(self.quantity_of[series], series)}

    async def refresh(self, pool: Pool) -> int:
        """Load changes since the last call (initially everything); returns the number of devices.

        One at a time: what an older snapshot tells must not come over what a newer one told. Raises StoreUnavailable.
        """
        async with self._turn:
            with sorted_errors():
                async with pool.connection() as conn, conn.transaction():
                    await conn.execute(REVISION.one_snapshot)
                    news = await self._news(conn.cursor(binary=True))
                    codes = await (await conn.execute(SQL.codes, {"since": self._since})).fetchall()
            self._codes |= {protocol: table_of(body) for protocol, body in codes}
            self._profiles |= {row[0]: profile_of(row) for row in news.profiles}
            self.longest_lateness = max([profile.lateness for profile in self._profiles.values()], default=0)
            if len(news.devices):
                with _undisturbed():
                    self._take(news.devices, news.series)
                    self._addresses.take(news.devices.id.tolist(), news.addresses)
            self._since = news.snapshot
            return len(news.devices)

    async def _news(self, cursor: AsyncCursor[Any]) -> "_News":
        """Rows the last snapshot did not contain."""
        first = self._since == NOTHING
        await cursor.execute(SQL.everything if first else SQL.news, {"since": self._since})
        snapshot, ids, profiles = await cursor.fetchone() or (NOTHING, None, None)
        ids = [] if ids is None else ids
        if not first and not ids:
            return _News(snapshot, profiles or [], DeviceColumns(None), SeriesColumns(None), None)
        few = not first and len(ids) < MANY
        wanted = {"ids": ids} if few else {}
        devices = await (await cursor.execute(SQL.devices if few else SQL.devices_all, wanted)).fetchone()
        series = await (await cursor.execute(SQL.series if few else SQL.series_all, wanted)).fetchone()
        addresses = await (await cursor.execute(SQL.addresses if few else SQL.addresses_all, wanted)).fetchone()
        return _News(snapshot, profiles or [], DeviceColumns(devices), SeriesColumns(series), addresses)

    async def widen(self, pool: Pool, wanted: Mapping[int, Iterable[str]]) -> None:
        """Create series for new metrics of devices (by id), as far as their profiles allow; then `refresh`."""
        pairs = [(device, metric) for device, metrics in wanted.items() for metric in metrics]
        given = {"devices": [device for device, _ in pairs], "metrics": [metric for _, metric in pairs]}
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                await conn.execute(SQL.series_lock, {"devices": sorted(wanted)})
                await conn.execute(SQL.series_add, given)
        await self.refresh(pool)

    def _take(self, devices: DeviceColumns, series: SeriesColumns) -> None:
        self._reserve(int(series.id.max(initial=0)), int(devices.id.max()))
        self._set_series(series, devices)
        self.lon[devices.id], self.lat[devices.id] = devices.lon, devices.lat
        self.active_since[devices.id] = devices.active_since
        starts, ends, firsts = series.stretches(devices.id)
        layouts: dict[tuple[int, bytes], dict[str, int]] = {}
        renamed: dict[str, str] = {}
        numbers = (devices.id, devices.profile, devices.parent, firsts, starts, ends)
        for id_, number, parent, first, start, end, (code, state, name, zone, organisation, region, areas) in zip(
            *(column.tolist() for column in numbers), devices.texts(), strict=True
        ):
            key = number, series.keys[start * KEY : end * KEY]
            layout = layouts.get(key)
            if layout is None:
                layout = layouts[key] = self._shared(number, series.layout(start, end, self._profiles[number]))
            before = self._by_id[id_]
            if before is not None and (old := before.code) != code:
                renamed[old] = code
                if self.devices[old] is before:
                    del self.devices[old]
            self.devices[code] = self._by_id[id_] = Device(
                id_, code, devices.gateways.get(parent), zone_of(zone), state == "active", self._profiles[number],
                first, layout, name, state, organisation, region, areas,
            )  # fmt: skip
        self._changes.note(np.append(devices.id, self._follow(renamed, devices.id)) if renamed else devices.id)

    def _follow(self, renamed: Mapping[str, str], taken: NDArray[np.int32]) -> NDArray[np.int32]:
        """Update the gateway code of children, except those just loaded; returns their ids."""
        fresh = set(taken.tolist())
        children = [
            replace(child, gateway=renamed[child.gateway])
            for child in self.devices.values()
            if child.gateway is not None and child.gateway in renamed and child.id not in fresh
        ]
        for child in children:
            self.devices[child.code] = self._by_id[child.id] = child
        return np.array([child.id for child in children], np.int32)

    def _shared(self, profile: int, layout: dict[str, int]) -> dict[str, int]:
        """Intern a layout."""
        if len(self._layouts) >= MAX_LAYOUTS:
            self._layouts.clear()
        return self._layouts.setdefault((profile, *layout.items()), layout)

    def _set_series(self, series: SeriesColumns, devices: DeviceColumns) -> None:
        """Set device, quantity and range of each series."""
        if not len(series):
            return
        order = np.argsort(devices.id)
        owner = order[np.searchsorted(devices.id[order], series.device)]
        profile = devices.profile[owner].astype(np.int64)
        pairs, which = np.unique(profile * len(series.names) + series.metric, return_inverse=True)
        found = [self._quantity(pair // len(series.names), series.names[pair % len(series.names)]) for pair in pairs]
        ranges = np.array([(low, high) for _, low, high in found])
        self.low[series.id], self.high[series.id] = ranges[which].T
        allowed = [self._profiles[pair // len(series.names)].lateness for pair in pairs.tolist()]
        self.lateness[series.id] = np.array(allowed, np.int64)[which]
        numbers = np.array([number for number, *_ in found], np.int32)[which]
        self.quantity_of[series.id] = np.where(devices.active[owner], numbers, -1)
        self.device_of[series.id] = series.device

    def _quantity(self, profile_id: int, metric: str) -> tuple[int, float, float]:
        """Quantity number (-1 if not accepted by the profile) and range."""
        profile = self._profiles[int(profile_id)]
        low, high = profile.ranges.get(metric, UNBOUNDED)
        if not profile.takes(metric):
            return -1, low, high
        number = self._numbers.setdefault((profile.id, metric), len(self.quantities))
        if number == len(self.quantities):
            self.quantities.append((profile.id, metric))
        return number, low, high

    def _reserve(self, series: int, device: int) -> None:
        """Ensure capacity up to these ids."""
        self._by_id += [None] * (device + 1 - len(self._by_id))
        self.lon, self.lat = (grown(places, device, np.nan) for places in (self.lon, self.lat))
        self.active_since = grown(self.active_since, device, LONG_AGO)
        self.low, self.high = grown(self.low, series, -np.inf), grown(self.high, series, np.inf)
        self.device_of, self.quantity_of = grown(self.device_of, series, 0), grown(self.quantity_of, series, -1)
        self.lateness = grown(self.lateness, series, 0)


class _News(NamedTuple):
    """Changes loaded from the store."""

    snapshot: str
    profiles: list[Any]
    devices: DeviceColumns
    series: SeriesColumns
    addresses: Any
    """Of these devices: a row of `addresses` (registry.sql)."""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Disable garbage collection, which would scan all devices repeatedly while they are created."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collecting:
            gc.enable()
