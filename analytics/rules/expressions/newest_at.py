"""The newest values of others at many moments of the past, in one walk over their readings (docs/adr/0029)."""

from typing import Any

import numpy as np

from analytics.detectors.compiled import compiled
from analytics.rules.slots import Floats, Ints


@compiled
def newest_at(
    devices: Any, at: Any, starts: Any, members: Any, begins: Any, ts: Any, value: Any, stale: int
) -> tuple[Ints, Floats]:
    """Of moments (n,) the newest values of the members of each device: (which moment, value), moments ascending.

    The members of device d are members[starts[d] : starts[d + 1]], numbers of series; readings of series s are rows
    begins[s] to before begins[s + 1] of `ts`, ascending, and `value`, NaN where it is not usable. A value older than
    `stale` is left out, and a NaN is: what was before it counts no more. Moments of a device that ascend cost one walk.
    """
    size = 0
    for i in range(len(at)):
        size += starts[devices[i] + 1] - starts[devices[i]]
    which, found = np.empty(size, np.int64), np.empty(size, np.float64)
    room = 0
    for d in range(len(starts) - 1):
        room = max(room, starts[d + 1] - starts[d])
    walked = np.zeros(room, np.int64)
    count, device, before = 0, -1, 0
    for i in range(len(at)):
        d, moment = devices[i], at[i]
        first = starts[d]
        if d != device or moment < before:
            for k in range(starts[d + 1] - first):
                walked[k] = begins[members[first + k]]
        device, before = d, moment
        for k in range(starts[d + 1] - first):
            series = members[first + k]
            row, end = walked[k], begins[series + 1]
            while row < end and ts[row] <= moment:
                row += 1
            walked[k] = row
            if row > begins[series] and moment - ts[row - 1] <= stale and not np.isnan(value[row - 1]):
                which[count], found[count] = i, value[row - 1]
                count += 1
    return which[:count], found[:count]
