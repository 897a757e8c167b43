"""When people may be told of what a rule tried on the past would have found: its schedule, and planned work."""

from collections.abc import Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial

from psycopg import AsyncConnection

from analytics.rules.definitions import Rule
from analytics.rules.schedule import opens
from analytics.rules.windows import Work, free_of
from analytics.rules.withheld import Opens
from hub.duty.calendar import Calendar
from hub.models import RED, Micros
from hub.store.statements import statements

SQL = statements(__name__)

Works = Mapping[str, Sequence[Work]]
"""Planned work by the code of the device."""


def opens_at(rule: Rule, calendar: Calendar, zone: tzinfo, works: Sequence[Work]) -> Opens:
    """When people may be told of a device in a zone."""
    return partial(_opens, rule, calendar, zone, works)


def _opens(rule: Rule, calendar: Calendar, zone: tzinfo, works: Sequence[Work], at: Micros, level: int) -> Micros:
    if level >= RED or rule.danger:
        return at
    return free_of(works, lambda at: opens(rule.schedule, at, zone, calendar), at)


async def read_works(conn: AsyncConnection, rule: Rule, since: datetime, until: datetime) -> Works:
    """Planned work of a period on devices of a rule."""
    period = {"profile": rule.profile_id, "since": since, "until": until} | rule.scope.parameters()
    found: dict[str, list[Work]] = {}
    for device, begin, end in await (await conn.execute(SQL.works, period)).fetchall():
        found.setdefault(device, []).append(Work(begin, end))
    return found
