"""Guards that are off (失防): noted with the messages that say so, and raised as alerts where they last too long."""

from collections import ChainMap
from collections.abc import Callable, Iterator
from itertools import chain
from operator import itemgetter
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from devices.guards.states import (
    FLAGS,
    MASK,
    Key,
    Off,
    Said,
    States,
    after,
    at_or_below,
    is_over,
    said_by,
    with_parts,
)
from devices.registry.device import Device
from devices.registry.registry import Registry
from devices.vocabulary import GUARDS
from hub.alerts.alert import Raise, Step
from hub.alerts.stage import OwnChanges
from hub.alerts.titles import unguarded_title
from hub.alerts.transitions import DECIDE
from hub.guard_settings import Guards
from hub.models import LEVEL_NAMES, AlertChange, Batch, Micros, from_micros
from hub.quality import Quality
from hub.stage import Connection, Stage
from hub.store.statements import statements
from hub.words.sentence import Sentence

SQL = statements(__name__)

KIND = "unguarded"
_SPACE = UUID("6b0c1d7e-0000-4000-8000-677561726473")
NEVER: Micros = 1 << 62
MOST_ENDS = 200_000
"""Ends that are remembered; of more the older half is let go."""


class _Decision:
    """What a batch makes of guards."""

    def __init__(self, batch: Batch) -> None:
        self.batch, self.states, self.changes = batch, States(), OwnChanges()
        self.muted: list[Said] = []
        self.ends = dict[Key, Micros]()


