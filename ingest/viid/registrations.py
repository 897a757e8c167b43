"""Registrations: who sends from where, and was heard when. They are stored before they are answered, so that who is
registered still is after a restart, and a notification that was not answered is taken when it is repeated.
"""

from collections import Counter
from dataclasses import dataclass

from hub.errors import HubError
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements
from ingest.viid.limits import REGISTERED

SQL = statements(__name__)


@dataclass(slots=True)
class Registration:
    """A registered platform or device."""

    id: str
    host: str
    heard_at: float
    """Seconds of the loop's clock."""


class Registrations:
    """Those of this hub, in memory and, with a pool, in the table viid_registration. Times of the loop's clock."""

    def __init__(self, pool: Pool | None) -> None:
        self._pool = pool
        self._of: dict[str, Registration] = {}
        self._dropped = Counter[str]()
        """Objects about persons of each, that are not written yet."""

    def __len__(self) -> int:
        return len(self._of)

    async def load(self, now: float) -> None:
        """As they were before a restart; each has its whole time. StoreUnavailable."""
        if self._pool is None:
            return
        with sorted_errors():
            async with self._pool.connection() as conn:
                rows = await (await conn.execute(SQL.registrations)).fetchall()
        for id_, host in rows:
            self._of.setdefault(id_, Registration(id_, host, now))

    def has_room(self, id_: str) -> bool:
        """Whether it may register."""
        return id_ in self._of or len(self._of) < REGISTERED

    def heard(self, id_: str, host: str, now: float) -> bool:
        """Whether it has registered from there; then it is alive."""
        found = self._of.get(id_)
        if found is None or found.host != host:
            return False
        found.heard_at = now
        return True

    async def put(self, id_: str, host: str, agent: str, now: float) -> str | None:
        """Register one; the host that it was registered from before. StoreUnavailable: it is not."""
        if self._pool is not None:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.registered, {"id": id_, "host": host, "agent": agent})
        before = self._of.get(id_)
        self._of[id_] = Registration(id_, host, now)
        return None if before is None else before.host

    async def drop(self, id_: str) -> None:
        """One is gone. StoreUnavailable: it is still there."""
        found = self._of.get(id_)
        if found is None:
            return
        if self._pool is not None:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.gone, {"id": id_, "host": found.host})
        if self._of.get(id_) is found:  # it has not registered anew meanwhile
            del self._of[id_]

    def dropped(self, id_: str, count: int) -> None:
        """One has sent so many objects about persons; what a crash forgets is not counted."""
        if id_ in self._of:
            self._dropped[id_] += count

    async def write(self) -> None:
        """Write what was counted. StoreUnavailable: it is written later."""
        if self._pool is None or not self._dropped:
            return
        taken, self._dropped = self._dropped, Counter[str]()
        try:
            with sorted_errors():
                async with self._pool.connection() as conn:
                    await conn.execute(SQL.dropped, {"id": list(taken), "count": list(taken.values())})
        except HubError:
            self._dropped += taken
            raise

    def silent(self, since: float) -> list[str]:
        """Who was not heard since."""
        return [each.id for each in self._of.values() if each.heard_at < since]
