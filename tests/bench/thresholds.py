"""What threshold rules cost a batch of 200,000 readings over 10,000 series."""

import sys
import time
from dataclasses import replace

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from hub.models import Columns

SERIES, ROWS = 10_000, 200_000


def rule(hold_s: int = 0) -> ThresholdRule:
    return ThresholdRule(1, "high", 1, "level", "level", True, (80.0, 90.0, 95.0, 99.0), 1.0, hold_s * 1_000_000)


def batch(base: int, value: float, span: int = 1000) -> Columns:
    each = ROWS // SERIES
    return Columns(
        ts=base + np.tile(np.arange(each) * span, SERIES),
        series=np.repeat(np.arange(1, SERIES + 1), each).astype(np.int32),
        value=np.full(ROWS, value),
        quality=np.zeros(ROWS, np.int16),
    )


def watching(rule: ThresholdRule, series: int) -> Slots:
    """Fresh slots of a rule on that many series."""
    slots = Slots()
    slots.put(rule)
    ids = np.arange(1, series + 1)
    slots.add(np.full(series, rule.id), ids)
    return slots


def measured(slots: Slots, readings: Columns) -> float:
    began = time.perf_counter()
    verdict = evaluate(slots, readings, LONG_AGO, LONG_AGO)
    adopt(slots, verdict)
    return (time.perf_counter() - began) * 1000


def main() -> None:
    """Print the milliseconds of each case."""
    steady = watching(rule(), SERIES)
    calm = [measured(steady, batch(base, 50.0)) for base in range(10**6, 10**8, 10**7)]
    raised = measured(steady, batch(2 * 10**8, 92.0))
    in_alarm = [measured(steady, batch(base, 92.0)) for base in range(3 * 10**8, 4 * 10**8, 10**7)]
    held = watching(rule(3600), SERIES)
    pending = [measured(held, batch(base, 92.0)) for base in range(10**6, 10**8, 10**7)]
    began = time.perf_counter()
    many = watching(rule(), 100_000)
    built = (time.perf_counter() - began) * 1000
    began = time.perf_counter()
    many.put(replace(rule(), hysteresis=2.0))
    changed = (time.perf_counter() - began) * 1000
    sys.stdout.write(
        f"{ROWS:,} rows over {SERIES:,} slots, ms: nothing changes {min(calm):.1f}, all raise {raised:.1f}, "
        f"steadily in alarm {min(in_alarm):.1f}, all begin to pend {pending[0]:.1f}, "
        f"all pending {min(pending[1:]):.1f}; 100,000 slots are made in {built:.1f} and changed in {changed:.1f}\n"
    )


if __name__ == "__main__":
    main()
