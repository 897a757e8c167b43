"""What registered devices say of themselves, written into the table of registrations some seconds later, together.

What is not written when the process ends is said again: a keepalive comes each minute.
"""

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime

from psycopg.types.json import Jsonb

from devices.codecs.gb28181.manscdp import Body
from devices.codecs.gb28181.self_report import Alive, Described, alive_of, described_of
from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)
log = logging.getLogger(__name__)

EVERY_S = 10.0
AT_ONCE = 1_000
"""Devices of one statement."""


@dataclass(slots=True)
class _Remark:
    """The newest of one device; None: nothing new."""

    at: datetime = field(default_factory=lambda: datetime.now(UTC))
    alive: Alive | None = None
    described: Described | None = None
    twins: tuple[str, str] | None = None


class Remarks:
    """Bounded by one for each registered device: nobody else is asked about."""

    def __init__(self, pool: Pool | None) -> None:
        """Without a pool nothing is kept."""
        self._pool = pool
        self._of: dict[str, _Remark] = {}

    def told(self, id_: str, body: Body) -> None:
        """A registered device has sent something that can be read."""
        alive, described = alive_of(body), described_of(body)
        if self._pool is not None and (alive is not None or described is not None):
            remark = self._remark(id_)
            remark.alive, remark.described = alive or remark.alive, described or remark.described

    def twins(self, id_: str, newer: str, older: str) -> None:
        """Two devices have its number, at these addresses."""
        if self._pool is not None:
            self._remark(id_).twins = newer, older

    def _remark(self, id_: str) -> _Remark:
        remark = self._of.setdefault(id_, _Remark())
        remark.at = datetime.now(UTC)
        return remark

    async def run(self) -> None:
        """Write what is new, every few seconds."""
        while True:
            await asyncio.sleep(EVERY_S)
            await self.write()

    async def write(self) -> None:
        """Write it now; what could not be written is written later, unless something newer came."""
        while self._pool is not None and self._of:
            some = {id_: self._of.pop(id_) for id_ in list(self._of)[:AT_ONCE]}
            try:
                with sorted_errors():
                    async with self._pool.connection() as conn:
                        await conn.execute(SQL.remarked, {"remarks": Jsonb([_row(*each) for each in some.items()])})
            except HubError as error:
                log.debug("what devices say of themselves waits for the store: %s", error)
                self._of = some | self._of
                return


def _row(id_: str, remark: _Remark) -> dict[str, object]:
    alive, described = remark.alive, remark.described
    return {
        "id": id_,
        "heard_at": None if alive is None else remark.at.isoformat(),
        "status": None if alive is None else alive.status,
        "faulty": None if alive is None else alive.faulty,
        "told_at": None if described is None else remark.at.isoformat(),
        **({} if described is None else {name: value or None for name, value in described._asdict().items()}),
        "twin_at": None if remark.twins is None else remark.at.isoformat(),
        "twin_peers": remark.twins,
    }
