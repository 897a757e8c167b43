"""Presence evaluation from status messages, silence and gateways. Pure, over arrays.

A device is offline when it said so and has not been heard for a hold time, or when it is silent for longer than it may
be, counted only over time in which the hub could hear it. It is online again as soon as it is heard. What is silent
behind a silent gateway is offline because of it and no finding of its own; the gateway's return gives it back, with its
whole time. So it is where a gateway that is there says that all behind it is off: the finding is its own, and each is
one again once only some are off.
"""

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from hub.models import Micros

Bools = NDArray[np.bool_]
Times = NDArray[np.int64]
"""Microseconds UTC; LONG_AGO for never."""

LONG_AGO: Micros = -(2**61)
UNKNOWN, OFFLINE, ONLINE = -1, 0, 1
LEVELS = 8
"""Of gateways above each other; cycles are refused at registration, this only bounds the work."""


class Cause(IntEnum):
    """Why a device is offline."""

    NONE = 0
    SILENCE = 1
    STATUS = 2
    GATEWAY = 3


@dataclass(slots=True)
class Watched:
    """Devices as parallel arrays."""

    device: NDArray[np.int64]
    parent: NDArray[np.int64]
    """Index of its gateway in these arrays; -1 if it has none."""
    active: Bools
    allowed: Times
    """How long it may be silent; 0: for ever."""
    seen: Times
    said: NDArray[np.int64]
    """What its status topic says: UNKNOWN, OFFLINE or ONLINE."""
    said_at: Times
    maintained: Bools
    """Whether somebody works on it."""
    free: Times
    """When that ended last."""
    online: NDArray[np.int64]
    """What was decided last, with `since`, `cause` and whether a finding is open."""
    since: Times
    cause: NDArray[np.int64]
    finding: Bools


@dataclass(slots=True)
class Verdict:
    """Result of an evaluation, parallel to the devices."""

    online: NDArray[np.int64]
    cause: NDArray[np.int64]
    finding: Bools


@dataclass(slots=True)
class _Facts:
    """Intermediate results independent of gateway states."""

    heard: Times
    there: Times
    """When it was there last, for certain: a last will says that it was until then."""
    said_off: Bools
    late: Bools
    """Silent for longer than allowed."""
    over: Bools
    """And not perhaps because its gateway fell silent first."""
    maintained: Bools
    covered: Bools
    """Off, and so far of its gateway's finding."""
    whole: Bools
    """Gateways that say that all behind them is off."""


def decide(watched: Watched, at: Micros, hears: Micros, hold: Micros) -> Verdict:
    """Evaluate presence at a time until which everything was received, gap-free since `hears`.

    `hold`: how long a device that says it is offline must not be heard until it counts.
    """
    facts = _facts(watched, at, hears, hold)
    away = np.zeros(len(watched.device), np.bool_)
    since = np.where(watched.online == OFFLINE, watched.since, at)
    has_parent = watched.parent >= 0
    verdict = _judge(watched, facts, away)
    may_be = (
        has_parent
        & (facts.heard <= since[watched.parent])
        & (facts.late | (facts.heard <= facts.there[watched.parent]) | (watched.cause == Cause.GATEWAY))
    )
    for _ in range(LEVELS):
        behind = may_be & (verdict.online[watched.parent] == OFFLINE)
        if np.array_equal(behind, away):
            break
        away = behind
        verdict = _judge(watched, facts, away)
    return verdict


