"""What an expression tells of stored readings, in the order of their times."""

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.rows import Rows
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.slots import LONG_AGO, Ints, Slots
from devices.expressions.program import program_of
from hub.models import Columns
from hub.store.latest import Latest


def own_metrics(rule: ThresholdRule) -> list[str]:
    """The metrics of a device that a rule is decided from; its own one first."""
    if rule.expression is None:
        return [rule.metric]
    named = [each.metric for each in program_of(rule.expression).inputs if each.scope == "device"]
    return [rule.metric, *(metric for metric in named if metric != rule.metric)]


def rows_of_past(rule: ThresholdRule, slots: Slots, series: Ints, readings: Columns) -> Rows | None:
    """What a rule sees where it has an expression, else None.

    `series` are those of `own_metrics`, shape (slots, metrics), -1 where there is none; the slots are those of the
    rule.
    """
    if rule.expression is None:
        return None
    program, places = program_of(rule.expression), {metric: at for at, metric in enumerate(own_metrics(rule))}
    columns = [
        series[:, places[each.metric]] if each.scope == "device" else np.full(len(series), -1)
        for each in program.inputs
    ]
    at = slots.find(np.full(len(series), rule.id), series[:, 0])
    subjects = Subjects((Subject(program, rule.stale, 0, np.stack(columns, axis=1)),), at)
    _, in_time = np.unique(readings.ts, return_inverse=True)
    order = in_time.astype(np.int32)
    return outcome_of(subjects, slots, Latest(), readings, order, None).rows(LONG_AGO)
