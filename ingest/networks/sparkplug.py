"""Edge nodes of Sparkplug B: follows their sessions, asks for births, tells them whether the hub listens (STATE)."""

import json
import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

from devices.codecs.protobuf import block, key, varint
from devices.codecs.sparkplug.node import EdgeNode, Told
from devices.codecs.sparkplug.payload import BOOL, BOOLEAN, DATATYPE, METRICS, NAME, TIMESTAMP
from devices.network_topics import SPARKPLUG, network_origin
from hub.access.token_bucket import TokenBuckets
from hub.models import Origin, Raw, now_micros

log = logging.getLogger(__name__)

MAX_NODES = 10_000
"""Edge nodes that are remembered; the one that was quiet the longest is forgotten, and asked for its births again."""
REBIRTHS_PER_S = 20.0
"""Of all nodes: after a start of the hub each is asked, and answers with all that it has."""
LONGEST_S = 300.0
"""Between two questions to a node that does not answer."""

Publish = Callable[[str, bytes], None]
"""Publishes to a topic with QoS 0; does nothing while there is no connection."""


class _Asked(NamedTuple):
    at: float
    wait_s: float


class EdgeNodes:
    """The edge nodes of a network, by group and name."""

    def __init__(self, publish: Publish, rebirth_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._publish, self._rebirth_s, self._clock = publish, rebirth_s, clock
        self._nodes: dict[str, EdgeNode] = {}
        self._asked: dict[str, _Asked] = {}
        self._pace = TokenBuckets(REBIRTHS_PER_S)

    def translate(self, raw: Raw) -> Sequence[Raw]:
        """What is to be decoded of a message: with names and types; with the death of a node those of its devices."""
        origin = raw.origin
        if origin.protocol != SPARKPLUG or origin.fault is not None:
            return [raw]
        group, _, rest = origin.device.partition("/")
        node_name, _, device = rest.partition("/")
        name = f"{group}/{node_name}"
        node = self._nodes.pop(name, None) or EdgeNode()
        self._nodes[name] = node  # the last one: it was heard now
        if len(self._nodes) > MAX_NODES:
            del self._nodes[next(iter(self._nodes))]
        told, wants_births = node.take(origin.form, device, raw.payload)
        if node.born and origin.form == "NBIRTH":
            self._asked.pop(name, None)
        if wants_births:
            self._ask(group, node_name)
        return [
            raw._replace(payload=each.payload, origin=origin if each.device == device else _of_child(name, each))
            for each in told
        ]

    def forget(self) -> None:
        """A connection has ended: births may have been missed since, and each node is asked again."""
        self._nodes.clear()
        self._asked.clear()

    def _ask(self, group: str, node: str) -> None:
        """Ask a node for its births: at most every `rebirth_s`, half as often each time that it does not answer."""
        name, now = f"{group}/{node}", self._clock()
        asked = self._asked.get(name)
        if asked is not None and now - asked.at < asked.wait_s:
            return
        if self._pace.take("", now):
            return
        wait_s = self._rebirth_s if asked is None else min(2 * asked.wait_s, LONGEST_S)
        if len(self._asked) >= MAX_NODES:
            self._asked.clear()
        self._asked[name] = _Asked(now, wait_s)
        self._publish(f"spBv1.0/{group}/NCMD/{node}", rebirth(now_micros() // 1000))
        log.info("sparkplug: asked %s for its births", name)


def _of_child(node: str, told: Told) -> Origin:
    return network_origin("mqtt", SPARKPLUG, told.kind, f"{node}/{told.device}")


def rebirth(now_ms: int) -> bytes:
    """The command that asks an edge node for its births."""
    metric = block(NAME, b"Node Control/Rebirth") + key(DATATYPE, 0) + varint(BOOL) + key(BOOLEAN, 0) + varint(1)
    return key(TIMESTAMP, 0) + varint(now_ms) + block(METRICS, metric)


def state_topic(host_id: str) -> str:
    """Where a primary host tells whether it is there."""
    return f"spBv1.0/STATE/{host_id}"


def state(online: bool, at_ms: int) -> bytes:
    """That a primary host is there, or not; the time is that of its connection in both."""
    return json.dumps({"online": online, "timestamp": at_ms}, separators=(",", ":")).encode()
