"""What is withheld at a time, in the process that decides and in the store, and when it is to be told."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np

from analytics.rules.alerts import Key
from analytics.rules.definitions import EventRule, Rule
from analytics.rules.flaps import Flaps
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import LONG_AGO, NEVER, Ints, Slots
from analytics.rules.windows import Windows
from analytics.rules.withheld import Held, Withheld
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.models import RED, Event, Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

Owns = Callable[[str], bool]
"""As of Reception."""


class Withholding:
    """Changes with committed batches only."""

    def __init__(self, registry: Registry, windows: Windows, flaps: Flaps) -> None:
        self.windows, self.flaps = windows, flaps
        self._registry = registry
        self._known: dict[Key, Withheld] = {}
        self._opens: dict[Key, Micros] = {}
        """When each is to be told, where this process is to say so."""
        self._edited: dict[Key, Micros] = {}
        """When this process learned that one is to be told earlier than was known before."""
        self._lapsed: set[Key] = set()
        """What is not to be told any more, but may be in the store still."""
        self._seen = (-1, -1)
        """The revisions of windows and devices that these times are of."""

    def of(self, key: Key, held: Held) -> Withheld | None:
        """What is withheld of an alert, as a batch makes it."""
        return held[key] if key in held else self._known.get(key)

    def opens(self, rule: Rule, device_id: int, key: Key, at: Micros, level: int) -> Micros:
        """As of Windows; but of what somebody has let be told earlier, not before that was known."""
        opens = self.windows.opens(rule, device_id, at, level)
        return opens if level >= RED or rule.danger else max(opens, self._edited.get(key, LONG_AGO))

    def timed(self, key: Key, held: Withheld) -> bool:
        """Whether it is what is to be told at the time that is known, and not what a batch has withheld after it."""
        known = self._known.get(key)
        return known is not None and known.since == held.since

    async def recall(self, conn: Connection) -> None:
        """Read what was withheld."""
        async with conn.cursor(binary=True) as cursor:
            rows = await (await cursor.execute(SQL.withheld)).fetchall()
        self._known, self._edited, self._lapsed, self._seen = {}, {}, set(), (-1, -1)
        for rule, device, code, kind, series, level, since, value, event, at, received in rows:
            said = None if event is None else Event(event, device, code, at, received, kind, "active", level)
            key = rule, device if series is None else series, series is None
            self._known[key] = Withheld(level, since, value, said)

    async def note(self, conn: Connection, held: Held) -> None:
        """Store what a batch makes of it."""
        over = [key for key, each in held.items() if each is None]
        over += [key for key in self._lapsed if key not in held]
        if over:
            await conn.execute(SQL.forget, self._columns(over))
        kept = {key: each for key, each in held.items() if each is not None}
        if kept:
            some, said = list(kept.values()), [each.event for each in kept.values()]
            values = {
                "levels": [each.level for each in some],
                "since": [each.since for each in some],
                "values": [each.value for each in some],
                "events": [event and event.id for event in said],
                "event_at": [event and event.ts for event in said],
                "received": [event and event.received for event in said],
            }
            await conn.execute(SQL.keep, self._columns(kept) | values)

    def _columns(self, keys: Iterable[Key]) -> dict[str, list[int | None]]:
        wanted = list(keys)
        series = [None if by_event else target for _, target, by_event in wanted]
        devices = [target if by_event else int(self._registry.device_of[target]) for _, target, by_event in wanted]
        return {"rules": [rule for rule, *_ in wanted], "devices": list(devices), "series": series}

    def adopt(self, held: Held, rules: RuleSet, owns: Owns) -> None:
        """Take over what a committed batch has made of it."""
        self._lapsed.clear()
        for key, each in held.items():
            if each is None:
                self._known.pop(key, None)
                self._edited.pop(key, None)
            else:
                self._known[key] = each
        self._time(held, rules, owns)

    def forget(self, news: Mapping[int, Rule | None], rules: RuleSet) -> list[Key]:
        """Forget what is withheld of rules that are gone, or find something else now; of which alerts
        that was. The next readings tell what is so still."""
        if not self._known:
            return []
        gone = {
            id_
            for id_, rule in news.items()
            if (old := rules.rules.get(id_)) and (not rule or _finds(old) != _finds(rule))
        }
        keys = [key for key in self._known if key[0] in gone]
        self._lapse(keys)
        return keys

    def _lapse(self, keys: list[Key]) -> None:
        for key in keys:
            del self._known[key]
            self._edited.pop(key, None)
            self._opens.pop(key, None)
        self._lapsed.update(keys)

    def _unheard(self, key: Key, rules: RuleSet) -> bool:
        """Whether a device is retired, or its rule is not for it."""
        device, rule = self._device(key), rules.rules.get(key[0])
        if device is None:
            return False
        return device.state == "retired" or (rule is not None and not rules.hears(rule, device.id))

    def follow(self, rules: RuleSet, owns: Owns, now: Micros, *, changed: bool) -> None:
        """Go by changed windows, devices and rules; devices that are retired, or left their rule, say
        nothing more. `now`: what may be told
        earlier than was known is told from then on."""
        seen = self.windows.revision, self._registry.generation
        if changed or seen != self._seen:
            edited, self._seen = self._seen != (-1, -1), seen
            self._lapse([key for key in self._known if self._unheard(key, rules)])
            before, self._opens = self._opens, {}
            self._time(self._known, rules, owns)
            earlier = [key for key, at in self._opens.items() if edited and at < before.get(key, NEVER)]
            self._edited |= dict.fromkeys(earlier, now)
            self._time(earlier, rules, owns)

    def _time(self, keys: Iterable[Key], rules: RuleSet, owns: Owns) -> None:
        for key in keys:
            each, rule, device = self._known.get(key), rules.rules.get(key[0]), self._device(key)
            at = NEVER
            if each is None or rule is None or key[2] != isinstance(rule, EventRule):
                pass
            elif device is not None and owns(device.code):
                at = self.opens(rule, device.id, key, each.since, each.level)
            if at < NEVER:
                self._opens[key] = at
            else:
                self._opens.pop(key, None)

    def restore_levels(self, slots: Slots, at: Ints) -> Ints:
        """Let these slots have the levels that are withheld; which of them had some."""
        held = [(*key[:2], each.level) for key, each in self._known.items() if not key[2]]
        columns = np.array(held, np.int64).reshape(-1, 3)
        found = slots.find(columns[:, 0], columns[:, 1])
        mine = np.isin(found, at) & (found >= 0)
        slots.level[found[mine]] = columns[mine, 2]
        return found[mine]

    def readings_due(self, slots: Slots) -> dict[int, tuple[Key, Micros]]:
        """By slot what is to be told of readings, and when."""
        keys = [key for key in self._opens if not key[2]]
        columns = np.array([key[:2] for key in keys], np.int64).reshape(-1, 2)
        at = slots.find(columns[:, 0], columns[:, 1]).tolist()
        return {slot: (key, self._opens[key]) for slot, key in zip(at, keys, strict=True) if slot >= 0}

    def events_due(self, until: Micros, held: Held) -> list[tuple[Key, Micros]]:
        """What is to be told of events by then: no end of it can come from before. `held`: as a batch has made it."""
        due = [(key, at) for key, at in self._opens.items() if key[2] and at + self._lag(key) <= until]
        still = ((key, at, self.of(key, held)) for key, at in due)
        return [(key, at) for key, at, each in still if each is not None and self.timed(key, each)]

    def due(self, slots: Slots, oldest: Micros) -> Micros:
        """When something is to be told next; NEVER when nothing is. Before `oldest` only silence is, which has no next
        reading."""
        of_readings = (
            at + int(slots.lag(slot))
            for slot, (_, at) in self.readings_due(slots).items()
            if at + int(slots.lag(slot)) >= oldest or slots.rule(slot).signal == "silence"
        )
        of_events = (at + self._lag(key) for key, at in self._opens.items() if key[2])
        return min((*of_readings, *of_events), default=NEVER)

    def _lag(self, key: Key) -> Micros:
        event = self._known[key].event
        return 0 if event is None else max(0, event.received - event.ts)

    def _device(self, key: Key) -> Device | None:
        return self._registry.device(key[1]) if key[2] else self._registry.owner(key[1])


def _finds(rule: Rule) -> tuple[object, ...]:
    """What decides which conditions a rule finds."""
    if isinstance(rule, EventRule):
        return rule.kind, rule.profile_id
    return rule.profile_id, rule.metric, rule.watched, rule.seen, rule.above, rule.thresholds
