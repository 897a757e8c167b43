"""Values of other devices as they were committed when it was looked last."""

from dataclasses import dataclass, field

import numpy as np
from psycopg import AsyncConnection

from analytics.rules.expressions.elsewhere import Elsewhere, Whose
from analytics.rules.expressions.figures import figure_of, parts, spread
from analytics.rules.expressions.surroundings import Surroundings
from analytics.rules.slots import LONG_AGO, Floats, Ints
from devices.expressions.inputs import Input
from hub.models import Micros, from_micros, now_micros
from hub.quality import WITHHELD
from hub.store.binary_copy import EPOCH_2000
from hub.store.statements import statements

SQL = statements(__name__)

AT_ONCE = 500_000
"""Values of neighbours that are calculated with at once, some 20 MB."""
LATE: Micros = 86_400_000_000
"""So much later than its time a reading may be judged at most."""
_ROW = np.dtype([("series", ">i4"), ("ts", ">i8"), ("value", ">f8"), ("quality", ">i2")])


@dataclass(slots=True, frozen=True)
class Look(Elsewhere):
    """Immutable. A device that was not among the surroundings then has no value, and no count."""

    surroundings: Surroundings = field(default_factory=Surroundings)
    times: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """By place in `surroundings.series` when its newest reading counts; LONG_AGO: there is none."""
    values: Floats = field(default_factory=lambda: np.empty(0))
    """NaN where it is not usable."""

    def column(self, name: Input, whose: Whose, at: Ints, stale: Micros) -> Floats:
        found = np.full(len(at), np.nan)
        around = self.surroundings.lists.get((whose.profile, name._replace(figure="")))
        if around is None or not len(around.devices):
            return found
        row = np.minimum(np.searchsorted(around.devices, whose.devices), len(around.devices) - 1)
        known = np.flatnonzero(around.devices[row] == whose.devices)
        row = row[known]
        for part in parts(around.starts[row + 1] - around.starts[row], AT_ONCE):
            owner, member = spread(around.starts, row[part])
            place, moment = around.members[member], at[known[part]][owner]
            times, values = self.times[place], self.values[place]
            counts = np.isfinite(values) & (times >= moment - stale) & (times <= moment + whose.ahead)
            figure = name.figure or "max"  # of a gateway there is one value, or none
            found[known[part]] = figure_of(figure, owner[counts], values[counts], len(part))
        return found


async def look(conn: AsyncConnection, surroundings: Surroundings, stale: Micros) -> Look:
    """Read the newest committed values; none that is older than any rule goes by."""
    series = surroundings.series
    since = from_micros(now_micros() - stale - LATE)
    async with conn.cursor(binary=True) as cursor:
        row = await (await cursor.execute(SQL.newest, {"series": series.tolist(), "since": since})).fetchone()
    rows = np.frombuffer((row and row[0]) or b"", _ROW)
    at = np.searchsorted(series, rows["series"])
    times, values = np.full(len(series), LONG_AGO), np.full(len(series), np.nan)
    times[at] = rows["ts"].astype(np.int64) + EPOCH_2000
    usable = rows["quality"].astype(np.int16) & np.int16(WITHHELD) == 0
    values[at] = np.where(usable, rows["value"].astype(np.float64), np.nan)
    return Look(surroundings, times, values)
