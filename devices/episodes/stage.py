"""Episodes: what a device repeats while it lasts is stored once, and its repeats move its row."""

from collections.abc import Callable, Iterator
from typing import NamedTuple
from uuid import UUID

from devices.episodes.episode import (
    NEVER,
    Episode,
    Key,
    Why,
    at,
    begun_by,
    below,
    continued,
    end_of,
    is_news,
    is_of,
    is_worse,
    key_of,
)
from devices.registry.registry import Registry
from devices.vocabulary import LATCHING
from hub.alert_settings import Events
from hub.models import Batch, Event, Micros
from hub.stage import Connection, Stage
from hub.store.statements import statements

SQL = statements(__name__)

AGAIN: Micros = 1_000_000
"""When one is over, but not everything that was received until then is decided: so long until it is asked."""


class Continuing(list[Event]):
    """All events of a batch, where the device repeats some of them; set by the resolver."""


class Listening(NamedTuple):
    """What the process hears."""

    until: Callable[[Micros], Micros]
    """Up to when, but no later than a time, all that was received is decided."""
    since: Callable[[], Micros | None]
    """Since when everything is received without a gap; None: it is not."""
    owns: Callable[[str], bool]
    """Of which devices, by code, this process decides."""


class _Silent(list[Event]):
    """Ends of a batch that nobody told."""


class _Decision:
    """What a batch makes of episodes."""

    def __init__(self, batch: Batch) -> None:
        self.batch = batch
        self.newest: dict[Key, Episode] = {}
        self.rows: dict[UUID, tuple[Key, Episode]] = {}
        self.older: list[Event] = []
        """Before the newest episode of their place: perhaps of one before that."""

    def note(self, key: Key, episode: Episode) -> None:
        self.newest[key] = episode
        self.rows[episode.id] = key, episode


