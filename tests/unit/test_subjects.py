"""Expressions follow rules and devices: what is patched is what is made anew, and the same readings reach it."""

from collections.abc import Sequence

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.expressions.subjects import FollowedSubjects, Subjects
from analytics.rules.slots import Slots
from devices.registry.registry import Registry

METRICS, DEVICES = 3, 6
TEXTS = {1: "m0 + m1", 2: "m1 > m2", 3: "m0 + m1 + m2"}


class City:
    """Devices of two profiles with a series each of some metrics, and rules on them."""

    def __init__(self) -> None:
        self.registry, self.slots = Registry(), Slots()
        self.rules: dict[int, Rule] = {}
        self.registry.quantities += [(profile, f"m{metric}") for profile in (1, 2) for metric in range(METRICS)]
        self.registry._numbers |= {quantity: n for n, quantity in enumerate(self.registry.quantities)}
        self.registry.device_of[: (DEVICES + 1) * METRICS] = np.repeat(np.arange(DEVICES + 1), METRICS)
        for device in range(1, DEVICES + 1):
            self.take(device, 1, (True,) * METRICS)

    def take(self, device: int, profile: int, has: Sequence[bool]) -> None:
        """A device is of a profile, and some of its series take readings; the slots of rules follow."""
        for metric, there in enumerate(has):
            number = (profile - 1) * METRICS + metric if there else -1
            self.registry.quantity_of[device * METRICS + metric] = number
        self.registry._changes.note(np.array([device], np.int32))
        for rule in self.rules.values():
            self.watch(rule, device)

    def watch(self, rule: Rule, device: int) -> None:
        assert isinstance(rule, ThresholdRule)
        metric = int(rule.metric[1])
        pair = np.array([rule.id]), np.array([device * METRICS + metric])
        wanted = self.registry.quantity_of[pair[1][0]] == (rule.profile_id - 1) * METRICS + metric
        at = self.slots.find(*pair)
        if wanted and at[0] < 0:
            self.slots.add(*pair)
        elif not wanted and at[0] >= 0:
            self.slots.remove(at)

    def put(self, id_: int, profile: int) -> None:
        """A rule, in place of the one of before."""
        if id_ in self.rules:
            self.slots.drop(id_)
        text = TEXTS[id_]
        rule = ThresholdRule(id_, f"r{id_}", profile, text[:2], "x", True, (1.0, None, None, None), expression=text)
        self.rules[id_] = rule
        self.slots.put(rule)
        for device in range(1, DEVICES + 1):
            self.watch(rule, device)


def plain(subjects: Subjects) -> list[tuple[object, ...]]:
    """Expression, slots and series of each."""
    return [
        (each.program, subjects.slots[each.first : each.first + len(each.series)].tolist(), each.series.tolist())
        for each in subjects.all
    ]


def reached(subjects: Subjects) -> list[tuple[int, ...]]:
    series = np.arange((DEVICES + 1) * METRICS, dtype=np.int32)
    return sorted(zip(*(column.tolist() for column in subjects.reached(series)), strict=True))


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(1, 3), st.integers(1, 2)),
            st.tuples(
                st.just("take"), st.integers(1, DEVICES), st.integers(1, 2), st.tuples(*[st.booleans()] * METRICS)
            ),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_what_is_patched_is_what_is_made_anew(steps: list[tuple[object, ...]]) -> None:
    city = City()
    followed = FollowedSubjects(city.registry)
    for rule in TEXTS:
        city.put(rule, 1)
    for what, *how in steps:
        getattr(city, str(what))(*how)
        followed.follow(city.rules, city.slots)
        anew = FollowedSubjects(city.registry)
        anew.follow(city.rules, city.slots)
        assert plain(followed.now) == plain(anew.now)
        assert reached(followed.now) == reached(anew.now) == reached(Subjects(anew.now.all, anew.now.slots))
        assert [followed.now.place(int(slot)) for slot in followed.now.slots] == [*range(len(followed.now))]
