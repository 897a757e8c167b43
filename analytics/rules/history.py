"""Tries a rule on stored history: one at a time, for it costs a core."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from analytics.detection.stored import read_days
from analytics.rules.definitions import EventRule, Rule, read_rules
from analytics.rules.expressions.past import of_neighbours
from analytics.rules.flapped import flapped
from analytics.rules.flaps import Limits
from analytics.rules.neighbour_history import over_neighbours
from analytics.rules.past_times import Works, opens_at, read_works
from analytics.rules.series_history import over_series
from analytics.rules.slots import NEVER
from analytics.rules.trial import of_events
from devices.codecs.local_time import zone_of
from hub.alerts.trial import Connect, Trial, TrialsBusyError
from hub.duty.calendar import Calendar
from hub.models import Event, Micros, to_micros
from hub.store.statements import statements

SQL = statements(__name__)

EVENTS = 100_000
"""Events that one trial looks at; a second for the hub's other work."""
WAITING = 2
"""Trials that wait for the one that runs; more are refused."""


class RuleHistory:
    """See RuleTrial; one trial at a time in this process, for it costs a core."""

    def __init__(self, stale_after_s: float | None = None, flapping: Limits | None = None) -> None:
        """Events that came later than `stale_after_s` raise nothing, as when they are received; None: any may. Without
        limits nothing flaps."""
        self._flapping = flapping
        self._stale_after = NEVER if stale_after_s is None else round(stale_after_s * 1_000_000)
        self._turn, self._waiting = asyncio.Lock(), 0

    async def __call__(self, connect: Connect, rule: Mapping[str, Any], since: datetime, until: datetime) -> Trial:
        """See RuleTrial. The turn comes before the connection: who waits holds none that deliveries want."""
        if self._waiting > WAITING:
            raise TrialsBusyError
        (definition,) = read_rules([rule])
        self._waiting += 1
        try:
            async with self._turn:
                trial = await self._tried(connect, definition, since, until)
                trial.alerts = flapped(definition, trial.alerts, self._flapping, to_micros(until))
                return trial
        finally:
            self._waiting -= 1

    async def _tried(self, connect: Connect, rule: Rule, since: datetime, until: datetime) -> Trial:
        if isinstance(rule, EventRule):
            return await self._over_events(connect, rule, since, until)
        looks_around = rule.signal == "unshared" or of_neighbours(rule)
        return await (over_neighbours if looks_around else over_series)(connect, rule, since, until)

    async def _over_events(self, connect: Connect, rule: EventRule, since: datetime, until: datetime) -> Trial:
        period = {"kind": rule.kind, "profile": rule.profile_id, "since": since, "until": until, "most": EVENTS + 1}
        period |= rule.scope.parameters()
        async with connect() as conn, conn.cursor(binary=True) as cursor:
            rows = await (await cursor.execute(SQL.events, period)).fetchall()
            calendar = Calendar(dict(await read_days(conn)))
            works = await read_works(conn, rule, since, until)
        return await asyncio.to_thread(_judged, rule, rows, self._stale_after, until, calendar, works)


def _judged(
    rule: EventRule,
    rows: Sequence[tuple[Any, ...]],
    stale_after: Micros,
    until: datetime,
    calendar: Calendar,
    works: Works,
) -> Trial:
    events = [
        Event(id_, device_id, device, to_micros(ts), to_micros(received), rule.kind, state, level, part=part)
        for id_, device_id, device, ts, received, state, level, part, _ in rows[:EVENTS]
    ]
    zones = {device: zone for _, _, device, *_, zone in rows[:EVENTS]} if rule.schedule or works else {}
    told = {
        device: opens_at(rule, calendar, zone_of(zone), works.get(device, ()))
        for device, zone in zones.items()
    }  # fmt: skip
    alerts = sorted(
        of_events(rule, events, stale_after, to_micros(until), told or None), key=lambda alert: alert.device
    )
    return Trial(alerts, len({event.device_id for event in events}), len(events), len(rows) <= EVENTS)
