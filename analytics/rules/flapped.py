"""Alerts that a rule would have raised, as flapping makes one of several. Pure; as Flaps does with what is received."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import groupby

from analytics.rules.definitions import Rule
from analytics.rules.flaps import Limits, may_flap
from analytics.rules.slots import NEVER
from hub.alerts.trial import WouldBe
from hub.models import RED, Micros


def flapped(rule: Rule, would: Sequence[WouldBe], limits: Limits | None, until: Micros) -> list[WouldBe]:
    """Alerts by device and time, of which each one that flaps stays open until it was quiet, by `until`."""
    if limits is None or not may_flap(rule):
        return list(would)
    ordered = sorted(would, key=lambda each: (*_thing(each), each.at))
    return [each for _, mine in groupby(ordered, _thing) for each in _of_device(mine, limits, until)]


def _thing(would: WouldBe) -> tuple[str, str]:
    return would.device, would.part or ""


def _of_device(would: Iterable[WouldBe], limits: Limits, until: Micros) -> list[WouldBe]:
    found: list[WouldBe] = []
    times: tuple[Micros, ...] = ()
    flaps = False
    for each in would:
        last = found[-1] if found else None
        if flaps and last is not None:
            quiet_from = NEVER if last.ended is None else last.ended
            if each.at < quiet_from + limits.quiet:  # also to red, which ends it
                last.ended, last.peak = each.ended, max(last.peak, each.peak)
                flaps = each.peak < RED
                continue
            last.ended = quiet_from + limits.quiet
        times = (*times, each.at)[-limits.alerts :]
        flaps = each.peak < RED and len(times) == limits.alerts and times[-1] - times[0] <= limits.within
        found.append(replace(each))
    if flaps and found[-1].ended is not None:
        over = found[-1].ended + limits.quiet
        found[-1].ended = over if over <= until else None
    return found
