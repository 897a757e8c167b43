"""What the MQTT sink publishes where, and what it lets the broker keep."""

from collections.abc import Sequence
from typing import Any

import pytest

from api.push.follower import Message
from api.push.mqtt import MqttSink

ALERT = {"region": "330106001002", "level": "yellow", "peak_level": "yellow", "handling": "open"}
BASE = "ganzhi/v1/alerts/330106001002"


class Broker:
    def __init__(self) -> None:
        self.messages: list[tuple[str, bytes, bool]] = []

    async def publish(self, messages: Sequence[tuple[str, bytes, bool]]) -> None:
        self.messages += messages

    @property
    def kept(self) -> dict[str, bytes]:
        """What is retained, by topic."""
        kept = {topic: payload for topic, payload, retain in self.messages if retain}
        return {topic: payload for topic, payload in kept.items() if payload}


async def sent(sink: MqttSink, kind: str = "raised", **alert: Any) -> None:
    event = {"type": f"ganzhi.alert.{kind}", "data": {**ALERT, **alert}}
    await sink.hand_over([Message("a1", event, kind.encode())])


async def test_a_change_goes_to_the_region_and_the_highest_level() -> None:
    broker = Broker()
    sink = MqttSink(broker.publish, "ganzhi/v1/alerts")
    await sent(sink, peak_level="red")
    await sent(sink, region=None)
    assert broker.messages == [(f"{BASE}/red", b"raised", False), ("ganzhi/v1/alerts/-/yellow", b"raised", False)]


async def test_the_newest_state_is_kept_where_the_alert_is_now() -> None:
    broker = Broker()
    sink = MqttSink(broker.publish, "ganzhi/v1/alerts", retain=True)
    await sent(sink)
    assert broker.kept == {f"{BASE}/yellow/a1": b"raised"}
    await sent(sink, "updated", level="red", peak_level="red")
    assert broker.kept == {f"{BASE}/red/a1": b"updated"}
    await sent(sink, "cleared", level="blue", peak_level="red")
    assert broker.kept == {f"{BASE}/red/a1": b"cleared"}, "cleared is not closed"


@pytest.mark.parametrize("handling", ["closed", "false_alarm", "merged"])
async def test_nothing_is_kept_of_what_has_ended(handling: str) -> None:
    broker = Broker()
    sink = MqttSink(broker.publish, "ganzhi/v1/alerts", retain=True)
    await sent(sink)
    await sent(sink, handling, handling=handling)
    assert broker.kept == {}
    await sent(sink, "reopened")
    assert broker.kept == {f"{BASE}/yellow/a1": b"reopened"}
