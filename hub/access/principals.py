"""People and machines with what they were granted, in memory: asking who may costs no query."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from psycopg.rows import dict_row

from hub.access.caller import Caller, principal
from hub.access.classification import level_named
from hub.access.grants import Grant, granted
from hub.access.permissions import Permission
from hub.access.roles import Role
from hub.access.scope import Share
from hub.access.shares import opened
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

CHANNEL = "ganzhi_access"
"""On which changes are told."""
POLL_S = 30.0
"""Looked at so often at least: a notification may be lost with its connection."""


@dataclass(slots=True, frozen=True)
class Principal:
    """A person or a machine that is active."""

    id: UUID
    kind: Literal["person", "machine"]
    name: str
    organisation: str | None
    grants: tuple[Grant, ...]

    def caller(self, now: datetime) -> Caller:
        """The caller it is, with the grants that are valid at a time."""
        valid = tuple(grant for grant in self.grants if grant.valid(now))
        return principal(self.id, self.kind, self.name, valid, self.organisation)


class Principals:
    """Active principals by id, refreshed from the store as a whole: some thousands."""

    def __init__(self) -> None:
        self._by_id: dict[UUID, Principal] = {}

    def get(self, id_: UUID) -> Principal | None:
        """A principal; None for one that is unknown, locked or erased."""
        return self._by_id.get(id_)

    async def refresh(self, pool: Pool) -> None:
        """Read all of them. Raises StoreUnavailable."""
        with sorted_errors():
            async with pool.connection() as conn, conn.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(SQL.principals.encode())
                found = await cursor.fetchall()
                await cursor.execute(SQL.shares.encode())
                shares = await cursor.fetchall()
        grants: dict[UUID, list[Grant]] = {}
        for row in found:
            held = grants.setdefault(row["id"], [])
            if row["role"] in set(Role):  # a role of a newer version gives nothing here
                limits = (row["granted_organisation"], row["region"], row["area"])
                times = (row["valid_from"], row["valid_to"])
                held.append(granted(Role(row["role"]), *limits, *times, level_named(row["ceiling"])))
        self._by_id = {}
        for row in found:
            id_, organisation, held = row["id"], row["organisation"], grants[row["id"]]
            everything = (*held, *_shared(shares, organisation, held))
            self._by_id[id_] = Principal(id_, row["kind"], row["name"], organisation, everything)


def _shared(shares: Iterable[Mapping[str, Any]], organisation: str | None, held: Iterable[Grant]) -> Iterator[Grant]:
    """What is shared with an organisation, as grants: nobody may do, or read, there what he may nowhere."""
    for row in shares:
        opens = opened(row["kinds"])
        own = [grant for grant in held if opens & grant.permissions]
        if row["consumer"] == organisation and own:
            may = opens.intersection(frozenset[Permission]().union(*(grant.permissions for grant in own)))
            ceiling = min(level_named(row["ceiling"]), max(grant.ceiling for grant in own))
            share = Share(row["id"], row["owner"], row["whole"])
            yield Grant(may, None, None, row["valid_to"], share=share, ceiling=ceiling)