def _facts(watched: Watched, at: Micros, hears: Micros, hold: Micros) -> _Facts:
    parent, has_parent = watched.parent, watched.parent >= 0
    maintained = watched.maintained.copy()
    free = watched.free.copy()
    for _ in range(LEVELS):  # whoever works on a gateway works on what is behind it
        before = maintained
        maintained = maintained | (has_parent & maintained[parent])
        free = np.maximum(free, np.where(has_parent, free[parent], LONG_AGO))
        if np.array_equal(before, maintained):
            break
    heard = np.where(watched.said == ONLINE, np.maximum(watched.seen, watched.said_at), watched.seen)
    heard, allowed = _through_children(watched, heard)
    grace = np.maximum(free, hears)
    said_off = (
        (watched.said == OFFLINE)
        & (watched.said_at >= watched.seen)
        & (at - np.maximum(watched.said_at, grace) >= hold)
    )
    base = np.maximum(np.maximum(heard, grace), np.where(watched.online == ONLINE, watched.since, LONG_AGO))
    deadline = base + allowed
    # While a gateway is not heard after the child's time was over, it may be the gateway that is silent.
    judged = has_parent & (watched.online[parent] == ONLINE) & watched.active[parent] & (allowed[parent] > 0)
    waits = judged & (heard[parent] <= deadline)
    late = (allowed > 0) & (at > deadline)
    there = np.maximum(heard, watched.said_at)
    covered = (
        (watched.online == OFFLINE) & (watched.cause == Cause.GATEWAY)
        & has_parent & (watched.online[parent] == ONLINE) & watched.finding[parent]
    )  # fmt: skip
    whole = _whole(watched, said_off, covered)
    return _Facts(heard, there, said_off, late, late & ~waits, maintained, covered, whole)


def _whole(watched: Watched, said_off: Bools, covered: Bools) -> Bools:
    """Gateways behind which all is said to be off: two or more of it in one go, of which one is long enough."""
    off = (watched.said == OFFLINE) & (watched.said_at >= watched.seen)
    counted = (watched.parent >= 0) & watched.active & (watched.online != UNKNOWN)
    fresh = counted & off & ((watched.online == ONLINE) | covered)
    on, those, held = (
        np.bincount(watched.parent[which], minlength=len(off)) for which in (counted & ~off, fresh, fresh & said_off)
    )
    whole: Bools = (on == 0) & (those >= 2) & (held > 0)
    return whole


def _through_children(watched: Watched, heard: Times) -> tuple[Times, Times]:
    """Last-seen time and timeout of each device; a gateway without an interval takes its children's.

    With fewer than two of these it cannot be told who is silent.
    """
    speaks = (watched.parent >= 0) & watched.active & (watched.allowed > 0) & (watched.online != UNKNOWN)
    parent = watched.parent[speaks]
    size = len(watched.device)
    most, newest = np.zeros(size, np.int64), np.full(size, LONG_AGO)
    np.maximum.at(most, parent, watched.allowed[speaks])
    np.maximum.at(newest, parent, heard[speaks])
    lone = (watched.allowed == 0) & (np.bincount(parent, minlength=size) >= 2)
    return np.where(lone, np.maximum(heard, newest), heard), np.where(lone, most, watched.allowed)


def _judge(watched: Watched, facts: _Facts, away: Bools) -> Verdict:
    """Evaluate with the devices in `away` behind an offline gateway."""
    unknown, online, offline = (watched.active & (watched.online == state) for state in (UNKNOWN, ONLINE, OFFLINE))
    news = facts.heard > watched.since
    working = online & ~facts.maintained
    behind = working & away
    said = working & facts.said_off & ~away
    silent = working & facts.over & ~facts.said_off & ~away
    whole = facts.whole & online & ~away & ~said & ~silent & (~facts.maintained | watched.finding)
    under = (watched.parent >= 0) & whole[watched.parent]
    stays = offline & facts.covered & facts.said_off & ~away & ~news
    alone = stays & ~under & ~facts.maintained
    back = (offline & (news | ((watched.cause == Cause.GATEWAY) & ~away & ~stays))) | (unknown & news)
    never = unknown & ~news & facts.said_off & (watched.said_at > watched.since)  # it has not been there: no finding

    state, cause, finding = watched.online.copy(), watched.cause.copy(), watched.finding.copy()
    state[~watched.active], cause[~watched.active] = UNKNOWN, Cause.NONE
    state[back], cause[back], finding[back] = ONLINE, Cause.NONE, False
    for which, why in (
        (said | never | alone, Cause.STATUS), (behind | (said & under), Cause.GATEWAY), (silent, Cause.SILENCE)
    ):  # fmt: skip
        state[which], cause[which] = OFFLINE, why
    finding[online] = False
    finding[(said & ~under) | silent | alone | whole] = True
    return Verdict(state, cause, finding)
