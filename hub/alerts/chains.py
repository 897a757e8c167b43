"""Escalation chains: which one an alert follows, and its steps. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hub.alerts.routing import Filter, Place, stored_filter

MOST_STEPS = 20
MOST_REPEATS = 20
LONGEST_WAIT_S = 7 * 86_400
VERIFY_WITHIN_S = {"red": 300, "orange": 900, "yellow": 1800, "blue": 3600}
"""By level, within how many seconds what was acknowledged is to be dispatched or handled."""


class ChainStep(NamedTuple):
    """A step of a chain."""

    wait_s: int
    """Seconds since the step before it, or since the alert."""
    consumers: tuple[str, ...]
    """Codes of those who are told."""
    rota: str | None = None
    """The rota whose people are to acknowledge; None: any person may."""


class Chain(NamedTuple):
    """An escalation chain."""

    code: str
    wanted: Filter
    """Which alerts follow it."""
    steps: tuple[ChainStep, ...]
    verify_within_s: Sequence[int]
    """By level, blue first."""
    repeats: int = 0
    """How often the last step is repeated."""

    @property
    def length(self) -> int:
        """How many steps are taken while nobody acknowledges."""
        return len(self.steps) + self.repeats

    def step(self, number: int) -> ChainStep:
        """A step by its number, from 1; after the last one that one again."""
        return self.steps[min(number, len(self.steps)) - 1]

    def rotas(self, taken: int) -> frozenset[str]:
        """The rotas whose people may acknowledge once so many steps were taken; before the first one those of it."""
        return frozenset(step.rota for step in self.steps[: max(1, taken)] if step.rota is not None)

    def verify_s(self, level: int) -> int:
        """Seconds within which an acknowledged alert of a level is to go on."""
        return self.verify_within_s[level - 1]

    @property
    def specificity(self) -> tuple[bool, int, bool, bool, bool, int]:
        """How narrow its filter is: area, then digits of the region, organisation, kind of event, category, level."""
        wanted = self.wanted
        return (
            wanted.area is not None,
            len(wanted.region or ""),
            wanted.organisation is not None,
            wanted.event_kind is not None,
            wanted.category is not None,
            wanted.min_level,
        )


class Chains:
    """All chains, the most specific first; of equally specific ones the first by code."""

    def __init__(self, chains: Iterable[Chain] = (), *, left: bool = False) -> None:
        """`left`: whether there are alerts whose chain was deleted; whom it has told hears how they go on."""
        self.left = left
        by_code = sorted(chains, key=lambda each: each.code)
        self._chains = sorted(by_code, key=lambda each: each.specificity, reverse=True)
        self._by_code = {each.code: each for each in by_code}
        # Of an alert that is being raised the kind of event is not known yet.
        self._loose = [each.wanted._replace(event_kind=None) for each in by_code]

    def __bool__(self) -> bool:
        return bool(self._chains)

    def __iter__(self) -> Iterator[Chain]:
        return iter(self._chains)

    def get(self, code: str | None) -> Chain | None:
        """A chain by its code."""
        return None if code is None else self._by_code.get(code)

    def of(self, place: Place, at: datetime) -> Chain | None:
        """The chain that an alert follows at a time: the most specific one that takes it."""
        return next((each for each in self._chains if each.wanted.takes(place, at)), None)

    def may_take(self, place: Place, at: datetime) -> bool:
        """Whether an alert may follow a chain, whatever its kind of event."""
        return any(wanted.takes(place, at) for wanted in self._loose)


def stored_chain(
    code: str,
    wanted: Mapping[str, Any],
    steps: Iterable[Mapping[str, Any]],
    repeats: int,
    verify_within_s: Sequence[int],
    *,
    areas: Mapping[str, tuple[datetime | None, datetime | None]],
) -> Chain:
    """A chain as it is stored; `areas` as of `stored_filter`."""
    read = tuple(ChainStep(each["wait_s"], tuple(each["consumers"]), each.get("rota")) for each in steps)
    return Chain(code, stored_filter(wanted, areas), read, verify_within_s, repeats)
