"""When people may be told of what rules find at a device: as the rule's schedule says, by the calendar, and not while
somebody works on the device. What is red or danger is told at any time.

Windows of places and organisations are kept by what they reach: their cost goes by how many there are.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from analytics.rules.definitions import Rule
from analytics.rules.schedule import opens
from analytics.rules.slots import LONG_AGO, NEVER
from devices.registry.device import Device
from devices.registry.registry import Registry
from hub.duty.calendar import Calendar
from hub.models import RED, Micros
from hub.stage import Connection
from hub.store.statements import statements

SQL = statements(__name__)

MOST = 100
"""So often a schedule may begin during maintenance, and maintenance outside a schedule, before it is given up."""


class Work(NamedTuple):
    """A maintenance window."""

    begin: Micros
    end: Micros


def free_of(works: Sequence[Work], counts: Callable[[Micros], Micros], at: Micros) -> Micros:
    """The first time, not before `at`, at which a rule counts and nobody works; NEVER. `counts` tells of a time when it
    does next."""
    for _ in range(MOST):
        free = counts(at)
        for work in sorted(works):
            free = work.end if work.begin <= free < work.end else free
        if free in (at, NEVER):
            return free
        at = free
    return NEVER


def last_end(works: Sequence[Work], begin: Micros, end: Micros) -> Micros:
    """When the last work ends that goes on at some time after `begin` and up to `end`; LONG_AGO: none does."""
    return max((work.end for work in works if work.begin <= end and work.end > begin), default=LONG_AGO)


class Windows:
    """By what is known at a time; `read` takes over what has changed."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._calendar = registry, Calendar({})
        self._works: Mapping[int | str, Sequence[Work]] = {}
        """By device, or by the key of all that they reach (migration 0113); those that begin earlier come first."""
        self.revision = 0
        """Rises when something changed."""

    async def read(self, conn: Connection) -> None:
        """Read what the store knows."""
        named: dict[date, bool] = dict(await (await conn.execute(SQL.days)).fetchall())
        works = await _read_works(conn)
        if named != self._calendar.named:
            self._calendar = Calendar(named)
            self.revision += 1
        if works != self._works:
            self._works = works
            self.revision += 1

    def opens(self, rule: Rule, device_id: int, at: Micros, level: int) -> Micros:
        """From when on, not before `at`, people may be told of a level that a rule finds at a device; NEVER: they may
        not. Of red and of danger they are told at once."""
        if level >= RED or rule.danger or (rule.schedule is None and not self._works):
            return at
        return free_of(self._of(device_id), lambda at: self._counts(rule, device_id, at), at)

    def works(self, device_id: int, at: Micros) -> bool:
        """Whether somebody works on a device at a time."""
        return any(work.begin <= at < work.end for work in self._of(device_id))

    def worked(self, device_id: int, begin: Micros, end: Micros) -> Micros:
        """When the last work on a device ends that goes on at some time after `begin` and up to `end`; LONG_AGO: none
        does."""
        return last_end(self._of(device_id), begin, end)

    def _counts(self, rule: Rule, device_id: int, at: Micros) -> Micros:
        if rule.schedule is None:
            return at
        device = self._registry.device(device_id)
        return NEVER if device is None else opens(rule.schedule, at, device.zone, self._calendar)

    def _of(self, device_id: int) -> list[Work]:
        """Those on a device."""
        if not self._works:
            return []
        found = [*self._works.get(device_id, ())]
        device = self._registry.device(device_id)
        if device is not None:
            for key in _keys(device):
                found += self._works.get(key, ())
        return found


def _keys(device: Device) -> Iterator[str]:
    """The keys of what a device belongs to, as its column `scope` has them."""
    region = device.region or ""
    places = [region[:digits] for digits in (2, 4, 6, 9, 12) if len(region) >= digits]
    for place in places:
        yield f"/{place}"
    if device.organisation is not None:
        yield f"{device.organisation}/"
        for place in places:
            yield f"{device.organisation}/{place}"
    yield from device.areas


async def _read_works(conn: Connection) -> dict[int | str, list[Work]]:
    async with conn.cursor(binary=True) as cursor:
        rows = await (await cursor.execute(SQL.works)).fetchall()
    found: dict[int | str, list[Work]] = {}
    for begin, end, device, reach in rows:
        found.setdefault(reach if device is None else device, []).append(Work(begin, end))
    return found
