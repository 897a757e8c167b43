"""Converts cells to readings of known series; unusable cells are reported with line and fix."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.models import Columns, Micros, to_micros
from hub.quality import FINITE_LIMIT, Quality
from ingest.history.columns import NAT, Column, ConstantColumn
from ingest.history.files import Block
from ingest.history.layout import Layout
from ingest.history.report import Problem
from ingest.history.zones import to_utc

EARLIEST: Micros = to_micros(datetime(1900, 1, 1, tzinfo=UTC))
EARLIEST_COUNTED: Micros = to_micros(datetime(1980, 1, 1, tzinfo=UTC))
"""A time in numbers that would lie before this was counted in another unit, as a rule."""
_YEARS_400 = 400 * 365 * 86_400_000_000
_UNKNOWN = -1

Mask = NDArray[np.bool_]
Words = Callable[[str], tuple[str, str]]
"""From a cell to what is wrong with it and what would be right."""


class Resolved(NamedTuple):
    readings: Columns
    """Sorted, without duplicates."""
    problems: list[Problem]
    """By line; at most as many as asked for."""
    bad: int
    """How many there are."""
    conflicting: int
    """Duplicates with another value than the first one."""


class Resolver:
    """Converts the blocks of one file into readings. Pure: registry and clock are passed in."""

    def __init__(self, registry: Registry, layout: Layout, unit: str | None, zone: tzinfo | None, now: Micros) -> None:
        """`zone` applies to local timestamps; None uses each device's own zone."""
        self._registry, self._layout, self._unit, self._zone, self._now = registry, layout, unit, zone, now

    def __call__(self, block: Block, most: int) -> Resolved:
        """Readings of a block; the first of duplicates (series, time) is kept."""
        layout, length = self._layout, len(block.lines)
        faults = _Faults(block, most)
        names, which = _labels(block, layout.device_column, layout.device, length)
        devices = [self._registry.devices.get(name) for name in names]
        empty = np.logical_and.reduce([block.columns[name].blank() for name in layout.columns])
        known = np.array([device is not None for device in devices], bool)[which]
        faults.add(~empty & ~known, layout.device_column, _unknown_device)
        good = known & ~empty
        ts = self._times(block.columns[layout.time], devices, which, good)
        good &= self._usable(ts, devices, which, good, faults)
        parts = [self._values(block, name, devices, which, ts, good, faults) for name in layout.values]
        readings, conflicting = _sorted(parts, self._registry)
        return Resolved(readings, sorted(faults.problems)[:most], faults.count, conflicting)

    def _times(
        self, column: Column, devices: Sequence[Device | None], which: NDArray[np.int64], good: Mask
    ) -> NDArray[np.int64]:
        """Timestamps in UTC microseconds; NAT where missing."""
        read = column.moments(self._unit)
        ts = read.micros.copy()
        ts[ts > self._now + _YEARS_400] = NAT
        local = read.local & good & (ts >= EARLIEST)
        if local.any():
            zones = [self._zone or (device.zone if device else UTC) for device in devices]
            for zone in set(zones):
                mine = local & np.array([other == zone for other in zones], bool)[which]
                ts[mine] = to_utc(ts[mine], zone)
        return ts

    def _usable(
        self,
        ts: NDArray[np.int64],
        devices: Sequence[Device | None],
        which: NDArray[np.int64],
        asked: Mask,
        faults: "_Faults",
    ) -> Mask:
        """Mask of rows with a valid time."""
        latest = self._now + np.array([device.max_future if device else 0 for device in devices], np.int64)[which]
        unreadable, ahead = ts == NAT, ts > latest
        early = ~unreadable & (ts < (EARLIEST if self._unit is None else EARLIEST_COUNTED))
        faults.add(asked & unreadable, self._layout.time, _no_time if self._unit is None else _no_count)
        faults.add(asked & early, self._layout.time, _early)
        faults.add(asked & ahead, self._layout.time, _ahead)
        return np.asarray(~(unreadable | early | ahead), bool)

    def _values(
        self,
        block: Block,
        name: str,
        devices: Sequence[Device | None],
        which: NDArray[np.int64],
        ts: NDArray[np.int64],
        good: Mask,
        faults: "_Faults",
    ) -> Columns:
        """Readings of one value column."""
        layout = self._layout
        asked = good & ~block.columns[name].blank() if layout.wide else good.copy()
        metric = name if layout.wide else layout.metric
        metrics, kinds = _labels(block, layout.metric_column, metric, len(which))
        series = _series(devices, which, metrics, kinds)
        faults.add(asked & (series == _UNKNOWN), layout.metric_column or name, _unknown_metric(devices, metric))
        asked &= series != _UNKNOWN
        value = block.columns[name].numbers()
        faults.add(asked & np.isnan(value), name, _no_number)
        asked &= ~np.isnan(value)
        return Columns(ts[asked], series[asked], value[asked], np.zeros(int(asked.sum()), np.int16))