class GuardStates(Stage):
    """Follows each state that switches a guard off; one that lasts longer than it may is raised, once.

    The time is that of the messages: it ends once everything that was received before is decided, as hold times do.
    """

    def __init__(
        self,
        registry: Registry,
        settings: Guards,
        decided_until: Callable[[Micros], Micros],
        owns: Callable[[str], bool],
    ) -> None:
        """`owns` tells of which devices, by code, this process decides."""
        self._registry, self._settings, self._until, self._owns = registry, settings, decided_until, owns
        self._states: States = {}
        self._off: set[Key] = set()
        """Those of them that last."""
        self._measured, self._parted = np.empty(0, np.int32), set[int]()
        """Ids of devices of which flags of readings, or events at a part, have switched one off."""
        self._ended: dict[Key, Micros] = {}
        """When events told last that one is over: what began before and comes later is none."""
        self._decision: _Decision | None = None
        self._next: Micros | None = None
        """When the next one lasts too long, if nothing comes; None: that is to be looked up."""
        self._generation = -1

    async def restore(self, conn: Connection) -> None:
        """Read them."""
        rows = await (await conn.execute(SQL.states)).fetchall()
        self._states = {(device, part, kind): Off(since, over, told) for device, part, kind, since, over, told in rows}
        self._off = {key for key, each in self._states.items() if each.over is None}
        self._measured = _measured(self._off)
        self._parted = set(self._measured.tolist())
        ends = await (await conn.execute(SQL.ends, {"kinds": list(GUARDS)})).fetchall()
        self._ended = {(device, part, kind): at for device, part, kind, at in ends}
        self._decision = self._next = None

    def steps(self, batch: Batch) -> Iterator[None]:
        """Decide what begins, ends, and lasts too long."""
        decision = self._decision = _Decision(batch)
        changes = decision.changes
        told = self._told(batch, decision)
        for said in chain(told, self._flagged(batch)):
            known = decision.states.get(said.key, self._states.get(said.key))
            now = after(known, said.at, said.off)
            if now is None or now is known:
                continue
            decision.states[said.key] = now
            if now.over is not None and known is not None and known.told:
                changes.append(self._cleared(said.key, known, now.over))
            if now.over is None and said.key[2] == "muted":
                decision.muted.append(said)
        yield
        until = self._until(batch.now)
        waiting = self._off if self._first() <= until else ()
        for key in waiting:
            if key not in decision.states:
                self._last(key, self._states[key], until, decision, changes)
        for key, each in list(decision.states.items()):
            self._last(key, each, until, decision, changes)
        batch.put(OwnChanges(changes))

    def _told(self, batch: Batch, decision: _Decision) -> Iterator[Said]:
        """What events say, one by one as the batch goes on."""
        ends = ChainMap(decision.ends, self._ended)
        for said in said_by(batch.events):
            if is_over(said, ends):
                continue
            if not said.off:
                ends[said.key] = max(said.at, ends.get(said.key, said.at))
            yield from with_parts(said, self._parts_off(said, decision))

    def _parts_off(self, said: Said, decision: _Decision) -> list[Key]:
        """Parts that are off at the device of which something was said, as the batch has made them; no metrics."""
        device, registered = said.key[0], self._registry.device(said.key[0])
        metrics = {} if registered is None else registered.layout
        known = (*(self._off if device in self._parted else ()), *decision.states)
        return [key for key in known if key[0] == device and key[1] not in metrics]

    def _last(self, key: Key, off: Off, until: Micros, decision: _Decision, changes: OwnChanges) -> None:
        """Raise one that lasts too long."""
        device = self._registry.device(key[0])
        if off.over is not None or device is None or not self._owns(device.code):
            return
        if device.state == "retired":
            decision.states[key] = off._replace(over=max(until, off.since))
            if off.told:
                changes.append(self._cleared(key, off, max(until, off.since)))
        elif not off.told and (at := self._ends(key, off, device)) <= until:
            decision.states[key] = off._replace(told=True)
            changes.append(self._raised(key, off, device, at))

    def _ends(self, key: Key, off: Off, device: Device) -> Micros:
        """When it lasts too long; NEVER."""
        kind = key[2]
        own = device.profile.guards
        longest = own[kind] if kind in own else self._settings.longest_s(kind)
        return NEVER if longest is None else off.since + round(longest * 1_000_000)

    def _raised(self, key: Key, off: Off, device: Device, at: Micros) -> Raise:
        _, part, kind = key
        title = unguarded_title(device.name or device.code, kind, part)
        level = LEVEL_NAMES.index(self._settings.level) + 1
        id_ = _id(key, off)
        return Raise(
            uuid5(id_, "raised"), id_, "hub", f"{KIND}:{device.code}/{kind}/{part}", title, level, from_micros(at),
            "hub", event_kind=KIND, device_id=device.id,
        )  # fmt: skip

    def _cleared(self, key: Key, off: Off, at: Micros) -> Step:
        id_ = _id(key, off)
        return Step(uuid5(id_, "cleared"), id_, "cleared", "hub", permission=DECIDE, at=from_micros(at))

    def _flagged(self, batch: Batch) -> Iterator[Said]:
        """What the newest reading of each series says of its guard."""
        readings = batch.readings
        flagged = (readings.quality & MASK) != 0
        if not len(readings) or not (len(self._measured) or flagged.any()):
            return
        counted = np.flatnonzero((readings.quality & np.int16(Quality.LATE)) == 0)
        series = readings.series[counted]
        last = counted[np.append(series[1:] != series[:-1], True)[: len(series)]]
        # Of devices without such a state, only what has a flag is looked at one by one.
        last = last[flagged[last] | np.isin(self._registry.device_of[readings.series[last]], self._measured)]
        for row in last.tolist():
            quality, number = int(readings.quality[row]), int(readings.series[row])
            device, of = int(self._registry.device_of[number]), int(self._registry.quantity_of[number])
            if of < 0:
                continue
            metric, at = self._registry.quantities[of][1], int(readings.ts[row])
            for kind, flag in FLAGS.items():
                key = device, metric, kind
                if quality & flag or key in self._off:
                    yield Said(key, at, bool(quality & flag))

    async def write(self, conn: Connection, batch: Batch) -> None:
        """Store them, and mark in the timelines of open alerts that they were silenced on site (消音)."""
        decision = self._decision
        if decision is None or decision.batch is not batch or not decision.states:
            return
        keys, states = list(decision.states), list(decision.states.values())
        await conn.execute(SQL.keep, {
            "devices": [key[0] for key in keys], "parts": [key[1] for key in keys], "kinds": [key[2] for key in keys],
            "since": [each.since for each in states], "over": [each.over for each in states],
            "told": [each.told for each in states],
        })  # fmt: skip
        if decision.muted:
            batch.put(OwnChanges([*decision.changes, *await self._marked(conn, batch, decision.muted)]))

    async def _marked(self, conn: Connection, batch: Batch, muted: list[Said]) -> list[Step]:
        devices = {said.key[0] for said in muted}
        rows = await (await conn.execute(SQL.open_alerts, {"devices": list(devices)})).fetchall()
        rows += [
            (change.alert_id, change.device_id, _part(change))
            for change in batch.changes
            if change.kind == "raised" and change.device_id in devices
        ]
        found = {
            alert: said
            for alert, device, part in rows
            for said in muted
            if said.key[0] == device and at_or_below(part or "", said.key[1])
        }
        over = {change.alert_id for change in batch.changes if change.kind == "cleared"}
        note = Sentence("alert.muted_on_site")
        return [
            Step(uuid5(id_, f"muted {said.at}"), id_, "commented", "hub", note)
            for id_, said in found.items()
            if id_ not in over
        ]

    def adopt(self, batch: Batch) -> None:
        """Take over what a committed batch has made of them."""
        decision, self._decision = self._decision, None
        if decision is None or decision.batch is not batch:
            return
        if decision.states:
            self._next = None
        self._ended |= decision.ends
        if len(self._ended) > MOST_ENDS:
            newest = sorted(self._ended.items(), key=itemgetter(1))[MOST_ENDS // 2 :]
            self._ended = dict(newest)
        self._states |= decision.states
        for key, each in decision.states.items():
            if each.over is None:
                self._off.add(key)
            else:
                self._off.discard(key)
        if any(part for _, part, _ in decision.states):
            self._measured = _measured(self._off)
            self._parted = set(self._measured.tolist())

    def due(self, now: Micros) -> Micros | None:
        """When the next one lasts too long."""
        at = self._first()
        if at >= NEVER:
            return None
        return at if at > now or self._until(now) >= at else now + AGAIN

    def _changed(self) -> bool:
        """Whether devices or profiles did: those that are off are looked at anew."""
        return self._registry.generation != self._generation

    def _first(self) -> Micros:
        """When the next one lasts too long; NEVER: none does."""
        if self._next is not None and not self._changed():
            return self._next
        self._generation, at = self._registry.generation, NEVER
        for key in self._off:
            device, off = self._registry.device(key[0]), self._states[key]
            if device is None or not self._owns(device.code):
                continue
            if device.state == "retired":
                at = min(at, off.since)
            elif not off.told:
                at = min(at, self._ends(key, off, device))
        self._next = at
        return at


AGAIN: Micros = 1_000_000
"""When one lasts too long, but not everything that was received until then is decided: so long until it is asked."""


def _part(change: AlertChange) -> str:
    """The part of its device that an alert of an event is of; empty: all of it. A reading is of no part."""
    return "" if change.series_id is not None else "/".join(change.target.split("/")[2:])


def _measured(off: set[Key]) -> NDArray[np.int32]:
    return np.array(sorted({device for device, part, _ in off if part}), np.int32)


def _id(key: Key, off: Off) -> UUID:
    """Of the alert that one lasts too long: of its cause, so that it is raised once."""
    device, part, kind = key
    return uuid5(_SPACE, f"{device} {part} {kind} {off.since}")
