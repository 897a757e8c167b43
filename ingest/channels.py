"""Channels of recorders and platforms: registered as pending devices below them, so that somebody accepts them.

What a directory deletes is retired, below that recorder or platform alone.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg import AsyncConnection

from devices.codecs.gb28181.catalogue import Channel
from hub.audit.entry import Entry, write
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

MOST = 10_000
"""Below one device: who sends a directory without end would fill the registry."""
_TAKEN = frozenset({"", "ON", "OFF", "ADD", "UPDATE"})
"""Events of a channel that is there."""
_GONE = "DEL"
_ACTOR = "directory"
"""In the audit: whoever tells a directory of channels has done it."""


class Channels:
    """Writes those of a page in one transaction. Put again they change nothing but the names of pending ones."""

    def __init__(self, pool: Pool, profile: str, scheme: str) -> None:
        """`scheme`: of the numbers by which they are told."""
        self._pool, self._profile, self._scheme = pool, profile, scheme
        self._told = False

    async def put(self, gateway: int, channels: Sequence[Channel]) -> bool:
        """Register what is new below a device, by its id, and retire what it deleted; False where the store is away.

        A channel that was retired so and is told again waits to be accepted again.
        """
        newest = {each.id: each for each in channels}
        gone = [id_ for id_, each in newest.items() if each.event == _GONE]
        wanted = [each for each in newest.values() if each.event in _TAKEN]
        if not wanted and not gone:
            return True
        columns = {
            "id": [each.id for each in wanted],
            "name": [each.name or each.id for each in wanted],
            "lon": [each.lon for each in wanted],
            "lat": [each.lat for each in wanted],
            "gateway": gateway,
            "profile": self._profile,
            "most": MOST,
            "gone": gone,
            "actor": _ACTOR,
            "scheme": self._scheme,
        }
        try:
            with sorted_errors():
                async with self._pool.connection() as conn, conn.transaction():
                    known = await (await conn.execute(SQL.channels_profile, columns)).fetchone()
                    if known is None and not self._told:
                        self._told = True
                        log.warning(
                            "channels of %s are not registered: %s is no profile",
                            self._scheme,
                            self._profile,
                        )
                    await self._retired(conn, columns)
                    await conn.execute(SQL.channels_name, columns)
                    made = await (await conn.execute(SQL.channels_put, columns)).fetchall()
                    if made:
                        ids = {"device_id": [row[0] for row in made], "id": [row[1] for row in made]}
                        await conn.execute(SQL.channels_call, {**ids, "scheme": self._scheme})
        except HubError as error:
            log.debug("channels wait for the store: %s", error)
            return False
        return True

    async def _retired(self, conn: AsyncConnection, columns: Mapping[str, Any]) -> None:
        """Each step is in the audit."""
        for code, before, to in await (await conn.execute(SQL.channels_stepped, columns)).fetchall():
            note = "its recorder or platform has deleted it" if to == "retired" else "it is told of again"
            log.info("%s is %s: %s", code, to, note)
            await write(conn, Entry(_ACTOR, "device.step", code, {"from": before, "to": to, "note": note}))
