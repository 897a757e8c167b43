"""What rules on silent and flat series cost: a reading, a look for timers, and memory."""

import argparse
import json
import sys
import time

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate, next_due
from hub.models import Columns
from hub.signals import Signal

MANY, AT_ONCE = 100_000, 20_000


def _watching(signal: Signal) -> Slots:
    """Fresh slots of a rule on that many series."""
    slots = Slots()
    slots.put(ThresholdRule(1, "long", 1, "level", "level", True, (300.0, 600.0, None, None), signal=signal))
    slots.add(np.full(MANY, 1), np.arange(1, MANY + 1))
    return slots


def growing(signal: Signal) -> dict[str, float]:
    """Processor time of a rule on 100,000 series that are heard in random order, 20,000 readings a batch: of a reading;
    of a look for timers when none is due, and when 100 are, which makes it look at all; and memory of a slot."""
    slots = _watching(signal)
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
        at = int(np.partition(slots.due + slots.lag(np.arange(MANY)), 99)[99])
        began = time.process_time()
        verdict = evaluate(slots, Columns.empty(), LONG_AGO, at)
        adopt(slots, verdict)
        next_due(slots, LONG_AGO)
        found["us_per_tick_of_100"] = (time.process_time() - began) * 1e6
        found["next_due_ahead_s"] = ((due or 0) - now) / 1e6
    parts = slots, slots.flats, slots.watches
    held = [each for part in parts for each in vars(part).values() if isinstance(each, np.ndarray)]
    held += slots.watches.by_signal.values()
    found["bytes_per_slot"] = sum(each.nbytes for each in held if len(each) >= MANY) / MANY
    return found


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="as JSON")
    found = {f"{signal}_{key}": value for signal in ("silence", "flat") for key, value in growing(signal).items()}
    rounded = {key: round(value, 3) for key, value in found.items()}
    told = json.dumps(rounded) if parser.parse_args().json else "\n".join(f"{key} {rounded[key]}" for key in rounded)
    sys.stdout.write(told + "\n")


if __name__ == "__main__":
    main()
