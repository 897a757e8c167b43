"""Writes the alarms that superior platforms of GB/T 28181 are to get, in the commit that stores their events."""

import time

from psycopg.types.json import Jsonb

from devices.forwarding.alarm import Alarm, alarm_of
from hub.access.classification import OTHER_SERIES, SERIES, level_named
from hub.models import Batch, Event, from_micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

LOOK_S = 1.0
"""How often it is looked whether there is any such platform: so much later a first one begins."""


class AlarmForwarding(Stage):
    """Costs nothing while there is no such platform; else a look for the devices of a batch's events, and a row each.

    Comes after the stage that leaves out events that are stored already.
    """

    def __init__(self) -> None:
        self._any, self._looked = False, float("-inf")

    def forget(self) -> None:
        """Look for platforms with the next batch."""
        self._looked = float("-inf")

    async def restore(self, conn: Connection) -> None:
        """As `forget`."""
        self.forget()

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store the alarms of a batch, for each platform that is granted its device."""
        told = [(event, alarm) for event in batch.events if (alarm := alarm_of(event)) is not None]
        if not told or not await self._forwards(conn):
            return
        devices = sorted({event.device_id for event, _ in told})
        granted: dict[int, list[int]] = {}
        for device, target, category, ceiling in await (
            await conn.execute(SQL.granted, {"devices": devices})
        ).fetchall():
            if SERIES.get(category or "", OTHER_SERIES) <= level_named(ceiling):
                granted.setdefault(device, []).append(target)
        rows = [(target, event, alarm) for event, alarm in told for target in granted.get(event.device_id, ())]
        if rows:
            await conn.execute(SQL.add, _columns(rows))

    async def _forwards(self, conn: Connection) -> bool:
        now = time.monotonic()
        if now - self._looked >= LOOK_S:
            row = await (await conn.execute(SQL.any_platform)).fetchone()
            self._any, self._looked = row is not None and bool(row[0]), now
        return self._any


def _columns(rows: list[tuple[int, Event, Alarm]]) -> dict[str, list[object]]:
    return {
        "target": [target for target, *_ in rows],
        "device": [event.device_id for _, event, _ in rows],
        "ts": [from_micros(event.ts) for _, event, _ in rows],
        "part": [event.id.hex for _, event, _ in rows],
        "alarm": [Jsonb(alarm._asdict()) for *_, alarm in rows],
    }
