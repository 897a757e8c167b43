"""City model: which device publishes next, its message, and anomalies. Pure: time is passed in."""

from collections.abc import Iterator
from heapq import heappop, heappush
from itertools import chain, count, cycle
from random import Random

from hub.models import Micros
from simulator import faults, messages
from simulator.anomalies import Anomaly, Excursion, Step
from simulator.fleet import Thing
from simulator.messages import EventTruth, Message, ReadingTruth, Sample
from simulator.sensing import Sensor
from simulator.things import PROFILES, RULES, EventRule, ThresholdRule
from simulator.weather import Weather

FAULT_EVERY, REPEAT_EVERY, SIGHT_EVERY = 200, 250, 400
"""Messages from one that is wrong, that is sent twice, that is a camera's ordinary event, to the next."""
EVENT_S = 3.0
"""How long an event of an anomaly stays active."""
SIGHTS = ("line_crossing", "object_left", "object_removed", "crowd", "video_quality")
SAMPLES = {"river-level": 4, "manhole-cover": 2}
"""By profile: how many samples a message carries, if not one."""
TILTED = {"tilt": 38.0}


class City:
    """Devices of a fleet taking turns; the same seed and times give the same messages."""

    def __init__(self, things: list[Thing], anomalies: Iterator[Anomaly], seed: int, prefix: str) -> None:
        rng = self._rng = Random(f"city-{seed}")  # noqa: S311 a made-up city, no secret
        self._prefix = prefix
        self._weather = Weather(rng)
        self._talkers = [thing for thing in things if PROFILES[thing.profile]["metrics"]]
        self._cameras = [thing for thing in things if thing.profile == "camera"]
        self._air = [thing for thing in things if thing.profile == "air-station"]
        self._watched = [
            (thing, rule.event_kind)
            for rule in RULES
            if isinstance(rule, EventRule)
            for thing in things
            if thing.profile == rule.profile
        ]
        rng.shuffle(self._talkers)
        self.talkers = len(self._talkers)
        """How many things send readings: a thing's turn comes after that many messages."""
        self._sensors = {thing.code: Sensor(thing.profile, self._weather, rng) for thing in self._talkers}
        self._turns = cycle(self._talkers)
        self._numbers = count(1)
        self._faults = cycle([*faults.FAULTS, faults.UNKNOWN_METRIC])
        self._last: dict[str, Micros] = {}
        self._anomalies = chain(anomalies, [None])
        self._upcoming = next(self._anomalies)
        self._excursions: dict[tuple[str, str], Excursion] = {}
        self._active: list[tuple[float, int, Thing, str]] = []
        self._forced: dict[str, dict[str, float]] = {}

    def opening(self, now: Micros) -> Iterator[Message]:
        """Initial inactive events of cameras and manhole covers, as after power-on."""
        for thing, kind in self._watched:
            yield self._event(thing, kind, "inactive", now)

    def turn(self, elapsed_s: float, now: Micros) -> Iterator[Message]:
        """The next device's message, and everything else due by now."""
        yield from self._begin(elapsed_s, now)
        yield from self._end(elapsed_s, now)
        number, thing = next(self._numbers), next(self._turns)
        fault = next(self._faults) if number % FAULT_EVERY == 0 else None
        if fault == faults.UNKNOWN_METRIC:
            thing = self._rng.choice(self._air)
        message = self._readings(thing, now, fault if fault == faults.UNKNOWN_METRIC else None)
        yield message
        if number % REPEAT_EVERY == 0 and message.readings[0].ts is not None and message.fault is None:
            yield Message(message.topic, message.payload)  # sent again by a device that missed the answer
        if fault is not None and fault != faults.UNKNOWN_METRIC:
            yield faults.spoiled(fault, self._rng.choice(self._air), self._prefix, now // 1000)
        if number % SIGHT_EVERY == 0 and self._cameras:
            yield self._event(self._rng.choice(self._cameras), self._rng.choice(SIGHTS), None, now)

    def closing(self, now: Micros) -> Iterator[Message]:
        """End all anomalies, so that no alert stays open."""
        yield from self._end(float("inf"), now)
        wrong = {code for code, _ in self._excursions}
        self._excursions.clear()
        for thing in self._talkers:
            if thing.code in wrong:
                yield self._readings(thing, now, None)

    def dim(self, code: str, brightness: float) -> None:
        """Override a lamp's brightness by command; thread-safe."""
        self._forced[code] = {"brightness": brightness}

    def _begin(self, elapsed_s: float, now: Micros) -> Iterator[Message]:
        while (anomaly := self._upcoming) is not None and anomaly.at_s <= elapsed_s:
            self._upcoming = next(self._anomalies)
            thing, rule = anomaly.thing, anomaly.rule
            if isinstance(rule, ThresholdRule):
                self._excursions.setdefault((thing.code, rule.metric), Excursion(anomaly, rule))
            elif not any(other is thing and kind == rule.event_kind for _, _, other, kind in self._active):
                heappush(self._active, (elapsed_s + EVENT_S, anomaly.number, thing, rule.event_kind))
                if rule.event_kind == "tilt":
                    self._forced[thing.code] = TILTED
                yield self._event(thing, rule.event_kind, "active", now, anomaly)

    def _end(self, elapsed_s: float, now: Micros) -> Iterator[Message]:
        while self._active and self._active[0][0] <= elapsed_s:
            _, _, thing, kind = heappop(self._active)
            self._forced.pop(thing.code, None)
            yield self._event(thing, kind, "inactive", now)

    def _readings(self, thing: Thing, now: Micros, fault: str | None) -> Message:
        """A message with a device's readings since its last one."""
        times = self._times(thing, now, SAMPLES.get(thing.profile, 1))
        forced, steps = self._influence(thing, times[0])
        sensor = self._sensors[thing.code]
        samples: list[Sample] = [(ts, sensor.measure(ts / 1e6, forced)) for ts in times]
        timed = thing.profile != "street-lamp"
        truth = tuple(
            ReadingTruth(thing.code, metric, ts if timed else None, value)
            for ts, values in samples
            for metric, value in values.items()
        )
        if fault is not None:
            samples = [(ts, {**values, "pm99": 1.0}) for ts, values in samples]
        form = "senml" if thing.profile == "river-level" else "telemetry"
        return Message(thing.topic(self._prefix, form), _encode(thing, samples), truth, steps=steps, fault=fault)

    def _times(self, thing: Thing, now: Micros, wanted: int) -> list[Micros]:
        """Up to `wanted` increasing millisecond timestamps, all newer than the device's last one."""
        last, now = self._last.get(thing.code), now // 1000 * 1000
        now = now if last is None else max(now, last + 1000)
        times = [now]
        if last is not None:
            part = (now - last) // wanted // 1000 * 1000
            times = [now - part * back for back in range(wanted - 1, 0, -1) if part] + times
        self._last[thing.code] = now
        return times

    def _influence(self, thing: Thing, ts: Micros) -> tuple[dict[str, float], tuple[Step, ...]]:
        """Effect of active anomalies on a device's values, and the resulting alert steps."""
        forced = dict(self._forced.get(thing.code, {}))
        steps: list[Step] = []
        for metric in PROFILES[thing.profile]["metrics"]:
            excursion = self._excursions.get((thing.code, metric))
            if excursion is None:
                continue
            outcome = excursion.next(ts)
            if outcome is None:
                del self._excursions[thing.code, metric]
                continue
            forced[metric], step = outcome
            steps += [step] if step is not None else []
        return forced, tuple(steps)

    def _event(
        self, thing: Thing, kind: str, state: str | None, now: Micros, anomaly: Anomaly | None = None
    ) -> Message:
        [ts] = self._times(thing, now, 1)
        truth = EventTruth(thing.code, f"{thing.code}-{ts // 1000}-{kind}", kind, state, ts)
        payload = messages.event(truth, {"place": thing.name})
        steps = (Step(anomaly, anomaly.level, ts),) if anomaly is not None else ()
        return Message(thing.topic(self._prefix, "event"), payload, events=(truth,), steps=steps)


def _encode(thing: Thing, samples: list[Sample]) -> bytes:
    match thing.profile:
        case "river-level":
            return messages.senml(samples)
        case "street-lamp":
            return messages.flat(samples)
        case "environment-sensor":
            return messages.telemetry(samples, iso=True)
        case _:
            return messages.telemetry(samples)
