"""What is withheld at a time, in the process that decides and in the store, and when it is to be told."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analytics.rules.agenda import Agenda
from analytics.rules.alerts import Key, find
from analytics.rules.definitions import EventRule, Rule, ThresholdRule
from analytics.rules.flaps import Flaps
from analytics.rules.places import READING, part_of, place_of
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import LONG_AGO, NEVER, Ints, Slots
from analytics.rules.verdict import Verdict
from analytics.rules.windows import Windows
from analytics.rules.withheld import Held, Withheld
from devices.registry.arrays import grown
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.models import RED, Event, Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

Owns = Callable[[str], bool]
"""As of Reception."""
MOST = 300
"""So many are told with one batch, of readings and of events, where a window of thousands ends: the others with the
next ones."""


class Withholding:
    """Changes with committed batches only. What a batch costs goes by what it is about, not by what is withheld."""

    def __init__(self, registry: Registry, windows: Windows, flaps: Flaps) -> None:
        self.windows, self.flaps = windows, flaps
        self._registry = registry
        self._known: dict[Key, Withheld] = {}
        self._by_device: dict[int, set[Key]] = {}
        """The keys of what is known."""
        self._marked: NDArray[np.bool_] = np.zeros(1, np.bool_)
        """By device id whether it has some."""
        self._opens: dict[Key, Micros] = {}
        """When each is to be told, where this process is to say so."""
        self._edited: dict[Key, Micros] = {}
        """When this process learned that one is to be told earlier than was known before."""
        self._lapsed: set[Key] = set()
        """What is not to be told any more, but may be in the store still."""
        self._readings, self._events = Agenda(), Agenda()
        """When each of these is told if nothing comes."""
        self._silent: set[Key] = set()
        """Those of readings of rules on silence, which has no next reading."""
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
        for key in list(self._known):
            self._forget(key)
        self._edited, self._lapsed, self._seen = {}, set(), (-1, -1)
        for rule, device, code, kind, series, part, text, level, since, value, event, at, received in rows:
            said = None
            if event is not None:
                told = {"text": text} if text else {}
                said = Event(event, device, code, at, received, kind, "active", level, told, part=part or None)
            key = (rule, device, place_of(part)) if series is None else (rule, series, READING)
            self._keep(key, Withheld(level, since, value, said))

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

    def _columns(self, keys: Iterable[Key]) -> dict[str, Any]:
        wanted = list(keys)
        series = [None if place else target for _, target, place in wanted]
        devices = [self._device_id(key) for key in wanted]
        parts = [part_of(place) or "" for *_, place in wanted]
        return {"rules": [rule for rule, *_ in wanted], "devices": list(devices), "series": series, "parts": parts}

    def adopt(self, held: Held, slots: Slots, verdict: Verdict, rules: RuleSet, owns: Owns) -> None:
        """Take over what a committed batch has made of it, whose readings may change how late others are."""
        self._lapsed.clear()
        for key, each in held.items():
            if each is None:
                self._forget(key)
            else:
                self._keep(key, each)
        if self._known:
            self._time({*held, *self._heard(slots, verdict)}, slots, rules, owns)

    def forget(self, news: Mapping[int, Rule | None], rules: RuleSet) -> list[Key]:
        """Forget what is withheld of rules that are gone, or find something else now; of which alerts
        that was. The next readings tell what is so still."""
        if not self._known or not news:
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
            self._forget(key)
        self._lapsed.update(keys)

    def _unheard(self, key: Key, rules: RuleSet) -> bool:
        """Whether a device is retired, or its rule is not for it."""
        device, rule = self._device(key), rules.rules.get(key[0])
        if device is None:
            return False
        return device.state == "retired" or (rule is not None and not rules.hears(rule, device.id))

    def follow(self, slots: Slots, rules: RuleSet, owns: Owns, now: Micros, added: Ints, news: Collection[int]) -> None:
        """Go by changed windows, devices and rules (ids), and by new slots; devices that are retired, or left
        their rule, say nothing more. `now`: what may be told earlier than was known is told from then on."""
        seen, before = (self.windows.revision, self._registry.generation), self._seen
        self._seen = seen
        if not self._known or (seen == before and not len(added) and not news):
            return
        changed = self._registry.changed_since(before[1]) if before[0] == seen[0] else None
        keys: Iterable[Key]
        if changed is None:
            keys = list(self._known)
        else:
            keys = self._of(np.append(changed, self._registry.device_of[slots.series[added]]))
            keys |= {key for key in self._known if key[0] in news} if news else set()
        self._lapse([key for key in keys if self._unheard(key, rules)])
        known = {key: self._opens.get(key, NEVER) for key in keys}
        self._time(keys, slots, rules, owns)
        if before != (-1, -1):
            earlier = [key for key, at in known.items() if self._opens.get(key, NEVER) < at]
            self._edited |= dict.fromkeys(earlier, now)
            self._time(earlier, slots, rules, owns)

    def _keep(self, key: Key, withheld: Withheld) -> None:
        self._known[key] = withheld
        device = self._device_id(key)
        self._by_device.setdefault(device, set()).add(key)
        self._marked = grown(self._marked, device, False)
        self._marked[device] = True

    def _forget(self, key: Key) -> None:
        if self._known.pop(key, None) is not None:
            device = self._device_id(key)
            self._by_device[device].discard(key)
            if not self._by_device[device]:
                del self._by_device[device]
                self._marked[device] = False
        self._opens.pop(key, None)
        self._edited.pop(key, None)
        self._silent.discard(key)
        (self._events if key[2] else self._readings).drop(key)

    def _of(self, devices: NDArray[np.int32]) -> set[Key]:
        """What is known of some devices."""
        mine = np.unique(devices[(devices < len(self._marked)) & self._marked.take(devices, mode="clip")])
        return {key for device in mine.tolist() for key in self._by_device[device]}

    def _heard(self, slots: Slots, verdict: Verdict) -> set[Key]:
        """What is known of the devices of which a batch has readings, or some that wait."""
        return self._of(self._registry.device_of[slots.watches.series[verdict.watches(slots.watch)]])

    def _time(self, keys: Collection[Key], slots: Slots, rules: RuleSet, owns: Owns) -> None:
        readings: list[Key] = []
        for key in keys:
            each, rule, device = self._known.get(key), rules.rules.get(key[0]), self._device(key)
            at = NEVER
            if each is None or rule is None or bool(key[2]) != isinstance(rule, EventRule):
                pass
            elif device is not None and owns(device.code):
                at = self.opens(rule, device.id, key, each.since, each.level)
            if at == NEVER:
                self._opens.pop(key, None)
                (self._events if key[2] else self._readings).drop(key)
                continue
            self._opens[key] = at
            if key[2]:
                self._events.put(key, at + self._lag(key))
            else:
                readings.append(key)
                (self._silent.add if _on_silence(rule) else self._silent.discard)(key)
        found = find(slots, readings)
        lags = slots.lag(found) if len(found) else found
        for key, slot, lag in zip(readings, found.tolist(), lags.tolist(), strict=True):
            if slot < 0:
                self._readings.drop(key)
            else:
                self._readings.put(key, self._opens[key] + lag)

    def restore_levels(self, slots: Slots, at: Ints) -> Ints:
        """Let these slots have the levels that are withheld; which of them had some."""
        keys = [key for key in self._of(self._registry.device_of[slots.series[at]]) if not key[2]]
        found = find(slots, keys)
        mine = np.isin(found, at) & (found >= 0)
        slots.level[found[mine]] = np.array([self._known[key].level for key in keys], np.int8)[mine]
        return found[mine]

    def readings_due(
        self, slots: Slots, verdict: Verdict, oldest: Micros, until: Micros
    ) -> dict[int, tuple[Key, Micros]]:
        """By slot what may be told of readings, and when: of devices of which a batch has some, and what is to be told
        by a time if nothing comes. What was to be told before `oldest` waits for a reading."""
        if not self._opens:
            return {}
        self._give_up(oldest)
        due = self._readings.until(until, MOST)
        keys = [*due, *(key for key in self._heard(slots, verdict).difference(due) if not key[2])]
        found = dict(zip(find(slots, keys).tolist(), keys, strict=True))
        found.pop(-1, None)
        for key in set(due).difference(found.values()):
            self._readings.drop(key)  # its rule has nothing there now
        return {slot: (key, self._opens[key]) for slot, key in found.items() if key in self._opens}

    def events_due(self, until: Micros, held: Held) -> list[tuple[Key, Micros]]:
        """What is to be told of events by then: no end of it can come from before. `held`: as a batch has made it."""
        due = ((key, self._opens[key], self.of(key, held)) for key in self._events.until(until, MOST))
        return [(key, at) for key, at, each in due if each is not None and self.timed(key, each)]

    def due(self, oldest: Micros) -> Micros:
        """When something is to be told next; NEVER when nothing is. Before `oldest` only silence is, which has no next
        reading."""
        self._give_up(oldest)
        return min(self._readings.next(), self._events.next())

    def _give_up(self, oldest: Micros) -> None:
        while (
            (key := self._readings.first()) is not None and key not in self._silent and self._readings.next() < oldest
        ):
            self._readings.drop(key)

    def _lag(self, key: Key) -> Micros:
        event = self._known[key].event
        return 0 if event is None else max(0, event.received - event.ts)

    def _device_id(self, key: Key) -> int:
        return key[1] if key[2] else int(self._registry.device_of[key[1]])

    def _device(self, key: Key) -> Device | None:
        return self._registry.device(key[1]) if key[2] else self._registry.owner(key[1])


def _finds(rule: Rule) -> tuple[object, ...]:
    """What decides which conditions a rule finds."""
    if isinstance(rule, EventRule):
        return rule.kind, rule.profile_id
    return rule.profile_id, rule.metric, rule.watched, rule.seen, rule.above, rule.thresholds


def _on_silence(rule: Rule | None) -> bool:
    return isinstance(rule, ThresholdRule) and rule.signal == "silence"