class Episodes(Stage):
    """Follows what devices repeat while it lasts (Event.continues).

    The first time is an event as any other and begins an episode; what says the same again is no event, no conflict
    and no letter: it moves the episode's `last` and `count`, in one row for each episode and batch (but see is_news).
    An inactive event ends what is at its part and below it, and began before.

    Where nothing more is said for `events.lost_end_s`, all of which the hub listened to (ADR 9), the end was lost: the
    hub says it, in an event with the attribute `ended`, as long after the last time by the clock of the device: where
    that is slow, what it says next is newer than the end. Of kinds that somebody must hear of (LATCHING) it says
    nothing: a camera that burns tells no end of the fire, and only people or the device end the alert.
    """

    def __init__(self, registry: Registry, settings: Events, listening: Listening) -> None:
        self._registry, self._settings, self._listening = registry, settings, listening
        self._newest: dict[Key, Episode] = {}
        self._open: dict[tuple[int, str], set[Key]] = {}
        """Keys of those that last, by device and kind."""
        self._next: Micros = NEVER
        """No open one is over before that, if nothing is said."""
        self._decision: _Decision | None = None

    async def restore(self, conn: Connection) -> None:
        """Read them."""
        rows = await (await conn.execute(SQL.known)).fetchall()
        self._newest, self._open, self._decision = {}, {}, None
        for device, kind, part, code, *values in rows:
            self._adopt(Key(device, kind, part, code), Episode(*values))
        self._next = 0

    def steps(self, batch: Batch) -> Iterator[None]:
        """Leave out of the batch's events what is said again, and add the ends that nobody told."""
        decision = self._decision = _Decision(batch)
        silent = {event.id for event in batch.of(_Silent)}
        given = batch.of(Continuing) or [event for event in batch.events if event.id not in silent]
        kept = [event for event in given if not self._goes_on(event, decision)]
        yield
        lost = _Silent(self._lost(batch, decision))
        batch.put(lost)
        if lost or silent or len(kept) != len(batch.events):
            batch.events = [*kept, *lost]

    def _goes_on(self, event: Event, decision: _Decision) -> bool:
        """Follow an event; whether it says of an episode what is known."""
        if event.state == "inactive":
            self._end_all(event, "told", decision)
            return False
        if not event.continues:
            return False
        key, ts = key_of(event), at(event)
        known = decision.newest.get(key, self._newest.get(key))
        if known is not None and ts < known.begin:
            decision.older.append(event)
            return False
        if known is None or not is_of(known, event):
            decision.note(key, begun_by(event))
            return False
        if known.ended is not None and not is_worse(known, event):
            return True
        decision.note(key, continued(known, event))
        return not is_news(known, event)

    def _end_all(self, event: Event, why: Why, decision: _Decision) -> None:
        """An end ends all at its place and below, of any code, as alerts end: what lasts begins anew, and is told."""
        of = event.device_id, event.kind
        candidates = {*self._open.get(of, ()), *(key for key in decision.newest if key[:2] == of)}
        for key in below(event.part, candidates):
            self._end(key, at(event), why, decision)

    def _end(self, key: Key, ts: Micros, why: Why, decision: _Decision) -> None:
        known = decision.newest.get(key, self._newest.get(key))
        if known is not None and known.ended is None and known.begin <= ts:
            decision.note(key, known._replace(ended=ts, why=why))

    def _lost(self, batch: Batch, decision: _Decision) -> Iterator[Event]:
        """The ends that were to be heard by now."""
        until, since = self._listening.until(batch.now), self._listening.since()
        if since is None or self._first(until, since) > until:
            return
        told: list[Event] = []
        for key in [key for keys in self._open.values() for key in keys]:
            known = decision.newest.get(key, self._newest[key])
            device = self._registry.device(key.device_id)
            if known.ended is not None or device is None or not self._listening.owns(device.code):
                continue
            if (over := self._over(key, known, since)) <= until:
                ts = known.last + over - known.heard
                self._end(key, ts, "silent", decision)
                if key.kind not in LATCHING:
                    told.append(end_of(key, device.code, known, ts, max(ts, batch.now)))
        for event in told:
            self._end_all(event, "silent", decision)
        yield from told

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store them; what is said of an older one is no event of the batch."""
        decision = self._decision
        if decision is None or decision.batch is not batch:
            return
        if decision.older:
            rows = await (await conn.execute(SQL.covered, _places(decision.older))).fetchall()
            covered = {decision.older[place].id for (place,) in rows}
            if covered:
                batch.events = [event for event in batch.events if event.id not in covered]
        if decision.rows:
            await conn.execute(SQL.keep, _columns(decision.rows))

    def adopt(self, batch: Batch) -> None:
        """Take over what a committed batch has made of them."""
        decision, self._decision = self._decision, None
        if decision is None or decision.batch is not batch:
            return
        for key, episode in decision.newest.items():
            self._adopt(key, episode)

    def _adopt(self, key: Key, episode: Episode) -> None:
        self._newest[key] = episode
        if episode.ended is None:
            self._open.setdefault(key[:2], set()).add(key)
            self._next = min(self._next, self._over(key, episode))
        elif keys := self._open.get(key[:2]):
            keys.discard(key)
            if not keys:
                del self._open[key[:2]]

    def due(self, now: Micros) -> Micros | None:
        """When the next end is to be told."""
        if not self._open:
            return None
        since = self._listening.since()
        if since is None:
            return now + AGAIN
        first = self._first(now, since)
        if first >= NEVER:
            return None
        return first if first > now or self._listening.until(now) >= first else now + AGAIN

    def _first(self, now: Micros, since: Micros) -> Micros:
        """When the next one is over; looked up where that may be by now."""
        if self._next <= now:
            ends = (self._ends(key, since) for keys in self._open.values() for key in keys)
            self._next = min(ends, default=NEVER)
        return self._next

    def _ends(self, key: Key, since: Micros) -> Micros:
        device = self._registry.device(key.device_id)
        if device is None or not self._listening.owns(device.code):
            return NEVER
        return self._over(key, self._newest[key], since)

    def _over(self, key: Key, known: Episode, since: Micros = 0) -> Micros:
        """When one is over of which nothing more is said, if all was listened to since then."""
        return max(known.heard, since) + round(self._settings.lost_after_s(key.kind) * 1_000_000)


def _places(events: list[Event]) -> dict[str, object]:
    return {
        "devices": [event.device_id for event in events],
        "kinds": [event.kind for event in events],
        "parts": [event.part or "" for event in events],
        "codes": [key_of(event).code for event in events],
        "ts": [at(event) for event in events],
        "received": [event.received for event in events],
    }


def _columns(rows: dict[UUID, tuple[Key, Episode]]) -> dict[str, object]:
    keys, episodes = [key for key, _ in rows.values()], [episode for _, episode in rows.values()]
    return {
        "ids": list(rows),
        "devices": [key.device_id for key in keys],
        "kinds": [key.kind for key in keys],
        "parts": [key.part for key in keys],
        "codes": [key.code for key in keys],
        "levels": [each.level for each in episodes],
        "began": [each.begin for each in episodes],
        "last": [each.last for each in episodes],
        "told": [each.told for each in episodes],
        "heard": [each.heard for each in episodes],
        "late": [each.late for each in episodes],
        "count": [each.times for each in episodes],
        "ended": [each.ended for each in episodes],
        "why": [each.why for each in episodes],
    }
