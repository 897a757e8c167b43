"""Which channels are degraded. It is told over others: the fallback consumer gets it where no other would hear."""

from collections.abc import Sequence

import psycopg

from hub.alerts.alert import Applied
from hub.alerts.own_kinds import OwnKind
from hub.alerts.recipients import Owed, subscriptions
from hub.store.statements import statements

SQL = statements(__name__)

KIND: OwnKind = "channel_degraded"


async def degraded(conn: psycopg.AsyncConnection) -> dict[str, str | None]:
    """The organisations of the consumers whose channels are degraded, by code; None: of the whole hub."""
    return dict(await (await conn.execute(SQL.degraded)).fetchall())


async def elsewhere(conn: psycopg.AsyncConnection, applied: Sequence[Applied], owed: Sequence[Owed]) -> list[Owed]:
    """What the fallback consumer gets of these changes, beside what is owed, since only degraded channels would.

    It also gets how an alert goes on of which it was told so.
    """
    about = [each for each in applied if each.alert.target.startswith(f"{KIND}:") and each.alert.origin == "hub"]
    if not about:
        return []
    routes = await subscriptions(conn)
    if (fallback := routes.fallback) is None:
        return []
    codes = {each.id: each.code for each in routes.subscribers}
    ids = list({alert.id for _, alert in about})
    silent = {code for (code,) in await (await conn.execute(SQL.deaf)).fetchall()} | (await degraded(conn)).keys()
    rows = await (await conn.execute(SQL.told, {"ids": ids, "fallback": fallback})).fetchall()
    told = {id_ for (id_,) in rows}
    gets, extra = {each[:4] for each in owed}, list[Owed]()
    for change, alert in about:
        deaf = silent | {alert.target.partition(":")[2]}
        heard = any(
            codes.get(each.consumer_id) not in deaf for each in owed if each.change_id == change.id and each.now
        )
        if (not heard or alert.id in told) and (change.id, alert.id, alert.seq, fallback) not in gets:
            extra.append(Owed(change.id, alert.id, alert.seq, fallback, "unmatched"))
    return extra
