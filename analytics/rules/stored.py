"""Loads rules incrementally, and the past state at startup."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any
from uuid import UUID

import numpy as np
import psycopg

from analytics.rules.alerts import Key, Open
from analytics.rules.definitions import EventRule, Rule, read_rules
from analytics.rules.events import OVER, TOO_LATE, Newest
from analytics.rules.places import part_of, place_of
from analytics.rules.slots import LONG_AGO
from devices.vocabulary import LATCHING, MOMENTARY
from hub.alerts.titles import part_in
from hub.models import Columns, Event, Micros
from hub.quality import Quality
from hub.store.revision import NOTHING
from hub.store.statements import statements

SQL = statements(__name__)


@dataclass(slots=True, frozen=True)
class RuleNews:
    """Changed rules."""

    snapshot: str
    """`since` of the next look."""
    changed: list[Rule]
    """Enabled rules that changed, or whose profile did."""
    enabled: bytes
    """Ids of all enabled rules, ascending, as int4: to be compared with those of the look before."""

    def gone(self, before: bytes) -> list[int]:
        """Ids that are no longer among them."""
        if before == self.enabled:
            return []
        gone: list[int] = np.setdiff1d(np.frombuffer(before, ">i4"), np.frombuffer(self.enabled, ">i4")).tolist()
        return gone


@dataclass(slots=True, frozen=True)
class Past:
    """State from before the start."""

    active: dict[Key, Open]
    """Alerts whose condition lasts."""
    cleared: list[tuple[int, int, Micros]]
    """(rule id, series id, when its last alert cleared) of rules with an expression"""
    recent: Columns
    """The end of each series that a rule with a hold time watches."""
    lags: dict[int, Micros]
    """By such a series, by how much the clock of its device is slow, where it is."""


async def read_rule_news(conn: psycopg.AsyncConnection, since: str = NOTHING) -> RuleNews:
    """Changes since a snapshot."""
    ((snapshot, changed, enabled),) = await _rows(conn, SQL.news, since=since, first=since == NOTHING)
    return RuleNews(snapshot, read_rules(changed or []), enabled)


async def read_past(conn: psycopg.AsyncConnection, stale_after: Micros) -> Past:
    """Load the state from before the start; the table `latest` must be up to date (hub/store/latest.py, catch_up).

    Events that were received more than `stale_after` after they happened say nothing; see events.is_stale.
    """
    kinds = {"latching": sorted(LATCHING), "momentary": sorted(MOMENTARY)}
    active = await _rows(conn, SQL.active, **kinds, too_late=TOO_LATE, stale_after=stale_after)
    return Past(
        active={(rule, watched, place): _open(place, *alert) for rule, watched, place, *alert in active},
        cleared=await _rows(conn, SQL.cleared),
        recent=_columns(await _rows(conn, SQL.recent, late=int(Quality.LATE))),
        lags=dict(await _rows(conn, SQL.lags)),
    )


def _open(
    place: str, id_: UUID, title: str, kind: str | None, level: int, peak: int, changed: Micros, ended: str,
    said: Micros | None, lag: Micros,
) -> Open:  # fmt: skip
    where = part_in(title, kind) if kind is not None and part_of(place) else ""
    alert = Open(id_, level, peak, changed, ended, where=where)
    return alert if said is None else alert._replace(said=said, lag=lag)


@dataclass(slots=True, frozen=True)
class Repeated:
    """What rules that count events, or pause after an alert, have to know of the past."""

    rules: frozenset[int] = frozenset()
    events: list[Event] = field(default_factory=list)
    """Of their kinds, each once, in the order of arrival: as many of a device as a rule counts, and all since its pause
    began."""
    raised: dict[Key, Micros] = field(default_factory=dict)
    """When the event of its last alert counts, of rules that pause."""

    def __add__(self, more: "Repeated") -> "Repeated":
        once = {event.id: event for event in (*self.events, *more.events)}
        events = sorted(once.values(), key=attrgetter("received", "ts"))
        return Repeated(self.rules | more.rules, events, self.raised | more.raised)


async def read_repeated(
    conn: psycopg.AsyncConnection, rules: Collection[EventRule], newest: Newest, stale_after: Micros
) -> Repeated:
    """What those of these rules have to know that count events or pause; `newest` are those of their kinds."""
    repeating = {rule.id: rule for rule in rules if rule.count > 1 or rule.cooldown}
    if not repeating:
        return Repeated()
    pausing = [rule.id for rule in repeating.values() if rule.cooldown]
    raised = {(rule, device, place): at for rule, device, place, at in await _rows(conn, SQL.raised, rules=pausing)}
    asked = _asked(repeating, newest, raised)
    kinds, devices, places = zip(*asked, strict=True) if asked else ((), (), ())
    since, most = zip(*asked.values(), strict=True) if asked else ((), ())
    columns = {"kinds": list(kinds), "devices": list(devices), "parts": [part_of(place) or "" for place in places]}
    columns |= {"since": list(since), "most": list(most)}
    said = await _rows(conn, SQL.repeated, **columns, stale_after=stale_after)
    return Repeated(frozenset(repeating), [Event(*each) for each in said], raised)


def _asked(
    rules: Mapping[int, EventRule], newest: Newest, raised: Mapping[Key, Micros]
) -> dict[tuple[str, int, str], tuple[Micros, int | None]]:
    """By kind, device and place since when events are needed, and how many of those that count; None: all there are."""
    within, count = dict[str, Micros](), dict[str, int]()
    for rule in rules.values():
        within[rule.kind] = max(within.get(rule.kind, 0), rule.within)
        count[rule.kind] = max(count.get(rule.kind, 1), rule.count)
    asked: dict[tuple[str, int, str], tuple[Micros, int | None]] = {
        (kind, device, place): (at - within[kind], count[kind])
        for (kind, device), places in newest.items()
        if count.get(kind, 1) > 1
        for place, at in places.items()
        if not place.endswith(OVER)
    }
    for (id_, device, place), since in raised.items():
        rule, key = rules[id_], (rules[id_].kind, device, place)
        known = newest.get(key[:2], {}).get(place, LONG_AGO)
        if since <= known < since + 2 * rule.cooldown:  # later ones have ended the pause
            before = asked[key][0] if key in asked else since
            asked[key] = min(before, since - within[rule.kind]), None
    return asked


async def read_newest_events(conn: psycopg.AsyncConnection, kinds: Collection[str], stale_after: Micros) -> Newest:
    """The times of the newest events of these kinds, however old they are."""
    found: Newest = {}
    if kinds:
        wanted = {"kinds": sorted(kinds), "latching": sorted(LATCHING), "stale_after": stale_after}
        for kind, device, part, over, ts in await _rows(conn, SQL.newest_events, **wanted):
            found.setdefault((kind, device), {})[place_of(part) + (OVER if over else "")] = ts
    return found


async def _rows(conn: psycopg.AsyncConnection, name: str, **parameters: object) -> list[tuple[Any, ...]]:
    async with conn.cursor(binary=True) as cursor:
        return await (await cursor.execute(name, parameters)).fetchall()


def _columns(rows: list[tuple[Any, ...]]) -> Columns:
    ts, series, value, quality = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Columns(
        np.array(ts, np.int64), np.array(series, np.int32), np.array(value, np.float64), np.array(quality, np.int16)
    )
