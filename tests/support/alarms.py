"""A store with a device, a rule and consumers, in which tests raise and change alerts as the pipeline does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from hub.alerts.alert import Change, Result, Step
from hub.alerts.apply import apply
from hub.models import AlertChange, to_micros
from hub.store.pool import Pool

SECRET = "whsec_c2VjcmV0"
SEED = """
insert into profile (code, name) values ('gauge', 'River gauge');
insert into device (code, name, profile_id, region)
    select 'gauge-1', 'River gauge 1', id, '330106001002' from profile;
insert into rule (code, name, event_kind, event_level) values ('smoke', 'Smoke', 'smoke', 3);
"""


class Alarms:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def run(self, statement: str, **values: object) -> list[tuple[Any, ...]]:
        async with self.pool.connection() as conn:
            cursor = await conn.execute(statement.encode(), values or None)
            return await cursor.fetchall() if cursor.description else []

    async def seed(self) -> None:
        await self.run(SEED)

    async def consumer(self, code: str, url: str = "http://127.0.0.1:1/", **limits: object) -> int:
        """A consumer with one filter, of the members that it limits (hub/alerts/routing.py)."""
        rows = await self.run(
            """insert into consumer (code, url, secret, filters)
               values (%(code)s, %(url)s, %(secret)s, %(filters)s) returning id""",
            code=code,
            url=url,
            secret=SECRET,
            filters=Jsonb([limits]),
        )
        return int(rows[0][0])

    async def raised(self, target: str | None = None, *, level: int = 3, alert: UUID | None = None) -> UUID:
        """A new alert on a target (default: one of its own)."""
        alert = alert or uuid4()
        await self.apply(alert, "raised", target=target or f"gauge-1/{alert}", level=level)
        return alert

    async def apply(
        self,
        alert: UUID,
        kind: str,
        *,
        change: UUID | None = None,
        target: str = "gauge-1/smoke",
        level: int | None = None,
        at: str = "2026-01-01T00:00:00Z",
    ) -> bool:
        """One change of an alert; whether it changed anything."""
        result = await self.result(alert, kind, change=change, target=target, level=level, at=at)
        return result.outcome == "applied"

    async def result(
        self,
        alert: UUID,
        kind: str,
        *,
        change: UUID | None = None,
        target: str = "gauge-1/smoke",
        level: int | None = None,
        at: str = "2026-01-01T00:00:00Z",
    ) -> Result:
        """One change of an alert, and what became of it."""
        made: Change
        if kind in ("raised", "updated", "cleared"):
            ts = to_micros(datetime.fromisoformat(at))
            made = AlertChange(change or uuid4(), alert, kind, ts, 1, target, 1, None, level or 3, "a title")
        else:
            made = Step(change or uuid4(), alert, kind, "desk")
        [result] = await self.commit([made])
        return result

    async def commit(self, changes: Sequence[Change]) -> list[Result]:
        """Apply changes in a transaction of their own."""
        async with self.pool.connection() as conn, conn.transaction():
            return await apply(conn, changes)

    async def outbox(self, code: str) -> list[tuple[str, int]]:
        """(state, attempts) of what there is or was to deliver to a consumer."""
        return await self.run(
            """select o.state, o.attempts from outbox o join consumer c on c.id = o.consumer_id
               where c.code = %(code)s order by o.id""",
            code=code,
        )
