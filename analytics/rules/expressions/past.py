"""What an expression tells of stored readings, in the order of their times."""

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.elsewhere import Elsewhere, Whose
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.own_series import NO_SERIES
from analytics.rules.expressions.rows import Rows
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.slots import Floats, Ints, Slots
from devices.expressions.inputs import Input, Scope
from devices.expressions.program import program_of
from hub.models import Columns, Micros
from hub.quality import WITHHELD, Quality
from hub.store.latest import Latest


def own_metrics(rule: ThresholdRule) -> list[str]:
    """The metrics of a device that a rule is decided from; its own one first."""
    return [rule.metric, *(metric for metric in _named(rule, "device") if metric != rule.metric)]


def gateway_metrics(rule: ThresholdRule) -> list[str]:
    """The metrics of its gateway that a rule is decided from."""
    return _named(rule, "gateway")


def _named(rule: ThresholdRule, scope: Scope) -> list[str]:
    if rule.expression is None:
        return []
    return [each.metric for each in program_of(rule.expression).inputs if each.scope == scope]


def rows_of_past(rule: ThresholdRule, slots: Slots, series: Ints, readings: Columns) -> Rows | None:
    """What a rule sees where it has an expression, else None.

    `series` are those of `own_metrics` and `gateway_metrics`, shape (slots, metrics), -1 where there is none; the slots
    are those of the rule.
    """
    if rule.expression is None:
        return None
    program, own = program_of(rule.expression), own_metrics(rule)
    places = {metric: at for at, metric in enumerate(own)}
    columns = [
        series[:, places[each.metric]] if each.scope == "device" else np.full(len(series), NO_SERIES)
        for each in program.inputs
    ]
    at = slots.find(np.full(len(series), rule.id), series[:, 0])
    whose = Whose(rule.profile_id, 0, np.arange(len(series))) if program.asks_others else None
    subjects = Subjects((Subject(program, rule.stale, 0, np.stack(columns, axis=1), whose),), at)
    _, in_time = np.unique(readings.ts, return_inverse=True)
    order = in_time.astype(np.int32)
    gateways = PastGateways(gateway_metrics(rule), series[:, len(own) :], readings)
    return outcome_of(subjects, slots, Latest(), readings, order, None, elsewhere=gateways).rows()


class PastGateways(Elsewhere):
    """Knows what gateways had sent at any time of the past."""

    def __init__(self, metrics: list[str], series: Ints, readings: Columns) -> None:
        """`series` of each device's gateway, shape (devices, metrics); `readings` by (series, ts), and others too."""
        in_time = readings.where(readings.quality & np.int16(Quality.LATE) == 0) if metrics else Columns.empty()
        self._series = dict(zip(metrics, series.T, strict=True))
        self._readings, self._times = in_time, np.unique(in_time.ts)
        self._keys = self._key(in_time.series.astype(np.int64), in_time.ts)

    def column(self, name: Input, whose: Whose, at: Ints, stale: Micros) -> Floats:
        found = np.full(len(at), np.nan)
        series = self._series.get(name.metric) if name.scope == "gateway" else None
        if series is None or not len(self._keys):
            return found
        wanted = series[whose.devices]
        newest = np.maximum(np.searchsorted(self._keys, self._key(wanted, at), side="right") - 1, 0)
        known = self._readings
        counts = (known.series[newest] == wanted) & (at - known.ts[newest] <= stale) & (known.ts[newest] <= at)
        counts &= known.quality[newest] & np.int16(WITHHELD) == 0
        found[counts] = known.value[newest[counts]]
        return found

    def _key(self, series: Ints, ts: Ints) -> Ints:
        """Ascends as (series, ts) does."""
        return series * (len(self._times) + 1) + np.searchsorted(self._times, ts, side="right")
