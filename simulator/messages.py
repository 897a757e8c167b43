"""A simulated message and the ground truth that must hold in the hub once it is acknowledged."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

import msgspec

from hub.models import Micros, from_micros
from simulator.anomalies import Step

Sample = tuple[Micros, dict[str, float]]
"""A time and the values measured at it."""


class ReadingTruth(NamedTuple):
    """A reading the hub must store; `ts` None means any time of arrival is correct."""

    device: str
    metric: str
    ts: Micros | None
    value: float


class EventTruth(NamedTuple):
    """An event the hub must store exactly once."""

    device: str
    id: str
    kind: str
    state: str | None
    ts: Micros


@dataclass(slots=True, frozen=True)
class Message:
    """A payload for a topic. With a `fault` it must become one dead letter; its valid parts are stored."""

    topic: str
    payload: bytes
    readings: tuple[ReadingTruth, ...] = ()
    events: tuple[EventTruth, ...] = ()
    steps: tuple[Step, ...] = ()
    fault: str | None = None


def telemetry(samples: list[Sample], iso: bool = False) -> bytes:
    """`{"ts", "values"}`, or a list of them when there are several."""
    records = [{"ts": _iso(ts) if iso else ts // 1000, "values": values} for ts, values in samples]
    return msgspec.json.encode(records[0] if len(records) == 1 else records)


def flat(samples: list[Sample]) -> bytes:
    """Values of the newest sample without a timestamp."""
    return msgspec.json.encode(samples[-1][1])


def senml(samples: list[Sample]) -> bytes:
    """A SenML pack (RFC 8428) with a base time in whole seconds, so that sums of times stay exact."""
    base = samples[0][0] // 1_000_000
    records: list[dict[str, object]] = [
        {"n": metric, "t": (ts - base * 1_000_000) / 1e6, "v": value}
        for ts, values in samples
        for metric, value in values.items()
    ]
    records[0]["bt"] = base
    return msgspec.json.encode(records)


def event(truth: EventTruth, attributes: dict[str, object]) -> bytes:
    """An event as JSON, with the device's own id."""
    body: dict[str, object] = {"id": truth.id, "ts": truth.ts // 1000, "kind": truth.kind, "attributes": attributes}
    if truth.state is not None:
        body["state"] = truth.state
    return msgspec.json.encode(body)


def _iso(ts: Micros) -> str:
    at: datetime = from_micros(ts)
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
