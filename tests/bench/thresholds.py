"""What 1,000,000 pairs of rule and series cost a reading, half of them on signals, and what a start and an edit take.

`dense` is 100 rules on each of 10,000 series, `spread` two on each of 500,000. Batches are of 20,000 readings: wide (of
as many series as there are), deep (of 10) and of series at random; `calm` ones change nothing, in `busy` ones a reading
of 500 raises an alert, and the next of its series ends it. The worst counts. Processor time, so that other work on the
machine matters little.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.ruleset import RuleSet
from analytics.rules.slots import LONG_AGO
from analytics.rules.thresholds import adopt, evaluate, next_due
from devices.registry.registry import Registry
from hub.models import Columns
from hub.signals import LEARNED, Signals

ROWS, ROUNDS = 20_000, 15
PAIRS = 1_000_000
SHAPES = {"dense": (10_000, 100), "spread": (500_000, 2)}
"""Series, and rules on each."""
BUSY = 500
MINUTE = 60_000_000


def rules(count: int) -> list[ThresholdRule]:
    """Half of them on the score; thresholds differ, and a third is held."""
    made = []
    for number in range(1, count + 1):
        of_score = number % 2 == 0
        low = 0.9 + number / 2000 if of_score else 60.0 + number / 4
        step = 0.001 if of_score else 5.0
        hold = 30_000_000 if number % 3 == 0 else 0
        rule = ThresholdRule(
            number, f"r{number}", 1, "level", "level", True, (low, None, low + step, None), step / 10, hold
        )
        made.append(replace(rule, signal="score") if of_score else rule)
    return made


class City:
    """Slots of rules on series, and the readings that come."""

    def __init__(self, series: int, rules_each: int) -> None:
        self.random, self.now, self.series = np.random.default_rng(1), 10**15, series
        self.registry, self.rules = _registry(series), rules(rules_each)
        self.set = RuleSet(self.registry)
        self.start_s = _took(lambda: self.set.follow({rule.id: rule for rule in self.rules}))

    def batch(self, kind: str, busy: bool) -> float:
        """Judge and adopt one; the processor seconds that it took."""
        many = ROWS if kind == "random" else min(ROWS, self.series) if kind == "wide" else 10
        some = self.random.choice(self.series, many, replace=kind == "random")
        series = np.sort(np.resize(some, ROWS)).astype(np.int32)
        self.now += 10 * ROWS * MINUTE
        ts = self.now + np.arange(ROWS) * MINUTE
        value, score = self.random.normal(40, 3, ROWS), self.random.uniform(0, 0.8, ROWS)
        if busy:
            value[:: 2 * BUSY], score[BUSY :: 2 * BUSY] = 60.5, 0.9015
        signals = Signals(score, *np.full((len(LEARNED) - 1, ROWS), np.nan))
        readings = Columns(ts, series, value, np.zeros(ROWS, np.int16))
        return _took(lambda: self._take(readings, signals))

    def _take(self, readings: Columns, signals: Signals) -> None:
        slots, until = self.set.slots, int(readings.ts[-1])
        adopt(slots, evaluate(slots, readings, LONG_AGO, until, None, signals), until)
        if slots.next_due <= until:
            next_due(slots, LONG_AGO)

    def edit_ms(self) -> float:
        """Change a rule."""
        return 1000 * _took(lambda: self.set.follow({1: replace(self.rules[0], hysteresis=0.7)}))

    def device_ms(self) -> float:
        """Follow one device that has changed."""
        self.registry._changes.note(np.array([self.series // 2], np.int32))
        return 1000 * _took(lambda: self.set.follow({}))


def _registry(series: int) -> Registry:
    """As many devices, each of one series with its number."""
    registry = Registry()
    registry.device_of = np.arange(series + 1, dtype=np.int32)
    registry.quantities.append((1, "level"))
    registry._numbers[1, "level"] = 0
    registry.quantity_of = np.zeros(series + 1, np.int32)
    registry.quantity_of[-1] = -1
    registry._by_id = [None] * (series + 1)
    return registry


def _took(some: Callable[[], Any]) -> float:
    began = time.process_time()
    some()
    return time.process_time() - began


def _bytes(state: object, seen: set[int]) -> int:
    """Of the arrays, lists and numbers of an object."""
    if id(state) in seen:
        return 0
    seen.add(id(state))
    if isinstance(state, np.ndarray):
        return int(state.nbytes)
    if isinstance(state, list | tuple):
        return sys.getsizeof(state) + sum(_bytes(each, seen) for each in state)
    if isinstance(state, dict):
        return sys.getsizeof(state) + sum(_bytes(each, seen) for each in state.values())
    return sum(_bytes(each, seen) for each in vars(state).values()) if hasattr(state, "__dict__") else 0


def measured(series: int, rules_each: int) -> dict[str, float]:
    """Microseconds a reading by kind of batch, and the rest."""
    city = City(series, rules_each)
    found: dict[str, float] = {"start_s": city.start_s}
    for kind in ("wide", "deep", "random"):
        for busy in (False, True):
            took = [city.batch(kind, busy) for _ in range(ROUNDS)]
            found[f"{kind} {'busy' if busy else 'calm'}"] = float(np.median(took)) / ROWS * 1e6
    found |= {"edit_ms": city.edit_ms(), "device_ms": min(city.device_ms() for _ in range(5))}
    after = [city.batch("random", False) for _ in range(3)]
    found["first_after_edit"] = after[0] / ROWS * 1e6
    found["mb"] = _bytes(city.set.slots, set()) / 1e6
    assert len(city.set.slots) == PAIRS
    return found


def main() -> None:
    """Print them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true", help="one JSON object, with the worst of them")
    asked = parser.parse_args()
    found = {name: measured(*shape) for name, shape in SHAPES.items()}
    batches = [f"{kind} {load}" for kind in ("wide", "deep", "random") for load in ("calm", "busy")]
    worst = {
        "pairs": PAIRS,
        "us_per_reading": round(max(each[batch] for each in found.values() for batch in batches), 3),
        "bytes_per_pair": round(max(each["mb"] for each in found.values()) * 1e6 / PAIRS),
        "mb": round(max(each["mb"] for each in found.values()), 1),
        "start_s": round(max(each["start_s"] for each in found.values()), 2),
        "edit_ms": round(max(each["edit_ms"] for each in found.values()), 1),
        "device_ms": round(max(each["device_ms"] for each in found.values()), 2),
    }
    if asked.json:
        rounded = {name: {key: round(value, 3) for key, value in each.items()} for name, each in found.items()}
        sys.stdout.write(json.dumps(worst | rounded) + "\n")
        return
    for name, each in found.items():
        sys.stdout.write(f"{name}: " + ", ".join(f"{key} {value:.3f}" for key, value in each.items()) + "\n")
    sys.stdout.write(f"worst: {worst}\n")


if __name__ == "__main__":
    main()
