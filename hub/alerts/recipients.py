"""Who gets what is written now: reads what routing goes by, once for each of its revisions."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from hub.alerts.alert import Applied
from hub.alerts.chains import Chains, stored_chain
from hub.alerts.kept_back import KeptBack, kept_back
from hub.alerts.quiet import stored_quiet
from hub.alerts.reach import Reach, SharedAlerts
from hub.alerts.routing import (
    NOWHERE,
    Grouping,
    Inhibitor,
    Place,
    Sight,
    Subscriber,
    Subscriptions,
    stored_filter,
)
from hub.alerts.silences import Silence
from hub.alerts.waiting import waiting
from hub.store.statements import statements

SQL = statements(__name__)

DEEPEST = 8
"""Gateways behind gateways: alerts of one batch that inhibit each other are decided from the outermost on."""


class Owed(NamedTuple):
    """A change that a consumer gets."""

    change_id: UUID
    alert_id: UUID
    seq: int
    consumer_id: int
    why: str | None = None
    """unmatched, unaccepted, tested: why the fallback consumer gets it; escalated: by a chain; None: by a filter."""
    silence_id: UUID | None = None
    """By which it is kept back."""
    quiet_until: datetime | None = None
    """Until when quiet hours of the consumer keep it back."""
    inhibited_by: UUID | None = None
    """The alert that keeps it back."""

    @property
    def now(self) -> bool:
        """Whether nothing keeps it back."""
        return self.silence_id is None and self.quiet_until is None and self.inhibited_by is None


_known: dict[UUID, Subscriptions] = {}
"""The last revision that this process has read. Revisions are unique, also among databases."""


async def subscriptions(conn: psycopg.AsyncConnection) -> Subscriptions:
    """What routing goes by as this connection sees it now; one small query while nothing has changed."""
    row = await (await conn.execute(SQL.revision)).fetchone()
    if row is not None and (known := _known.get(row[0])) is not None:
        return known
    # One statement, so that the revision belongs to the rows.
    async with conn.cursor(row_factory=dict_row) as cursor:
        found = await (await cursor.execute(SQL.subscriptions)).fetchone() or {}
    read = _subscriptions(found)
    _known.clear()
    _known[found["revision"]] = read
    return read


def _subscriptions(found: Mapping[str, Any]) -> Subscriptions:
    areas = {code: (_time(begins), _time(ends)) for code, begins, ends in found["areas"]}
    shares = [
        SharedAlerts(UUID(id_), owner, consumer, _set(devices), _set(metrics), _set(kinds), _time(valid_to), top)
        for id_, owner, consumer, devices, metrics, kinds, valid_to, top in found["shares"]
    ]
    organisations = found["organisations"]
    silences = [
        Silence(UUID(id_), stored_filter(wanted, areas), device, level, *map(datetime.fromisoformat, times))
        for id_, wanted, device, level, *times in found["silences"]
    ]
    return Subscriptions(
        [
            Subscriber(
                id_,
                code,
                owner,
                tuple(stored_filter(each, areas) for each in filters),
                enabled,
                fallback,
                stored_quiet(quiet),
                None if grouping is None else Grouping(**grouping),
            )
            for id_, code, owner, filters, enabled, fallback, quiet, grouping in found["consumers"]
        ],
        Reach(
            {code: parent for code, parent, _ in organisations if parent is not None},
            {code: region for code, _, region in organisations if region is not None},
            shares,
        ),
        silences,
        Chains((stored_chain(*each, areas=areas) for each in found["chains"]), left=found["chains_left"]),
    )


async def owed(conn: psycopg.AsyncConnection, applied: Sequence[Applied]) -> list[Owed]:
    """Who gets which of these changes, in their order."""
    if not applied or not (routes := await subscriptions(conn)).subscribers:
        return []
    places, now = await stored_places(conn, {alert.id for _, alert in applied}, routes.border_m), datetime.now(UTC)
    recipients = routes.recipients_of(now)
    found: list[list[Owed]] = [[] for _ in applied]
    inhibitors = {above.alert for place in places.values() for above in place.inhibitors}
    order = _parents_first(applied, places) if inhibitors else range(len(applied))
    told, now_at = defaultdict[UUID, dict[int, int]](dict), {alert.id: alert.level for _, alert in applied}
    for at in order:
        change, alert = applied[at]
        place = places[alert.id]._replace(level=alert.place.level)
        if place.inhibitors:
            place = also_told(place, told)
        may_wait = routes.keeps_back or bool(place.inhibitors) or place.waits_until is not None
        for consumer in recipients(place):
            kept = kept_back(routes, change.kind, place, consumer, now) if may_wait else None
            found[at].append(Owed(change.id, alert.id, alert.seq, consumer, None, *(kept or ())))
            if alert.id in inhibitors:
                tell(told[alert.id], place, consumer, min(alert.level, now_at[alert.id]), kept)
    return [each for of_one in found for each in of_one]


def tell(told: dict[int, int], place: Place, consumer: int, level: int, kept: KeptBack | None) -> None:
    """Note at which level a consumer is told of an alert now, or of what keeps it back from him."""
    if kept is None:
        told[consumer] = max(told.get(consumer, 0), level)
    elif kept.inhibited_by is not None:
        root = next(each.told[consumer] for each in place.inhibitors if each.alert == kept.inhibited_by)
        told[consumer] = max(told.get(consumer, 0), root)


def also_told(place: Place, told: Mapping[UUID, Mapping[int, int]]) -> Place:
    """A place of which more is known: who is told, by this transaction, of what inhibits it, and at which level."""
    return place._replace(inhibitors=tuple(_more(each, told.get(each.alert, {})) for each in place.inhibitors))


def _more(above: Inhibitor, told: Mapping[int, int]) -> Inhibitor:
    known = above.told
    return above._replace(told={**known, **{each: max(level, known.get(each, 0)) for each, level in told.items()}})


def _parents_first(applied: Sequence[Applied], places: Mapping[UUID, Place]) -> list[int]:
    """Where the changes stand, those of alerts that inhibit others before these: who is told of them is known then.

    Each step looks at each alert once: a device that is offline and fifty of its series, silent, inhibit each other.
    """
    above = {alert: _above(alert, places) for alert in places}
    depths, before = dict.fromkeys(places, 0), dict[UUID, int]()
    for _ in range(DEEPEST):
        if depths == before:
            break
        before = depths
        depths = {alert: max((1 + before[each] for each in above[alert]), default=0) for alert in places}
    return sorted(range(len(applied)), key=lambda at: depths[applied[at].alert.id])


def _above(alert: UUID, places: Mapping[UUID, Place]) -> list[UUID]:
    """What of these inhibits one; where two inhibit each other, an event comes before series that are silent."""
    place = places[alert]
    found = [each.alert for each in place.inhibitors if each.alert in places]
    if place.event_kind is None:
        return found
    return [each for each in found if all(below.alert != alert for below in places[each].inhibitors)]


async def stored_places(
    conn: psycopg.AsyncConnection, alerts: Collection[UUID], border_m: float = 0
) -> dict[UUID, Place]:
    """By what alerts are routed, as they are stored; with the borders that are at most `border_m` metres away."""
    asked = {"ids": list(alerts), "border_m": border_m}
    # Planned each time: a plan for tables that were empty took 1.6 s once a storm had filled them.
    found = await (await conn.execute(SQL.places, asked, prepare=False)).fetchall()
    above = await stored_inhibitors(conn, {id_ for *_, inhibitors, _ in found for id_ in inhibitors or ()})
    waits = await waiting(conn, [id_ for id_, *_, behind in found if behind])
    return {
        id_: Place(
            organisation, region, category, level, frozenset(areas), event_kind, device, metric, near or NOWHERE,
            frozenset(told), None if drill is None else frozenset(drill), tested,
            tuple(above[each] for each in inhibitors or ()), waits.get(id_),
        )
        for id_, organisation, region, category, level, areas, event_kind, device, metric, near, told, drill, tested,
            inhibitors, _ in found
    }  # fmt: skip


async def stored_inhibitors(conn: psycopg.AsyncConnection, alerts: Collection[UUID]) -> dict[UUID, Inhibitor]:
    """Alerts that inhibit others, with who was told of them."""
    if not alerts:
        return {}
    found = await (await conn.execute(SQL.told_of, {"ids": list(alerts)})).fetchall()
    return {
        id_: Inhibitor(id_, dict(zip(consumers or (), levels or (), strict=True))) for id_, consumers, levels in found
    }


async def sights(
    conn: psycopg.AsyncConnection, asked: Collection[tuple[UUID, str]]
) -> dict[tuple[UUID, str], Sight | None]:
    """How organisations see alerts now; None: not at all."""
    if not asked:
        return {}
    reach, now = (await subscriptions(conn)).reach, datetime.now(UTC)
    places = await stored_places(conn, {alert for alert, _ in asked})
    return {(alert, owner): reach.sight(owner, places[alert], now) for alert, owner in asked}


def _time(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _set(values: Sequence[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
