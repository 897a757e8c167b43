"""A camera of ONVIF that publishes its events at a broker: PREFIX/onvif-ej/TOPIC, JSON, QoS 1 (Core, event broker)."""

import json
import threading
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from simulator.publisher import Broker, Publisher

PERSON = "RuleEngine/Recognition/Face/&1"
"""What it says of persons: a hub drops it."""
TURN = ("RuleEngine/FieldDetector/ObjectsInside/&1/Field1", "IsInside")


def message(prefix: str, topic: str, data: Mapping[str, object], operation: str = "Changed") -> tuple[str, bytes]:
    """Topic of MQTT and payload of an event of the video source 1."""
    told = {
        "UtcTime": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "PropertyOperation": operation,
        "Source": {"VideoSource": "1", "Rule": "Field1"},
        "Data": dict(data),
    }
    return f"{prefix}/onvif-ej/{topic}", json.dumps(told).encode()


def publish_turns(broker: Broker, prefixes: list[str], every_s: float, seconds: float | None) -> int:
    """Cameras see something, and then nothing, by turns, and a person each time; how many were acknowledged.

    BrokerAbsentError.
    """
    done: list[str] = []
    until = None if seconds is None else time.monotonic() + seconds
    with Publisher[str](broker, "ganzhi-onvif-cameras", done.append, stopping=threading.Event()) as publisher:
        is_there = False
        while until is None or time.monotonic() < until:
            is_there = not is_there
            for prefix in prefixes:
                publisher.publish(*message(prefix, TURN[0], {TURN[1]: is_there}), prefix)
                publisher.publish(*message(prefix, PERSON, {"Likelihood": 0.9}), prefix)
            time.sleep(every_s)
        publisher.drain(10.0)
    return len(done)
