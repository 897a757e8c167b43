"""Writes what targets of forwarding are to get, in the commit that stores the readings: once, as they were then.

A value that is corrected later is no new report: what was forwarded stands. A device that speaks HJ 212 is forwarded
with the data of its own frame; of the others what is stored is told.
"""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping
from math import isfinite
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from psycopg.types.json import Jsonb

from devices.codecs.protocols import HJ212
from devices.forwarding.report import Original, Report, columns, of_measured, original_of
from devices.registry.registry import Registry
from hub.access.classification import OTHER_SERIES, SERIES, level_named
from hub.models import Batch, Micros, from_micros
from hub.repeats import Corrected
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

LOOK_S = 1.0
"""How often it is looked whether anything is forwarded at all: so much later a first target begins."""


class _Target(NamedTuple):
    id: int
    speaks_hj212: bool


class Forwarding(Stage):
    """Costs nothing while there are no targets; else a look for each device of a batch, and a row for each report."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._any, self._looked = False, float("-inf")

    def forget(self) -> None:
        """Look for targets with the next batch."""
        self._looked = float("-inf")

    async def restore(self, conn: Connection) -> None:
        """As `forget`."""
        self.forget()

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store the reports of a batch."""
        if not len(batch.readings) or not await self._forwards(conn):
            return
        owners = self._registry.device_of[batch.readings.series]
        targets = await _targets(conn, np.unique(owners).tolist())
        if not targets:
            return
        fresh = np.isin(owners, list(targets))
        if (corrected := batch.of(Corrected).which) is not None:
            fresh &= ~corrected
        reports = list(self._reports(batch, np.flatnonzero(fresh), owners, targets))
        if reports:
            told: dict[str, object] = dict(columns(reports))
            told["ts"] = [from_micros(each.ts) for each in reports]
            told["measured"] = [None if each.measured is None else Jsonb(each.measured) for each in reports]
            await conn.execute(SQL.add, told)

    async def _forwards(self, conn: Connection) -> bool:
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            row = await (await conn.execute(SQL.any_target)).fetchone()
            self._any, self._looked = row is not None and bool(row[0]), now
        return self._any

    def _reports(
        self, batch: Batch, rows: NDArray[np.int64], owners: NDArray[np.int32], targets: Mapping[int, list[_Target]]
    ) -> Iterator[Report]:
        originals = _originals(batch, rows)
        measured: dict[tuple[int, Micros], dict[str, tuple[float | None, int, str | None]]] = defaultdict(dict)
        framed = set[tuple[int, Micros]]()
        told = set[int]()
        readings, messages = batch.readings, batch.messages()
        names = {device: self._names(device) for device in targets}
        for row in rows.tolist():
            device, ts, message = int(owners[row]), int(readings.ts[row]), int(messages[row])
            if (found := names[device].get(int(readings.series[row]))) is None:
                continue
            metric, unit = found
            value = float(readings.value[row])
            measured[device, ts][metric] = value if isfinite(value) else None, int(readings.quality[row]), unit
            if (original := originals.get(message)) is None:
                continue
            framed.add((device, ts))
            if message not in told:
                told.add(message)
                yield from _as_told(device, ts, original, targets[device])
        for (device, ts), values in measured.items():
            for target in targets[device]:
                if not (target.speaks_hj212 and (device, ts) in framed):
                    yield from of_measured(target.id, device, ts, values, target.speaks_hj212)

    def _names(self, device: int) -> dict[int, tuple[str, str | None]]:
        known = self._registry.device(device)
        if known is None:
            return {}
        return {series: (metric, known.profile.units.get(metric)) for metric, series in known.series.items()}


def _originals(batch: Batch, rows: NDArray[np.int64]) -> dict[int, Original]:
    """By message: the original of each of these readings that came in a frame of HJ 212."""
    found: dict[int, Original] = {}
    for message in np.unique(batch.messages()[rows]).tolist():
        if message >= 0 and (raw := batch.raws[message]).origin.protocol == HJ212:
            original = original_of(raw.payload)
            if original is not None:
                found[message] = original
    return found


def _as_told(device: int, ts: Micros, original: Original, targets: list[_Target]) -> Iterator[Report]:
    for target in targets:
        if target.speaks_hj212:
            yield Report(
                target.id, device, ts, original.command, original.part, original.station_kind, original.packet,
                original.data,
            )  # fmt: skip


async def _targets(conn: Connection, devices: list[int]) -> dict[int, list[_Target]]:
    """By device, who gets its readings."""
    found: dict[int, list[_Target]] = defaultdict(list)
    for device, category, target, kind, ceiling in await (
        await conn.execute(SQL.wanted, {"devices": devices})
    ).fetchall():
        if SERIES.get(category or "", OTHER_SERIES) <= level_named(ceiling):
            found[device].append(_Target(target, kind == HJ212))
    return found
