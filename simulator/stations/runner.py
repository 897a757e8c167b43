"""Runs stations: registers their devices, and keeps the truth of what was acknowledged."""

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex

from simulator.cameras.asked import ANALYSIS, PASSWORD, USERNAME, free_port
from simulator.fleet import Thing
from simulator.ground_truth import Published, Truth
from simulator.publisher import Broker
from simulator.registration import HubApi
from simulator.runner import DRAIN_S, EFFECTIVE_S
from simulator.stations.crowd import Crowd
from simulator.stations.things import KINDS, RULES, slave_of, things
from simulator.stations.wanted import ASKED, Wanted

TICK_S = 0.2


@dataclass(slots=True, frozen=True)
class Stationed:
    """Parameters of a run."""

    wanted: Sequence[Wanted]
    every_s: float
    seconds: float | None
    seed: int
    broker: Broker | None


def register_stations(api_url: str, token: str | None, wanted: Sequence[Wanted], seed: int) -> list[Wanted]:
    """Make their profiles and devices, and a subscription for a platform that is to push to none; RefusedError.

    Returns them with the address of that.
    """
    found: list[Thing] = []
    with HubApi(api_url, token) as api:
        for one in wanted:
            kind = KINDS[one.kind]
            for profile, body in kind.profiles.items():
                api.put(f"/profiles/{profile}", body)
            found += things(one.kind, one.number, seed)
        api.import_things(found)
        profiles = {KINDS[one.kind].profile for one in wanted}
        for code, rule in RULES.items():
            if rule["profile"] in profiles:
                api.put(f"/rules/{code}", rule)
        known = [one._replace(where=_subscribed(api, api_url)) if _is_homeless(one) else one for one in wanted]
        known = [_connected(api, one) if one.kind in ASKED else one for one in known]
    time.sleep(EFFECTIVE_S)
    return known


def _is_homeless(one: Wanted) -> bool:
    return one.kind == "ctwing" and not one.where


def _subscribed(api: HubApi, url: str) -> str:
    """Make the subscription of a CTWing, and return the address that it pushes to."""
    secret = token_hex(16)
    api.put("/push-subscriptions/simulated", {"platform": "ctwing", "name": "Simulated", "secret": secret})
    return f"{url.rstrip('/')}/api/v1/push/simulated/{secret}"


def _connected(api: HubApi, one: Wanted) -> Wanted:
    """Tell the hub where to ask these cameras; at free ports where none are given."""
    ports = one.ports if one.where else [free_port() for _ in range(one.number)]
    for code, port in zip(KINDS[one.kind].codes(one.number), ports, strict=True):
        login = {"username": USERNAME, "password": PASSWORD}
        scheme, more = ("rtsp", {"analysis": ANALYSIS}) if one.kind == "rtsp" else ("http", {})
        api.put(f"/devices/{code}/cameras/{one.kind}", {"url": f"{scheme}://127.0.0.1:{port}/", **login, **more})
    return one._replace(where="+".join(map(str, ports)))


def live_stations(plan: Stationed, truth_folder: Path, stopping: threading.Event) -> dict[str, object]:
    """Report until the time is up or `stopping` is set; returns a summary of what was acknowledged."""
    begun = time.time_ns() // 1000
    with Truth(truth_folder) as truth:
        truth.stations = stations_of(plan.wanted)
        truth.slaves = slaves_of(plan.wanted)
        with Crowd(plan.wanted, plan.every_s, plan.seed, plan.broker) as crowd:
            end = None if plan.seconds is None else time.monotonic() + plan.seconds
            while not stopping.is_set() and (end is None or time.monotonic() < end):
                stopping.wait(TICK_S)
                note_taken(crowd, truth)
            ended = time.time_ns() // 1000
            left = crowd.end(DRAIN_S)
            note_taken(crowd, truth)
        return truth.summary(begun, ended, left)


def stations_of(wanted: Sequence[Wanted]) -> int:
    """How many of them are acknowledged what they tell: what the hub fetches by itself is not."""
    return sum(one.number for one in wanted if one.kind not in ("dtu", "rtsp"))


def slaves_of(wanted: Sequence[Wanted]) -> list[str]:
    """The codes of those that the hub reads: that DTUs answer for, and whose video it looks at."""
    found = {one.kind: list(KINDS[one.kind].codes(one.number)) for one in wanted}
    return [*map(slave_of, found.get("dtu", ())), *found.get("rtsp", ())]


def note_taken(crowd: Crowd, truth: Truth) -> None:
    """Enter what was acknowledged, and what was given up."""
    for message in crowd.taken():
        truth.heard.update(each.device for each in message.readings)
        truth.heard.update(each.device for each in message.events)
        truth.acknowledged(Published(message, time.time_ns() // 1000))
    for message in crowd.given_up():
        truth.given_up(message)
