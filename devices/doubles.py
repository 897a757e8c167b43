"""Readings that stand in a batch more than once."""

from collections.abc import Callable

import numpy as np

from hub.models import Batch
from hub.repeats import Conflicts, Doubles


def leave_out_doubles(batch: Batch, last_wins: Callable[[int], bool]) -> None:
    """Of readings with the same series and time one stays, the others are noted.

    The first one stays; where the last one wins, that. A conflict is noted with the message that came later.
    """
    readings, message = batch.readings, batch.messages()
    ts, series, value = readings.ts, readings.series, readings.value
    first = np.ones(len(ts), np.bool_)
    first[1:] = (ts[1:] != ts[:-1]) | (series[1:] != series[:-1])
    if first.all():
        return
    starts = np.flatnonzero(first)
    group = np.cumsum(first) - 1
    double = np.unique(series[~first])
    won = np.isin(series, double[[last_wins(number) for number in double.tolist()]])
    ends = np.append(starts[1:], len(ts)) - 1
    stays = np.where(won[starts], ends, starts)
    # Each is held against the one that stays; where the last one wins, each against the one before it.
    before = np.where(won, np.arange(len(ts)) - 1, starts[group])
    same = (value == value[before]) | (np.isnan(value) & np.isnan(value[before]))
    again, other = ~first & same, ~first & ~same
    conflicts = Conflicts(readings.where(other), message[other], value[before[other]], won[other])
    batch.put(Doubles(readings.where(again), message[again], conflicts))
    which = np.zeros(len(ts), np.bool_)
    which[stays] = True
    batch.keep(which)
