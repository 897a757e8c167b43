"""Runs stations: registers their devices, and keeps the truth of what was acknowledged."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.fleet import Thing
from simulator.ground_truth import Published, Truth
from simulator.publisher import Broker
from simulator.registration import HubApi
from simulator.runner import DRAIN_S, EFFECTIVE_S
from simulator.stations.crowd import Crowd
from simulator.stations.things import KINDS, things
from simulator.stations.wanted import Wanted

TICK_S = 0.2


@dataclass(slots=True, frozen=True)
class Stationed:
    """Parameters of a run."""

    wanted: Sequence[Wanted]
    every_s: float
    seconds: float | None
    seed: int
    broker: Broker | None


def register_stations(api_url: str, token: str | None, wanted: Sequence[Wanted], seed: int) -> None:
    """Make their profiles and devices; RefusedError on failure."""
    found: list[Thing] = []
    with HubApi(api_url, token) as api:
        for one in wanted:
            kind = KINDS[one.kind]
            api.put(f"/profiles/{kind.profile}", kind.body)
            found += things(one.kind, one.number, seed)
        api.import_things(found)
    time.sleep(EFFECTIVE_S)


def live_stations(plan: Stationed, truth_folder: Path, stopping: threading.Event) -> dict[str, object]:
    """Report until the time is up or `stopping` is set; returns a summary of what was acknowledged."""
    begun = time.time_ns() // 1000
    with Truth(truth_folder) as truth:
        with Crowd(plan.wanted, plan.every_s, plan.seed, plan.broker) as crowd:
            end = None if plan.seconds is None else time.monotonic() + plan.seconds
            while not stopping.is_set() and (end is None or time.monotonic() < end):
                stopping.wait(TICK_S)
                note_taken(crowd, truth)
            ended = time.time_ns() // 1000
            left = crowd.end(DRAIN_S)
            note_taken(crowd, truth)
        return truth.summary(begun, ended, left)


def note_taken(crowd: Crowd, truth: Truth) -> None:
    """Enter what was acknowledged."""
    for message in crowd.taken():
        truth.acknowledged(Published(message, time.time_ns() // 1000))
