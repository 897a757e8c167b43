"""How the hub is registered at a superior platform, as it is stored for whoever looks, and for whoever goes on."""

from collections.abc import Mapping

from api.forwarding.gb28181.platform import Superior
from api.forwarding.pending import failed
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)


async def superiors(pool: Pool) -> set[Superior]:
    """Those that are switched on. TransientError."""
    with sorted_errors():
        async with pool.connection() as conn:
            return {Superior(*row) for row in await (await conn.execute(SQL.superiors)).fetchall()}


class Registration:
    """Of one platform. Each method raises TransientError where the store is away."""

    def __init__(self, superior: Superior, pool: Pool) -> None:
        self._target, self._pool = superior.id, pool

    async def responds(self) -> bool | None:
        """Whether it answers alarms with a <Response>; None: not known yet."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                row = await (await conn.execute(SQL.read, {"target": self._target})).fetchone()
        return None if row is None else row[0]

    async def begun(self, seconds: int) -> None:
        """It is registered anew, for so long."""
        await self._write(SQL.registered, {"seconds": seconds, "renewed": False})
        await self._write(SQL.works, {})

    async def renewed(self, seconds: int) -> None:
        """It is for so much longer."""
        await self._write(SQL.registered, {"seconds": seconds, "renewed": True})

    async def heard(self) -> None:
        """The platform has answered."""
        await self._write(SQL.heard, {})

    async def responding(self, responds: bool | None) -> None:
        """Whether it answers alarms with a <Response>."""
        await self._write(SQL.responds, {"responds": responds})

    async def shown(self, channels: int) -> None:
        """It was told the whole directory."""
        await self._write(SQL.shown, {"channels": channels})

    async def lost(self, error: Exception) -> None:
        """It is not registered, and why."""
        with sorted_errors():
            async with self._pool.connection() as conn:
                await failed(conn, self._target, error)
                await conn.execute(SQL.lost, {"target": self._target})

    async def left(self) -> None:
        """It has logged out."""
        await self._write(SQL.lost, {})

    async def _write(self, statement: str, values: Mapping[str, object]) -> None:
        with sorted_errors():
            async with self._pool.connection() as conn:
                await conn.execute(statement, {"target": self._target, **values})
