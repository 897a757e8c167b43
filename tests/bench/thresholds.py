"""What threshold rules cost a batch of 200,000 readings over 10,000 series; rules on silent and flat series."""

import argparse
import json
import sys
import time
from dataclasses import replace

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate, next_due
from hub.models import Columns
from hub.signals import Signal

MANY, AT_ONCE = 100_000, 20_000
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


def growing(signal: Signal) -> dict[str, float]:
    """Processor time of a rule on 100,000 series that are heard in random order, 20,000 readings a batch: of a reading;
    of a look for timers when none is due, and when 100 are, which makes it look at all; and memory of a slot."""
    slots = watching(replace(rule(), signal=signal, hysteresis=0.0, thresholds=(300.0, 600.0, None, None)), MANY)
    random, now, took = np.random.default_rng(1), 10**12, list[float]()
    for _ in range(15):
        order = random.permutation(MANY)
        for some in np.sort(order.reshape(-1, AT_ONCE)):
            now += 12 * 10**6
            value = random.random(AT_ONCE)
            readings = Columns(
                now + np.arange(AT_ONCE), (some + 1).astype(np.int32), value, np.zeros(AT_ONCE, np.int16)
            )
            began = time.process_time()
            verdict = evaluate(slots, readings, LONG_AGO, now)
            adopt(slots, verdict, now)
            took.append(time.process_time() - began)
            verdict.transitions.clear()
    found = {"us_per_reading": float(np.median(took)) / AT_ONCE * 1e6}
    if signal == "silence":
        due = next_due(slots, LONG_AGO)
        began = time.process_time()
        for _ in range(100):
            evaluate(slots, Columns.empty(), LONG_AGO, now)
        found["us_per_look"] = (time.process_time() - began) / 100 * 1e6
        at = int(np.partition(slots.due + slots.lag, 99)[99])
        began = time.process_time()
        verdict = evaluate(slots, Columns.empty(), LONG_AGO, at)
        adopt(slots, verdict)
        next_due(slots, LONG_AGO)
        found["us_per_tick_of_100"] = (time.process_time() - began) * 1e6
        found["next_due_ahead_s"] = ((due or 0) - now) / 1e6
    held = [each for each in (*vars(slots).values(), *vars(slots.flats).values()) if isinstance(each, np.ndarray)]
    found["bytes_per_slot"] = sum(each.nbytes for each in held if len(each) >= MANY) / MANY + 4  # its place in a layer
    return found


def main() -> None:
    """Print the milliseconds of each case."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="only rules on silent and flat series, as JSON")
    of_growing = {f"{signal}_{key}": value for signal in ("silence", "flat") for key, value in growing(signal).items()}
    sys.stdout.write(json.dumps({key: round(value, 3) for key, value in of_growing.items()}) + "\n")
    if parser.parse_args().json:
        return
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
