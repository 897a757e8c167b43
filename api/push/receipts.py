"""Notes in the outbox what gateways say of messages that they accepted, and sends again what reached nobody."""

from collections.abc import Mapping

from psycopg import AsyncConnection

from api.push.receipt import Receipts
from hub.store.pool import Pool, sorted_errors
from hub.store.statements import statements

SQL = statements(__name__)

WAITS_S = (0.0, 2.0, 10.0)
"""Before a message is sent again whose receipt says that it failed; then no more."""
GIVE_UP_S = 86_400.0
"""A delivery that is older is not sent again."""


async def note(pool: Pool, consumer_id: int, receipts: Receipts) -> Receipts:
    """Note what a consumer's gateway says; what is said again changes nothing. Returns what names no message.

    StoreUnavailable: some of it may be noted; say all of it again.
    """
    with sorted_errors():
        unknown = Receipts(reached=await _reached(pool, consumer_id, receipts.reached))
        for message_id, status in receipts.failed.items():
            async with pool.connection() as conn, conn.transaction():
                if not await _failed(conn, consumer_id, message_id, status):
                    unknown.failed[message_id] = status
    return unknown


async def _reached(pool: Pool, consumer_id: int, statuses: Mapping[str, str]) -> dict[str, str]:
    if not statuses:
        return {}
    values = {"consumer_id": consumer_id, "ids": list(statuses), "statuses": list(statuses.values())}
    async with pool.connection() as conn:
        known = {found[0] for found in await (await conn.execute(SQL.reached, values)).fetchall()}
    return {message_id: status for message_id, status in statuses.items() if message_id not in known}


async def _failed(conn: AsyncConnection, consumer_id: int, message_id: str, status: str) -> bool:
    """Whether there is such a message."""
    asked = {"consumer_id": consumer_id, "message_id": message_id}
    known = await (await conn.execute(SQL.known, asked)).fetchone()
    if known is None:
        return False
    id_, alert_id, seq = known
    await conn.execute(SQL.still, {"alert_id": alert_id})
    await conn.execute(SQL.unclaimed, {"consumer_id": consumer_id, "alert_id": alert_id, "seq": seq})
    judged = {"id": id_, "status": status, "most": len(WAITS_S), "waits_s": list(WAITS_S), "give_up_s": GIVE_UP_S}
    await conn.execute(SQL.failed, judged)
    return True
