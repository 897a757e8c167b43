"""Data that an organisation lets another see: which shares count, and each use of one (跨部门授权, 数据调用留痕)."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal
from uuid import UUID

from psycopg import AsyncConnection

from hub.access.caller import Caller
from hub.access.permissions import Permission
from hub.store.pool import Pool
from hub.store.statements import statements

SQL = statements(__name__)

Kind = Literal["devices", "readings", "events", "alerts"]
State = Literal["asked", "granted", "refused", "revoked", "withdrawn"]

_OPENS: dict[str, Permission] = {
    "devices": Permission.DEVICES_READ,
    "readings": Permission.READINGS_READ,
    "events": Permission.EVENTS_READ,
    "alerts": Permission.ALERTS_READ,
}
STEPS: frozenset[tuple[State, State]] = frozenset(
    {
        ("asked", "granted"),
        ("asked", "refused"),
        ("asked", "withdrawn"),
        ("granted", "revoked"),
        ("granted", "withdrawn"),
    }
)


def opened(kinds: Iterable[str]) -> frozenset[Permission]:
    """The permissions that shared kinds of data stand for."""
    return frozenset(_OPENS[kind] for kind in kinds if kind in _OPENS)


async def use(pool: Pool, caller: Caller) -> Caller:
    """Count and audit the use of the shares in a caller's scope; those that count no more are taken from it.

    Raises psycopg.Error when it cannot be counted: what is not counted is not shown.
    """
    if not caller.scope.shares:
        return caller
    given = {"shares": [share.id for share in caller.scope.shares], "actor": caller.actor, "address": caller.address}
    async with pool.connection() as conn, conn.transaction():
        found = await (await conn.execute(SQL.use.encode(), given)).fetchall()
    counted = {id_ for id_, _ in found}
    return replace(caller, scope=caller.scope.with_shares(counted))


async def count_uses(conn: AsyncConnection, uses: Iterable[tuple[str, UUID]]) -> None:
    """Count that consumers, by their codes, were told of alerts by shares; in the transaction that settles it."""
    if counted := Counter(uses):
        codes, shares = zip(*counted, strict=True)
        values = {"actors": [f"consumer:{code}" for code in codes], "shares": list(shares)}
        await conn.execute(SQL.count, {**values, "uses": list(counted.values())})