class _Faults:
    """Counts faults and keeps the first few of each kind as text."""

    def __init__(self, block: Block, most: int) -> None:
        self._block, self._most = block, most
        self.problems = block.odd[:most]
        self.count = len(block.odd)

    def add(self, where: Mask, name: str | None, words: Words) -> None:
        rows = np.flatnonzero(where)
        self.count += len(rows)
        column = self._block.columns.get(name or "")
        for row in rows[: self._most]:
            wrong, right = words(column.text(row)[:64] if column is not None else "")
            self.problems.append(Problem(int(self._block.lines[row]), name or "", wrong, right))


def _labels(block: Block, column: str | None, constant: str | None, length: int) -> tuple[list[str], NDArray[np.int64]]:
    if column is None:
        return ConstantColumn(constant or "", length).labels()
    return block.columns[column].labels()


def _series(
    devices: Sequence[Device | None], which: NDArray[np.int64], metrics: Sequence[str], kinds: NDArray[np.int64]
) -> NDArray[np.int32]:
    """The series of each row; -1 where the device or its metric is unknown."""
    pairs, rows = np.unique(which * len(metrics) + kinds, return_inverse=True)
    ids = np.full(len(pairs), _UNKNOWN, np.int32)
    for number, pair in enumerate(pairs.tolist()):
        device = devices[pair // len(metrics)]
        if device is not None:
            ids[number] = device.series.get(metrics[pair % len(metrics)], _UNKNOWN)
    return np.asarray(ids[rows], np.int32)


def _sorted(parts: Sequence[Columns], registry: Registry) -> tuple[Columns, int]:
    """Sorted readings, flagged OUT_OF_RANGE and NOT_A_NUMBER where applicable; and how many duplicates differ.

    Never LATE: that flag tells of what came to the hub out of order, and history did not come, it was fetched.
    """
    ts, series = np.concatenate([part.ts for part in parts]), np.concatenate([part.series for part in parts])
    value = np.concatenate([part.value for part in parts])
    order = np.lexsort((ts, series))
    ts, series, value = ts[order], series[order], value[order]
    first = np.ones(len(ts), bool)
    first[1:] = (ts[1:] != ts[:-1]) | (series[1:] != series[:-1])
    kept = value[first]
    held = kept[np.cumsum(first) - 1]
    conflicting = int(np.count_nonzero((value != held) & ~(np.isnan(value) & np.isnan(held))))
    ts, series, value = ts[first], series[first], kept
    outside = (value < registry.low[series]) | (value > registry.high[series])
    quality = np.where(outside, Quality.OUT_OF_RANGE, Quality.GOOD).astype(np.int16)
    quality[~(np.abs(value) < FINITE_LIMIT)] |= Quality.NOT_A_NUMBER
    return Columns(ts, series, value, quality), conflicting


def _unknown_device(cell: str) -> tuple[str, str]:
    return f"no device {cell!r} is registered", "register it first (hub devices import), or correct the code"


def _unknown_metric(devices: Sequence[Device | None], metric: str | None) -> Words:
    known = ", ".join(sorted({name for device in devices if device for name in device.series})[:20]) or "none"

    def words(cell: str) -> tuple[str, str]:
        wrong = metric if metric is not None else cell
        return f"{wrong!r} is no metric of the device's profile", f"one of: {known}; or --ignore-column"

    return words


def _no_number(cell: str) -> tuple[str, str]:
    if not cell.strip():
        return "there is no value", "a number"
    if cell.count(",") == 1:
        return f"{cell!r} is no number", f"a decimal point: {cell.replace(',', '.').strip()}"
    return f"{cell!r} is no finite number", "a number such as 21.5 or 1e-3"


def _no_time(cell: str) -> tuple[str, str]:
    return f"{cell!r} is no time", "ISO 8601, such as 2026-03-01T08:30:00+08:00 or 2026-03-01 08:30:00"


def _no_count(cell: str) -> tuple[str, str]:
    return f"{cell!r} is no time in numbers", "a count since 1970 in the unit of --time-unit"


def _early(cell: str) -> tuple[str, str]:
    return f"{cell!r} lies too long ago", "a time after 1900; if it is a count, check --time-unit"


def _ahead(cell: str) -> tuple[str, str]:
    return f"{cell!r} lies in the future", "a time that has passed; check the zone (--zone) and --time-unit"
