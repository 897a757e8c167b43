"""Which series of other devices the expressions of the rules in force are calculated from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analytics.rules.definitions import Rule, ThresholdRule
from analytics.rules.slots import Ints, Slots
from devices.expressions.inputs import Input
from devices.expressions.program import program_of
from devices.expressions.refused import ExpressionRefused
from devices.places.nearest import Places, nearest
from devices.registry.registry import Registry
from hub.models import Micros

Key = tuple[int, Input]
"""The profile of the devices of a rule, and what is asked for, without the figure."""


class Around(NamedTuple):
    """Of each device the series that it looks at."""

    devices: Ints
    """Ascending."""
    starts: Ints
    """Shape (devices + 1,)."""
    members: NDArray[np.int32]
    """Those of the n-th device are starts[n] to before starts[n + 1]: places in `Surroundings.series`."""


@dataclass(slots=True, frozen=True)
class Surroundings:
    """Immutable; made anew when rules or devices change."""

    series: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    """All of them, ascending, each once."""
    lists: Mapping[Key, Around] = field(default_factory=dict)


class Asked(NamedTuple):
    """What is wanted of the surroundings of devices."""

    key: Key
    devices: Ints
    """Ascending."""
    series: Ints
    """Of active devices, which may be the gateway, or neighbours."""
    owners: Ints
    """Their devices."""
    places: tuple[Places, Places]
    """Of `devices`, and of `owners`."""


def elsewhere_of(rule: Rule) -> list[Input]:
    """What a rule wants of other devices; without figures, which are all of the same values."""
    if not isinstance(rule, ThresholdRule) or rule.expression is None:
        return []
    try:
        named = program_of(rule.expression).inputs
    except ExpressionRefused:
        return []  # it sees no readings, which is logged where they are
    return [*dict.fromkeys(each._replace(figure="") for each in named if each.scope != "device")]


def asked_by(rules: Mapping[int, Rule], slots: Slots, registry: Registry) -> tuple[list[Asked], Micros]:
    """What the rules in force want, and the oldest values that any of them goes by. Some milliseconds."""
    devices: dict[Key, list[Ints]] = {}
    stale = 0
    for rule in rules.values():
        for wanted in elsewhere_of(rule):
            assert isinstance(rule, ThresholdRule)  # noqa: S101 for the type checker
            own = registry.device_of[slots.series[slots.of_rule(rule.id)]].astype(np.int64)
            devices.setdefault((rule.profile_id, wanted), []).append(own)
            stale = max(stale, rule.stale)
    return [_asked(key, np.unique(np.concatenate(own)), registry) for key, own in devices.items()], stale


def _asked(key: Key, devices: Ints, registry: Registry) -> Asked:
    profile, wanted = key
    first = registry.device(int(devices[0])) if len(devices) else None
    of_own = wanted.scope == "neighbours" and first is not None and wanted.metric in first.profile.ranges
    of_any = [each for each in registry.quantities if each[1] == wanted.metric]
    quantities = [(profile, wanted.metric)] if of_own else of_any
    found = registry.series_of_quantities(quantities)
    series = np.concatenate([np.empty(0, np.int64), *found.values()])
    owners = registry.device_of[series].astype(np.int64)
    here, there = (Places(ids, registry.lon[ids], registry.lat[ids]) for ids in (devices, owners))
    return Asked(key, devices, series, owners, (here, there))


def surroundings_of(asked: Sequence[Asked], registry: Registry) -> Surroundings:
    """Takes seconds with 100,000 devices; may be called in another thread: it asks the registry for gateways only."""
    found = {each.key: _around(each, registry) for each in asked}
    series = np.unique(np.concatenate([np.empty(0, np.int64), *(some for *_, some in found.values())]))
    lists = {
        key: Around(devices, starts, np.searchsorted(series, some).astype(np.int32))
        for key, (devices, starts, some) in found.items()
    }
    return Surroundings(series, lists)


def _around(asked: Asked, registry: Registry) -> tuple[Ints, Ints, Ints]:
    _, wanted = asked.key
    if wanted.scope == "neighbours":
        starts, members = nearest(*asked.places, wanted.radius)
        return asked.devices, starts, asked.series[members]
    gateways = np.array([_gateway(registry, id_) for id_ in asked.devices.tolist()], np.int64)
    order = np.argsort(asked.owners)
    owners = np.append(asked.owners[order], -1)
    at = np.searchsorted(owners[:-1], gateways)
    there = owners[at] == gateways
    there &= gateways >= 0
    starts = np.append(0, np.cumsum(there))
    return asked.devices, starts, asked.series[order][at[there]]


def _gateway(registry: Registry, id_: int) -> int:
    """The id of the gateway of a device; -1: it has none."""
    device = registry.device(id_)
    gateway = None if device is None or device.gateway is None else registry.devices.get(device.gateway)
    return -1 if gateway is None else gateway.id
