"""Nobody falls through: what is red goes to the fallback consumer where nobody else gets it, or accepts it in time."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from uuid import UUID

import psycopg

from hub.alerts.alert import Alert, Applied, Change
from hub.alerts.kept_back import kept_back
from hub.alerts.recipients import Owed, stored_places, subscriptions
from hub.models import LEVEL_NAMES
from hub.store.statements import statements

SQL = statements(__name__)

RED = len(LEVEL_NAMES)
WAIT_S = 30.0
"""Within which somebody is to have accepted a red alert."""


async def fallen(conn: psycopg.AsyncConnection, applied: Sequence[Applied], owed: Sequence[Owed]) -> list[Owed]:
    """What the fallback consumer gets of these changes beside its filters; a new red is watched from now on.

    An exercise is not: it is for its own consumers. What is red of a device under test goes to the fallback consumer at
    once, with the mark of a drill: who tests is not who would hear of a real one. Without a fallback consumer it goes
    to whom it would go if it were real.

    Under the lock of alerts, like all that changes them.
    """
    reds = [
        each for each in applied if each.alert.peak_level == RED and (each.alert.drill_id is None or each.alert.tested)
    ]
    if not reds:
        return []
    ids = {alert.id for _, alert in reds}
    known: dict[UUID, str | None] = dict(await (await conn.execute(SQL.known, {"ids": list(ids)})).fetchall())
    fallback = (await subscriptions(conn)).fallback
    watched, extra = dict[UUID, tuple[int, str | None]](), list[Owed]()
    mine = [each for each in owed if each.alert_id in ids]
    reached, gets = {(each.alert_id, each.seq) for each in mine}, {each[:4] for each in mine}
    for change, alert in reds:
        if alert.id not in watched and _begins(change, alert, known):
            why = "tested" if alert.tested else None if (alert.id, alert.seq) in reached else "unmatched"
            known[alert.id] = None if fallback is None else why
            watched[alert.id] = (alert.seq, known[alert.id])
        elif alert.id not in known:
            continue
        why = known[alert.id]
        if why is not None and fallback is not None and (change.id, alert.id, alert.seq, fallback) not in gets:
            extra.append(Owed(change.id, alert.id, alert.seq, fallback, why))
    if fallback is None and (tests := [each for each in reds if each.alert.tested]):
        extra += await _as_if_real(conn, tests, gets)
    if watched:
        seqs, whys = map(list, zip(*watched.values(), strict=True))
        await conn.execute(SQL.watch, {"ids": list(watched), "seqs": seqs, "whys": whys, "wait_s": WAIT_S})
    return extra


async def _as_if_real(
    conn: psycopg.AsyncConnection, tests: Sequence[Applied], gets: Collection[tuple[UUID, UUID, int, int]]
) -> list[Owed]:
    """What consumers get of red alerts of devices under test since nobody else would be told; they have their mark.

    What keeps real ones back (silences, quiet hours, inhibition) keeps these back.
    """
    routes, now = await subscriptions(conn), datetime.now(UTC)
    places = await stored_places(conn, {alert.id for _, alert in tests}, routes.border_m)
    found = list[Owed]()
    for change, alert in tests:
        place = places[alert.id]._replace(drill=None, tested=False)
        for consumer in routes.recipients(place, now):
            kept = kept_back(routes, change.kind, place, consumer, now) or ()
            owed = Owed(change.id, alert.id, alert.seq, consumer, "tested", *kept)
            if owed[:4] not in gets:
                found.append(owed)
    return found


def _begins(change: Change, alert: Alert, known: Mapping[UUID, str | None]) -> bool:
    """Whether an alert is to be watched from a change on: it is red for the first time, or again."""
    if alert.id not in known:
        return change.kind in ("raised", "updated")
    again = alert.level == RED and alert.cleared_at is None and change.kind in ("updated", "reopened")
    return again and known[alert.id] is None
