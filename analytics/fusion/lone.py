"""Lowers what one thing alone has found, though others could have: never a danger (hub/alerts/fused.py)."""

import logging
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID, uuid5

import numpy as np
import psycopg

from devices.places.grid import Grid
from devices.registry.registry import Registry
from hub.alerts.apply import SQL as APPLY
from hub.alerts.apply import apply
from hub.alerts.fused import Fused
from hub.alerts.routing import level_word
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

log = logging.getLogger(__name__)

EVERY_S = 5.0
AT_ONCE = 2000
"""Alerts that are looked at in a transaction."""


class Alone(NamedTuple):
    """An alert that nothing corroborates, and the rule that says so."""

    alert: UUID
    device_id: int
    event_kind: str
    lon: float
    lat: float
    rule: str
    radius_m: float
    within_s: float
    lower_to: int


class Lone:
    """Work of a leader."""

    def __init__(self, registry: Registry) -> None:
        """The registry is kept fresh by the caller."""
        self._registry = registry
        self._grid, self._generation = Grid(np.empty(0), np.empty(0)), -1

    async def work(self, conn: psycopg.AsyncConnection) -> float:
        """Look once; returns after how many seconds to look again."""
        if not await self._alone(conn):
            return EVERY_S
        async with conn.transaction():
            await conn.execute(APPLY.lock)
            changes = [_lowered(each) for each in await self._alone(conn)]
            await apply(conn, changes)
        log.info("%d alerts are lowered: nothing else near has found them", len(changes))
        return EVERY_S

    async def _alone(self, conn: psycopg.AsyncConnection) -> list[Alone]:
        """Those that others could have found; by the first rule of each."""
        rows = await (await conn.execute(SQL.alone, {"limit": AT_ONCE})).fetchall()
        found = {each.alert: each for each in map(Alone._make, reversed(rows)) if self._could_be_seen(each)}
        return list(found.values())

    def _could_be_seen(self, alone: Alone) -> bool:
        """Whether there is another active thing of its profile near."""
        registry = self._registry
        if (own := registry.device(alone.device_id)) is None:
            return False
        if self._generation != registry.generation:
            self._grid, self._generation = Grid(registry.lon, registry.lat), registry.generation
        near = (registry.device(int(id_)) for id_ in self._grid.near(alone.lon, alone.lat, alone.radius_m).places)
        return any(
            each is not None and each.id != own.id and each.active and each.profile.id == own.profile.id
            for each in near
        )


def _lowered(alone: Alone) -> Fused:
    note = Sentence(
        "fusion.lowered",
        level=level_word(alone.lower_to),
        metres=f"{alone.radius_m:g}",
        minutes=f"{alone.within_s / 60:g}",
    )
    return Fused(
        uuid5(alone.alert, f"alone {alone.rule}"), alone.alert, "updated", datetime.now(UTC), note,
        {"rule": alone.rule}, ceiling=alone.lower_to, event_kind=alone.event_kind,
    )  # fmt: skip
