"""What is around each series, read from what is committed: so it is the same however many processes there are."""

import asyncio

import numpy as np

from analytics.detection.neighbours import APART, LONG_AGO, Neighbourhood, Shown, kin_of, neighbourhood_of
from analytics.detection.stored import read_shown
from analytics.detectors.detector import Ints
from analytics.detectors.excess import AROUND
from devices.registry.registry import Registry
from hub.models import Micros
from hub.stage import Connection


class Around:
    """Follows the registry; who is near is found anew, in a thread, when it changed."""

    def __init__(self, registry: Registry) -> None:
        self._registry, self._generation = registry, -1
        self._neighbourhood = Neighbourhood()

    async def look(self, conn: Connection, newest: Micros) -> tuple[Ints, Shown]:
        """Series, ascending, and what is around them, shape (n, AROUND); see `excess.AROUND`.

        `newest` is when the newest reading of all is: states count that have learned one of not long before.
        """
        if self._generation != self._registry.generation:
            generation, kin = self._registry.generation, kin_of(self._registry)
            self._neighbourhood = await asyncio.to_thread(neighbourhood_of, kin)
            self._generation = generation
        series = self._neighbourhood.series
        if not len(series):
            return series, np.empty((0, AROUND), np.float32)
        saved = await read_shown(conn, newest - APART)
        place = np.searchsorted(series, saved.series).clip(max=len(series) - 1)
        known = series[place] == saved.series
        last, shown = np.full(len(series), LONG_AGO), np.zeros((len(series), AROUND), np.float32)
        last[place[known]], shown[place[known]] = saved.last[known], saved.shown[known]
        return series, await asyncio.to_thread(self._neighbourhood.around, newest, last, shown)
