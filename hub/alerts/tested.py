"""What was the proof of a test and is real: those who were told of a drill hear that it is none, and how it goes on."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from hub.alerts.alert import Applied
from hub.alerts.recipients import Owed, stored_places, subscriptions
from hub.store.statements import statements

SQL = statements(__name__)


async def tested(conn: psycopg.AsyncConnection, applied: Sequence[Applied], owed: Sequence[Owed]) -> list[Owed]:
    """What consumers of tests get of these changes beside what is owed, as far as their organisations may see it.

    After the fallback consumer is decided: that they hear it does not mean that somebody sees to it.
    """
    real = [each for each in applied if each.alert.drill_id is None and each.change.kind != "raised"]
    if not real:
        return []
    found = await (await conn.execute(SQL.tested, {"ids": list({alert.id for _, alert in real})})).fetchall()
    if not found:
        return []
    wanted = defaultdict[UUID, list[int]](list)
    for alert, consumer in found:
        wanted[alert].append(consumer)
    routes, places, now = await subscriptions(conn), await stored_places(conn, set(wanted)), datetime.now(UTC)
    owners = {each.id: each.owner for each in routes.subscribers if each.enabled}
    gets = {(each.change_id, each.consumer_id) for each in owed}
    return [
        Owed(change.id, alert.id, alert.seq, consumer)
        for change, alert in real
        for consumer in wanted.get(alert.id, ())
        if consumer in owners
        and (change.id, consumer) not in gets
        and ((owner := owners[consumer]) is None or routes.reach.sees(owner, places[alert.id], now))
    ]
