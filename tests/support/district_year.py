"""A district's year of cases as plain steps: returns, reworks, extensions, suspensions, supervisions, merges.

Nothing here knows the hub: a step is a dict with `at`, `case`, `kind` and what it says; tests/support/district_count.py
counts them, and a test takes them through the hub.
"""

import random
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple

Event = dict[str, Any]
CHINA = timezone(timedelta(hours=8))
BEGIN = datetime(2025, 1, 1, tzinfo=CHINA)
NOW = datetime(2026, 2, 1, 12, tzinfo=CHINA)
"""When it is counted."""
TOWNS = [f"330106{town:03}" for town in range(1, 11)]
CATEGORIES = [
    ("part", "0101"),
    ("part", "0105"),
    ("part", "0502"),
    ("event", "0101"),
    ("event", "0301"),
    ("event", "0304"),
]
OFFICES = ["clean", "parks", "water", "roads"]


class Spread(NamedTuple):
    """When cases are reported, and when their steps end."""

    begin: datetime = BEGIN
    days: int = 365
    until: datetime = NOW


YEAR = Spread()


class _Case:
    """Makes the steps of one case, in the order of time."""

    def __init__(self, chance: random.Random, number: int, spread: Spread) -> None:
        self.chance, self.number = chance, number
        self.at = spread.begin + timedelta(seconds=chance.randrange(spread.days * 86_400))
        self.steps: list[Event] = []
        self.joined = spread.begin

    def do(self, kind: str, after: float = 0.0, **said: Any) -> None:
        self.at += timedelta(seconds=1 + round(3600 * after * self.chance.uniform(0.2, 2)))
        self.steps.append({"at": self.at, "case": self.number, "kind": kind, **said})

    def happens(self, share: float) -> bool:
        return self.chance.random() < share

    def live(self) -> None:
        kind, category = self.chance.choice(CATEGORIES)
        self.do(
            "reported", region=self.chance.choice(TOWNS) + f"{self.chance.randrange(1, 6):03}",
            organisation=self.chance.choice([None, "clean", "parks"]), category_kind=kind, category=category,
            level=self.chance.choice([1, 2, 2, 3, 4]),
        )  # fmt: skip
        if self.happens(0.01):
            self.do("rejected", 1)
            return
        if self.happens(0.01):
            self.do("self_handled", 1)
            return
        self.do("accepted", 0.5)
        if self.happens(0.01):
            self.do("rejected", 1)
            return
        self.do("filed", 2)
        returns = 0
        self.do("dispatched", 3, responsible=self.chance.choice(OFFICES))
        while self.happens(0.15):
            if self.happens(0.5):
                self.do("taken", 2)
            self.do("returned", 4)
            returns += 1
            self.do("dispatched", 5, responsible=self.chance.choice(OFFICES), coordinated=returns >= 3)
        if self.happens(0.02):
            self.do("supervised", 3)
            self.do("answered", 10)
        self.do("taken", 5)
        self._be_handled()

    def _be_handled(self) -> None:
        if self.happens(0.1):
            self.do("extension_asked", 10, hours=self.chance.choice([8, 24, 48]))
            self.do(self.chance.choice(["extension_granted", "extension_granted", "extension_refused"]), 5)
        if self.happens(0.05):
            self.do("suspension_asked", 10)
            self.do("suspension_granted", 5)
            if self.happens(0.1):
                return  # suspended to this day
            self.do("resumed", 200)
        if self.happens(0.003):
            return  # nobody sees to it any more
        self.do("handled", self.chance.choice([10, 40, 100]))
        while self.happens(0.08):
            self.do("failed", 5)
            self.do("handled", 20)
        self.do("passed", 5)
        self.do("closed", 3)


def district_year(cases: int, seed: int = 1, spread: Spread = YEAR) -> list[Event]:
    """Steps of so many cases in the order in which they are taken."""
    chance = random.Random(seed)
    lives = [_Case(chance, number, spread) for number in range(cases)]
    for life in lives:
        life.live()
    for life in lives:
        if chance.random() < 0.04:
            _merge(chance, life, lives)
    steps = [step for life in lives for step in life.steps if step["at"] < spread.until]
    return sorted(steps, key=lambda step: (step["at"], step["case"]))


def _merge(chance: random.Random, life: _Case, lives: list[_Case]) -> None:
    """Let a case go on in another one that has not ended then; what it would have done after that is not done."""
    allowed = {"reported", "accepted", "filed", "dispatched", "taken", "returned"}
    places = [place for place, step in enumerate(life.steps) if step["kind"] in allowed]
    place = chance.choice(places)
    at = life.steps[place]["at"] + timedelta(seconds=1)
    ends = {"closed", "rejected", "self_handled", "merged"}
    others = [
        other
        for other in chance.sample(lives, min(len(lives), 400))
        if other is not life and other.steps[0]["at"] < at
        and (other.steps[-1]["kind"] not in ends or other.steps[-1]["at"] > at)
    ]  # fmt: skip
    if others and life.joined < at and (place + 1 == len(life.steps) or life.steps[place + 1]["at"] > at):
        life.steps[place + 1 :] = [{"at": at, "case": life.number, "kind": "merged", "into": others[0].number}]
        others[0].joined = max(others[0].joined, at)
