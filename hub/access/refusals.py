"""Who was not let in, or lacked a permission: counted, and written into the audit every few seconds.

Counted first, so that a flood of wrong tokens costs an entry now and then, not one each.
"""

import asyncio
import ipaddress
import logging
from datetime import UTC, datetime
from typing import NamedTuple

from starlette.requests import HTTPConnection

from hub.audit.entry import Entry, write
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors

log = logging.getLogger(__name__)

EVERY_S = 5.0
"""How often they are written; a kill loses what was counted since."""
KINDS = 500
"""Of refusals that are told apart in that time; the rest is counted together, by who it was."""
_SHOWN = frozenset({"authorization", "cookie", "x-ganzhi-secret"})
NOBODY = "nobody"


class _Kind(NamedTuple):
    status: int
    actor: str
    address: str | None
    subject: str


_OTHERS = _Kind(0, NOBODY, None, "others")


def _network(address: str) -> str:
    """An IPv4 address, or the IPv6 network of 64 bits, which one machine has to itself."""
    try:
        known = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(known.ipv4_mapped or ipaddress.ip_network((known, 64), strict=False))


class Refusals:
    """Counts of refused requests since they were last written."""

    def __init__(self) -> None:
        self._counts: dict[_Kind, tuple[datetime, int]] = {}

    def count(self, connection: HTTPConnection, status: int, actor: str = NOBODY) -> None:
        """Count one. Who shows nothing at all has not tried to be somebody, and does not count."""
        if actor == NOBODY and _SHOWN.isdisjoint(connection.headers):
            return
        address = None if connection.client is None else _network(connection.client.host)
        route = getattr(connection.scope.get("route"), "path", connection.url.path)
        kind = _Kind(status, actor, address, f"{connection.scope.get('method', 'GET')} {route}")
        if kind not in self._counts and len(self._counts) >= KINDS:
            kind = _OTHERS._replace(actor=actor)
        since, number = self._counts.get(kind, (datetime.now(UTC), 0))
        self._counts[kind] = since, number + 1

    async def write(self, pool: Pool) -> None:
        """Write what was counted since; kept when that fails. Raises HubError."""
        counts = dict(self._counts)
        with sorted_errors():
            async with pool.connection() as conn, conn.transaction():
                for kind, (since, number) in counts.items():
                    detail = {"status": kind.status or None, "requests": number, "since": since.isoformat()}
                    await write(conn, Entry(kind.actor, "access.refused", kind.subject, detail, kind.address))
        for kind, (_, number) in counts.items():
            since, now = self._counts.pop(kind)
            if now > number:
                self._counts[kind] = since, now - number

    async def keep_writing(self, pool: Pool) -> None:
        """Write forever; an outage is reported elsewhere."""
        while True:
            await asyncio.sleep(EVERY_S)
            if self._counts:
                try:
                    await self.write(pool)
                except HubError as error:
                    log.debug("refusals wait for the audit: %s", error)
