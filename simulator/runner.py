"""Runs a city: registers it, then publishes at a given rate until the time is up or it is stopped."""

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from pathlib import Path

from hub.models import Micros
from simulator.anomalies import QUIET_S, schedule
from simulator.city import City
from simulator.fleet import Thing, build_fleet
from simulator.ground_truth import Published, Truth
from simulator.lamps import Lamps
from simulator.messages import Message
from simulator.publisher import Broker, Publisher, StoppedError
from simulator.registration import HubApi
from simulator.watched import Watched

log = logging.getLogger(__name__)

EFFECTIVE_S = 1.2
"""A change of the registry is effective within a second; before that a device would be refused as unknown."""
MAX_DELAY_S = 1.0
"""How far the city may fall behind its rate before it gives up catching up."""
DRAIN_S = 30.0


@dataclass(slots=True, frozen=True)
class Plan:
    """Parameters of a run. `rate` is in messages per second over all devices."""

    broker: Broker
    devices: int = 200
    rate: float = 300.0
    seconds: float | None = None
    seed: int = 1
    prefix: str = "ganzhi/v1"

    def last_anomaly_s(self, talkers: int) -> float | None:
        """Latest start of an anomaly such that its highest level is reached QUIET_S before the end."""
        if self.seconds is None:
            return None
        # A rise to red takes four messages of a thing.
        return self.seconds - QUIET_S - 4 * talkers / self.rate


def register(api_url: str, token: str | None, things: list[Thing], webhook: tuple[str, str] | None) -> None:
    """Register the city and its webhook (url, secret) with the hub; RefusedError on failure."""
    with HubApi(api_url, token) as api:
        made = api.register_city(things)
        log.info("devices registered: %s", made)
        if webhook is not None:
            api.register_consumer(*webhook)
    time.sleep(EFFECTIVE_S)


def live(
    plan: Plan, truth_folder: Path, stopping: threading.Event, known: Sequence[Watched] = (), past: int = 0
) -> dict[str, object]:
    """Publish until the time is up or `stopping` is set; returns a summary of acknowledged messages.

    Things that have told their past, of so many readings, go on reporting, and count from where their present began.
    """
    begun = known[0].since if known else _now() // 1000 * 1000  # clocks tick in milliseconds: none lies before it
    things = build_fleet(plan.devices, plan.seed)
    talkers = sum(thing.profile != "camera" for thing in things)
    city = City(things, schedule(things, plan.seed, plan.last_anomaly_s(talkers)), plan.seed, plan.prefix)
    with Truth(truth_folder) as truth:
        truth.past = {"devices": [each.life.thing.code for each in known], "readings": past}
        publisher: Publisher[Published] = Publisher(
            plan.broker, f"city-{time.time_ns():x}", truth.acknowledged, stopping=stopping
        )
        with publisher, Lamps(plan.broker, plan.prefix, things, city.dim):
            try:
                for message in city.opening(_now()):
                    _publish(publisher, message)
                _speak(city, publisher, plan, stopping, _reports(known, plan.prefix))
                for message in city.closing(_now()):
                    _publish(publisher, message)
            except StoppedError:
                log.error("stopped while the broker was away")
            ended = _now()
            left = publisher.drain(DRAIN_S)
        return truth.summary(begun, ended, left)


def _reports(known: Sequence[Watched], prefix: str) -> Iterator[tuple[Micros, Message]]:
    """When which of them reports what, from the first reports of the present on."""
    due = [(int(each.life.ts[each.place]), number, each.place) for number, each in enumerate(known)]
    heapify(due)
    while due:
        at, number, place = due[0]
        each = known[number]
        yield at, each.report(place, number, prefix)
        if place + 1 < len(each.life.ts):
            heapreplace(due, (int(each.life.ts[place + 1]), number, place + 1))
        else:
            heappop(due)


def _speak(
    city: City,
    publisher: Publisher[Published],
    plan: Plan,
    stopping: threading.Event,
    reports: Iterator[tuple[Micros, Message]],
) -> None:
    start = due = time.monotonic()
    following = next(reports, None)
    while not stopping.is_set():
        now = time.monotonic()
        if plan.seconds is not None and now - start >= plan.seconds:
            return
        if now < due:
            publisher.settle()
            stopping.wait(due - now)
            continue
        for message in city.turn(now - start, _now()):
            _publish(publisher, message)
        while following is not None and following[0] <= _now():
            _publish(publisher, following[1])
            following = next(reports, None)
        due = max(due + 1 / plan.rate, now - MAX_DELAY_S)


def _publish(publisher: Publisher[Published], message: Message) -> None:
    publisher.publish(message.topic, message.payload, Published(message, _now()))


def _now() -> Micros:
    return time.time_ns() // 1000
