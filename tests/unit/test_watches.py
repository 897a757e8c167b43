"""One band for all rules on a series: many rules together tell what each tells alone, whatever comes and goes."""

import random
from dataclasses import replace

import numpy as np

from analytics.rules.definitions import ThresholdRule
from analytics.rules.slots import LONG_AGO, Slots
from analytics.rules.thresholds import adopt, evaluate
from analytics.rules.verdict import Verdict
from analytics.rules.watches import Watches
from hub.models import Columns
from hub.signals import LEARNED, SIGNALS, Signal, Signals

SERIES, RULES = 4, 60
Told = list[tuple[int, int, int, float, int, int]]


def some_rules(chance: random.Random) -> list[ThresholdRule]:
    made = []
    for number in range(1, RULES + 1):
        above, low = chance.random() < 0.5, chance.randint(-8, 8)
        thresholds = tuple(float(low + (step if above else -step)) for step in (0, 1, 2, 3))
        hold, clear = chance.choice([0, 0, 3, 9]), chance.choice([0, 0, 4])
        signal = chance.choice(["value", "value", "score", "gap"])
        made.append(
            ThresholdRule(number, f"r{number}", 1, "m", "m", above, thresholds, 0.5, hold, clear, signal)  # type: ignore[arg-type]
        )
    return made


def batch(chance: random.Random, start: int) -> tuple[Columns, Signals]:
    """Of each series some readings; of some of them signals are not known."""
    rows = [(series, start + at) for series in range(SERIES) for at in sorted(chance.sample(range(20), 5))]
    n = len(rows)
    values = [[chance.gauss(0, 4) for _ in rows] for _ in range(3)]
    unknown = np.full(n, np.nan)
    score = np.where([chance.random() < 0.3 for _ in rows], np.nan, values[1])
    told = {"score": score, "gap": np.array(values[2])}
    columns = Columns(
        np.array([at for _, at in rows]),
        np.array([series for series, _ in rows], np.int32),
        np.array(values[0]),
        np.zeros(n, np.int16),
    )
    return columns, Signals(*(told.get(name, unknown) for name in LEARNED))  # type: ignore[arg-type]


def of(slots: Slots, verdict: Verdict) -> Told:
    return sorted((slots.rule(t.slot).id, int(slots.series[t.slot]), *t[1:]) for t in verdict.transitions)


def test_many_rules_on_a_series_tell_what_each_tells_alone_while_rules_change() -> None:
    chance = random.Random(5)
    rules, ids = {rule.id: rule for rule in some_rules(chance)}, np.arange(SERIES)
    together, alone = Slots(), {number: Slots() for number in rules}
    for rule in rules.values():
        for slots in (together, alone[rule.id]):
            slots.put(rule)
            slots.add(np.full(SERIES, rule.id), ids)
    count = 0
    for start in range(0, 600, 20):
        number, what = chance.randint(1, RULES), chance.choice(["put", "drop", "none"])
        changed = replace(rules[number], hysteresis=chance.choice([0.0, 2.0]), hold=chance.choice([0, 5]))
        for slots in (together, alone[number]) if what != "none" else ():
            if what == "drop":
                slots.drop(number)
            slots.put(changed)
            if what == "drop":
                slots.add(np.full(SERIES, number), ids)
        rules[number] = changed if what != "none" else rules[number]
        readings, signals = batch(chance, start)
        verdicts = {
            number: evaluate(slots, readings, LONG_AGO, start + 19, None, signals) for number, slots in alone.items()
        }
        verdict = evaluate(together, readings, LONG_AGO, start + 19, None, signals)
        expected = sorted(told for number, each in verdicts.items() for told in of(alone[number], each))
        assert of(together, verdict) == expected, start
        count += len(expected)
        adopt(together, verdict)
        for number, each in verdicts.items():
            adopt(alone[number], each)
    assert count > 5000


def test_a_calm_reading_is_calm_for_all_and_looks_at_no_slot() -> None:
    slots = Slots()
    for rule in some_rules(random.Random(1)):
        if rule.signal == "value":
            slots.put(
                replace(
                    rule, thresholds=tuple(t + (20 if rule.above else -20) for t in rule.thresholds if t is not None)
                )
            )
            slots.add(np.array([rule.id]), np.array([0]))
    readings = Columns(np.arange(3), np.zeros(3, np.int32), np.array([0.0, 5.0, -5.0]), np.zeros(3, np.int16))
    assert evaluate(slots, readings, LONG_AGO, LONG_AGO).touched == []


def test_slots_come_and_go_as_in_a_plain_book() -> None:
    chance, watches = random.Random(3), Watches()
    plain: dict[tuple[Signal, int], set[int]] = {}
    place: dict[int, tuple[Signal, int, int]] = {}
    for step in range(400):
        if chance.random() < 0.6 or not place:
            signal: Signal = chance.choice(["value", "score"])
            fresh = [slot for slot in chance.sample(range(3000), 12) if slot not in place]
            series = [chance.randint(0, 30) for _ in fresh]
            at = watches.enter(signal, np.array(series), np.array(series), np.array(fresh))
            for slot, one, watch in zip(fresh, series, at.tolist(), strict=True):
                plain.setdefault((signal, one), set()).add(slot)
                place[slot] = signal, one, watch
        else:
            gone = chance.sample(sorted(place), min(len(place), chance.choice([1, 20, 200])))
            watches.leave(np.array(gone), np.array([place[slot][2] for slot in gone]))
            for slot in gone:
                signal, one, _ = place.pop(slot)
                plain[signal, one].discard(slot)
        for signal in SIGNALS[:2]:
            found = watches.of(signal, np.arange(31))
            slots, which = watches.slots(found[found >= 0])
            told = {(signal, int(np.flatnonzero(found >= 0)[at])): set[int]() for at in which.tolist()}
            for slot, at in zip(slots.tolist(), which.tolist(), strict=True):
                told[signal, int(np.flatnonzero(found >= 0)[at])].add(slot)
            assert told == {key: some for key, some in plain.items() if some and key[0] == signal}, step
        assert len(watches._pool) < 8 * 3000
    watches.leave(np.array(sorted(place)), np.array([place[slot][2] for slot in sorted(place)]))
    assert watches.by_signal == {}
