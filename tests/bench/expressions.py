"""What rules with an expression cost a reading: 10,000 devices with one each, in batches as they come (--json)."""

import json
import sys
import time
from statistics import median

import numpy as np

from analytics.reordering.judged import Waiting
from analytics.rules.definitions import ThresholdRule
from analytics.rules.expressions.held import Held
from analytics.rules.expressions.outcome import outcome_of
from analytics.rules.expressions.subjects import Subject, Subjects
from analytics.rules.expressions.turn import Clock
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from devices.expressions.program import program_of
from hub.models import Batch, Columns
from hub.store.latest import Latest
from tests.support.origins import raw_of

DEVICES, BATCHES, S = 10_000, 12, 1_000_000
TEXT = "level > 3.0 && rain_rate > 20.0"


def batch(
    at: int, devices: int, rng: np.random.Generator
) -> tuple[Columns, np.ndarray[tuple[int], np.dtype[np.int32]]]:
    """A message with both metrics from each of so many devices, in any order."""
    some = np.sort(rng.permutation(DEVICES)[:devices])
    series = np.stack([2 * some, 2 * some + 1], axis=1).ravel().astype(np.int32)
    value = np.stack([rng.normal(2.0, 0.3, devices), rng.normal(10.0, 2.0, devices)], axis=1).ravel()
    order = np.repeat(rng.permutation(devices), 2).astype(np.int32)
    ts = np.full(2 * devices, at * S)
    return Columns(ts, series, value, np.zeros(2 * devices, np.int16)), order


def measured(devices: int, apart: bool = False) -> dict[str, float]:
    """Processor time of batches with and without the rule, in microseconds a reading; the median of them.

    `apart`: the metrics of a device come in batches of their own, and one waits for the other.
    """
    rng = np.random.default_rng(1)
    newest, slots, program = Latest(), Slots(), program_of(TEXT)
    slots.put(ThresholdRule(1, "r", 1, "level", "level", True, (1.0, None, None, None), expression=TEXT))
    series = np.arange(2 * DEVICES).reshape(-1, 2)
    at = slots.add(np.ones(DEVICES, np.int64), series[:, 0])
    subjects = Subjects((Subject(program, 900 * S, 0, series),), at)
    plain = Slots()
    plain.put(ThresholdRule(1, "r", 1, "level", "level", True, (5.0, None, None, None)))
    plain.add(np.ones(DEVICES, np.int64), series[:, 0])
    held, spent = Held(), list[float]()
    beside: list[float] = []
    for number in range(BATCHES):
        readings, order = batch(10 + (number // 2 if apart else number), devices, rng)
        if apart:
            some = readings.series % 2 == number % 2
            readings, order = readings.where(some), order[some]
        began = time.process_time()
        clock = Clock(held, number * S, number * S, Waiting())
        outcome = outcome_of(subjects, slots, newest, readings, order, None, clock=clock)
        adopt(slots, evaluate(slots, readings, LONG_AGO, LONG_AGO, rows=outcome.rows()))
        held = outcome.held
        spent.append((time.process_time() - began) * 1e6 / len(readings))
        began = time.process_time()
        adopt(plain, evaluate(plain, readings, LONG_AGO, LONG_AGO))
        beside.append((time.process_time() - began) * 1e6 / len(readings))
        newest.adopt(Batch([raw_of("bench", "here", b"", 1)], readings, order))
    return {"us_per_reading": round(median(spent), 3), "us_per_reading_of_a_plain_rule": round(median(beside), 3)}


def main() -> None:
    """Print what each size of batch costs."""
    found = {str(devices): measured(devices) for devices in (DEVICES, 500)}
    for devices in (DEVICES, 500):
        found[f"{devices}, metrics apart"] = measured(devices, apart=True)
    told = {"devices": DEVICES, "expression": TEXT, "of_so_many_a_batch": found}
    if "--json" in sys.argv:
        sys.stdout.write(json.dumps(told) + "\n")
        return
    for how, costs in found.items():
        sys.stdout.write(f"{how} devices a batch: " + ", ".join(f"{k} {v:g}" for k, v in costs.items()) + "\n")


if __name__ == "__main__":
    main()
