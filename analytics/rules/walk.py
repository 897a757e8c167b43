"""One slot, reading by reading: levels with hysteresis, hold and clear times. Changes nothing but what it returns."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from analytics.rules.slots import LONG_AGO, NEVER, Slots
from analytics.rules.verdict import Transition, Verdict, Walked
from hub.models import Micros


def ripen(slots: Slots, slot: int, oldest: Micros, until: Micros, verdict: Verdict) -> None:
    """Let hold times of a slot pass that end from `oldest` to `until`, and clear times."""
    since, value = slots.since[slot].tolist(), float(slots.value(np.array([slot]))[0])
    level = _ripened(slot, int(slots.level[slot]), since, _times_of(slots, slot), oldest, until, value, verdict)
    verdict.walked.append(Walked(slot, level, since))


def walk(
    slots: Slots,
    slot: int,
    known: float,
    ts: Sequence[int],
    signed: Sequence[float],
    since_when: Sequence[int],
    verdict: Verdict,
) -> None:
    """Row by row through what one slot got, from the first reading that may change something.

    `known` is the value before that, not signed. Of each, what ended before `since_when` is reached with it.
    """
    sign, times = float(slots.sign[slot]), _times_of(slots, slot)
    level, since, known = int(slots.level[slot]), slots.since[slot].tolist(), known * sign
    low, high, due = np.inf, -np.inf, LONG_AGO  # the band is not known: nothing is inside
    for at, value, oldest in zip(ts, signed, since_when, strict=True):
        if low <= value < high and at < due:
            known = value
            continue
        if value != value:
            continue
        level = _ripened(slot, level, since, times, oldest, at - 1, known * sign, verdict)
        known, before = value, level
        level = _stepped(level, since, times, at, value)
        if level != before:
            verdict.transitions.append(Transition(slot, at, value * sign, before, level))
        low, high, due = _band(level, since, times)
    verdict.walked.append(Walked(slot, level, since))


class _Times(NamedTuple):
    """A rule for one slot."""

    up: list[float]
    keep: list[float]
    hold: Micros
    clear: Micros


def _times_of(slots: Slots, slot: int) -> _Times:
    row = slots.row[slot]
    return _Times(slots.up[row].tolist(), slots.keep[row].tolist(), int(slots.hold[row]), int(slots.clear[row]))


def _stepped(level: int, since: list[Micros], rule: _Times, at: Micros, value: float) -> int:
    """The level after a reading; changes `since`."""
    for number in range(1, level + 1):
        back = value < rule.keep[number - 1] < np.inf
        since[number - 1] = min(since[number - 1], at) if back else NEVER
    reached = level
    for number in range(level + 1, 5):
        if value < rule.up[number - 1] or rule.up[number - 1] == np.inf:
            since[number - 1] = NEVER
            continue
        since[number - 1] = min(since[number - 1], at)
        if at - since[number - 1] >= rule.hold:
            reached = number
    if reached == level:
        return _fallen(level, since, rule, at)
    since[:reached] = [NEVER] * reached
    return reached


def _fallen(level: int, since: list[Micros], rule: _Times, at: Micros) -> int:
    """The level once clear times that end by `at` have passed; one that the rule has not is left. Changes `since`."""
    while level and (rule.keep[level - 1] == np.inf or since[level - 1] + rule.clear <= at):
        since[level - 1] = NEVER
        level -= 1
    return level


def _ends(level: int, since: Sequence[Micros], rule: _Times) -> tuple[Micros, bool]:
    """When the first time ends, and whether the level is left then."""
    rises = min(since[level:], default=NEVER) + rule.hold
    falls = since[level - 1] + rule.clear if level else NEVER
    return (falls, True) if falls < rises else (rises, False)


def _band(level: int, since: Sequence[Micros], rule: _Times) -> tuple[float, float, Micros]:
    """As Slots.settle_bands, of one slot."""
    low, high = -np.inf, np.inf
    for number, (start, up, keep) in enumerate(zip(since, rule.up, rule.keep, strict=True), 1):
        if number > level:
            low, high = (max(low, up), high) if start != NEVER else (low, min(high, up))
        elif keep < np.inf or number == level:  # one that the rule has not is left with the next reading
            low, high = (low, min(high, keep)) if start != NEVER else (max(low, keep), high)
    return low, high, _ends(level, since, rule)[0]


def _ripened(
    slot: int,
    level: int,
    since: list[Micros],
    rule: _Times,
    oldest: Micros,
    until: Micros,
    value: float,
    verdict: Verdict,
) -> int:
    """The level once hold times that end from `oldest` to `until`, and clear times, have passed; changes `since`."""
    while True:
        due, falls = _ends(level, since, rule)
        if due > until or (due < oldest and not falls):
            return level
        if falls:
            after = _fallen(level, since, rule, due)
        else:
            after = max(number for number in range(level + 1, 5) if since[number - 1] + rule.hold == due)
            since[:after] = [NEVER] * after
        verdict.transitions.append(Transition(slot, due, value, level, after))
        level = after
