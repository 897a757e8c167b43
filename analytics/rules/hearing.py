"""Since when series with rules on silence are silent, and of which that is known: by their newest readings that
are judged.

Devices that another process receives, or of which nothing was ever heard, are not silent; those that are not active
have no slots. One that is in use again, or that somebody has worked on, has its whole time again.
"""

import numpy as np

from analytics.reordering.newest import Newest
from analytics.rules import silence
from analytics.rules.reception import Reception
from analytics.rules.slots import LONG_AGO, NEVER, Ints, Slots
from analytics.rules.windows import Windows
from devices.registry.registry import Registry
from hub.models import Micros


class Hearing:
    """Lets silence grow from the newest readings; `newest` are those that are judged, of committed batches."""

    def __init__(self, registry: Registry, newest: Newest, windows: Windows) -> None:
        self._registry, self._newest, self._windows = registry, newest, windows
        self._revision = 0
        """Of the windows that slots go by."""

    @property
    def behind(self) -> bool:
        """Whether windows have changed since slots were let go by them."""
        return self._revision != self._windows.revision

    def follow(self, slots: Slots, reception: Reception) -> None:
        """Go by what is received now: what was not is no silence."""
        slots.worked = self._worked
        hears, revision = _hears(reception), self._windows.revision
        if (slots.hears, self._revision) != (hears, revision):
            slots.hears, self._revision = hears, revision
            silence.arm(slots, silence.silent(slots, slots.row >= 0))

    def begin(self, slots: Slots, reception: Reception, at: Ints) -> None:
        """Let those of some slots that are on silence grow from their newest readings."""
        at = silence.silent(slots, at)
        if not len(at):
            return
        series = slots.series[at]
        slots.active[at] = self._registry.active_since[self._registry.device_of[series]]
        newest, *_ = self._newest.of(series.astype(np.int64))
        heard = [self._watches(each, reception) for each in series.tolist()]
        slots.watches.last[slots.watch[at]] = np.where(heard, np.maximum(newest, LONG_AGO), LONG_AGO)
        silence.arm(slots, at)

    def changed(self, slots: Slots, generation: int) -> Ints:
        """The slots of devices that changed in the registry since a generation of it."""
        devices = self._registry.changed_since(generation)
        if devices is None:
            return np.flatnonzero(slots.row >= 0)
        return slots.of_series(self._registry.series_of_devices(devices)) if len(devices) else np.empty(0, np.int64)

    def due(self, slots: Slots, reception: Reception, now: Micros, look_s: Micros) -> Micros:
        """When it is to be looked what is received: at once where more is than slots go by; NEVER where none is on
        silence."""
        if "silence" not in slots.watches.by_signal or (slots.hears == (hears := _hears(reception)) < NEVER):
            return NEVER
        return now + look_s if hears == NEVER else now

    def _worked(self, series: int, begin: Micros, end: Micros) -> Micros:
        return self._windows.worked(int(self._registry.device_of[series]), begin, end)

    def _watches(self, series: int, reception: Reception) -> bool:
        device = self._registry.owner(series)
        return device is not None and reception.owns(device.code)


def _hears(reception: Reception) -> Micros:
    since = reception.since()
    return NEVER if since is None else since
