"""Grouping of storms: what is beyond a number of changes within a time is told to a consumer in summaries.

Decided under the lock of alerts, from rows: all processes agree, and there is no row for each consumer and change.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

import psycopg

from hub.alerts.alert import Applied
from hub.alerts.recipients import Owed, subscriptions
from hub.alerts.routing import Grouping
from hub.models import LEVEL_NAMES
from hub.store.statements import statements

SQL = statements(__name__)

RED = len(LEVEL_NAMES)


class Deliveries(NamedTuple):
    """What consumers get of some changes."""

    single: list[Owed]
    grouped: Mapping[UUID, Sequence[int]]
    """Consumers that are told in a summary, by the change."""


async def grouped(conn: psycopg.AsyncConnection, applied: Sequence[Applied], owed: list[Owed]) -> Deliveries:
    """Divide what is owed into what is sent singly and what is told in summaries.

    What becomes red, what is kept back and what has a reason of its own is never grouped; drills are not counted
    either, so that they cannot group what is real. Nothing overtakes: where a change is sent singly, those of its alert
    that wait for a summary are sent singly, before it.
    """
    groupings = (await subscriptions(conn)).groupings
    drills = {alert.id for _, alert in applied if alert.drill_id is not None}
    real = [each for each in owed if each.alert_id not in drills] if drills else owed
    counted = {each.consumer_id for each in real if each.consumer_id in groupings and each.now} if groupings else None
    if not counted:
        return Deliveries(owed, {})
    storms = {
        consumer: Storm(groupings[consumer], recent, now)
        for consumer, recent, now in await (await conn.execute(SQL.recent, {"ids": list(counted)})).fetchall()
    }
    red = {
        change.id
        for change, alert in applied
        if alert.level == RED and change.kind in ("raised", "updated", "reopened")
    }
    single, groups = divide(real, storms, red)
    await conn.execute(SQL.count, _columns(storms, {each for group in groups.values() for each in group}))
    later = {(each.alert_id, each.consumer_id) for each in single if each.consumer_id in storms and each.seq > 1}
    await apart(conn, later)
    return Deliveries(single + [each for each in owed if each.alert_id in drills], groups)


class Storm:
    """The last changes for a consumer, and whether further ones are grouped."""

    def __init__(self, grouping: Grouping, recent: Sequence[datetime], now: datetime) -> None:
        begin = now - timedelta(seconds=grouping.within_s)
        self.grouping, self.now = grouping, now
        self._recent = [each for each in recent if each > begin][-grouping.after :]
        self._more = 0

    def more(self) -> bool:
        """Count one more change; whether it is grouped."""
        self._more += 1
        return len(self._recent) + self._more > self.grouping.after

    @property
    def recent(self) -> list[datetime]:
        """When the last changes were made, the newest last: as many as are sent singly."""
        after = self.grouping.after
        return (self._recent + [self.now] * min(self._more, after))[-after:]


def divide(owed: Sequence[Owed], storms: Mapping[int, Storm], alone: Collection[UUID]) -> Deliveries:
    """As `grouped`; `alone` are the changes that are never grouped."""
    groups, single = defaultdict[UUID, list[int]](list), list[Owed]()
    # Of most alerts there is one change at a time: a million of these are divided in 2 s.
    changes = Counter(alert for alert, _ in {(each.alert_id, each.seq) for each in owed})
    waiting = defaultdict[tuple[UUID, int], list[Owed]](list)
    for each in owed:
        storm = storms.get(each.consumer_id)
        if storm is None or not each.now:
            single.append(each)
        elif storm.more() and each.why is None and each.change_id not in alone:
            groups[each.change_id].append(each.consumer_id)
            if changes[each.alert_id] > 1:
                waiting[each.alert_id, each.consumer_id].append(each)
        else:
            for before in waiting.pop((each.alert_id, each.consumer_id), ()):
                groups[before.change_id].remove(before.consumer_id)
                single.append(before)
            single.append(each)
    return Deliveries(single, groups)


async def ungroup(conn: psycopg.AsyncConnection, code: str) -> None:
    """Send singly all that waits for a summary of a consumer that wants none any more. Inside its transaction, first.

    Alerts do not change until the commit: none is grouped by what was, and none overtakes what was grouped.
    """
    await conn.execute(SQL.alert_lock)
    await conn.execute(SQL.single, {"code": code})
    await conn.execute(SQL.over, {"code": code})


async def apart(conn: psycopg.AsyncConnection, owed: Collection[tuple[UUID, int]]) -> None:
    """Send singly what waits for a summary of these alerts, for these consumers. Inside a transaction."""
    if owed:
        alerts, consumers = map(list, zip(*owed, strict=True))
        await lock(conn, consumers)
        await conn.execute(SQL.apart, {"alerts": alerts, "consumers": consumers})


async def lock(conn: psycopg.AsyncConnection, consumers: Sequence[int]) -> None:
    """Nothing more is grouped for these consumers until the commit; the consumers first, as who deletes one does."""
    await conn.execute(SQL.lock_consumers, {"ids": consumers})
    await conn.execute(SQL.lock, {"ids": consumers})


def _columns(storms: Mapping[int, Storm], grouping: Collection[int]) -> dict[str, list[object]]:
    return {
        "ids": list(storms),
        "recent": [f"{{{','.join(each.isoformat() for each in storm.recent)}}}" for storm in storms.values()],
        "due_at": [
            storm.now + timedelta(seconds=storm.grouping.every_s) if consumer in grouping else None
            for consumer, storm in storms.items()
        ],
    }
