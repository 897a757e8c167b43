"""A change of an alert as channels get it."""

from datetime import UTC, datetime
from typing import Any

from api.push.channel import Accepted, Answer, Consumer, Delivery, Summary
from hub.words import Lang

TITLE = "水位 4.31"
PICTURE: dict[str, Any] = {
    "alert": "0a0a0a0a-0000-4000-8000-000000000001", "seq": 1, "rule": "level", "rule_name": "Level",
    "device": "gauge-1", "device_name": "River gauge 1", "metric": "level", "event_kind": None, "category": "water",
    "region": "330106001002", "lon": 120.13, "lat": 30.27, "organisation": "water-office", "title": TITLE,
    "level": "red", "peak_level": "red", "state": "open", "condition": "active", "handling": "open", "value": 4.31,
    "threshold": 4.0, "opened_at": "2026-01-01T00:00:00+00:00", "cleared_at": None,
    "changed_at": "2026-01-01T00:00:00+00:00", "raised_at": "2026-01-01T00:00:01+00:00",
    "link": "https://ganzhi.example.org/#alert-1",
}  # fmt: skip


def change(id: str = "a.1", kind: str = "raised", lang: Lang = "zh", **picture: Any) -> Delivery:  # noqa: A002 as in Delivery
    """A change of a red alert; `picture` replaces parts of its picture."""
    at = datetime(2026, 1, 1, 0, 0, 1, tzinfo=UTC)
    return Delivery(id, kind, at, PICTURE | picture, lang, "浙江省杭州市西湖区")


class FakeChannel:
    """Accepts everything; tests say otherwise."""

    async def send(self, consumer: Consumer, delivery: Delivery) -> Answer:
        return Accepted()

    async def send_summary(self, consumer: Consumer, summary: Summary) -> Answer:
        """As `send` of the last that it names."""
        return await self.send(consumer, summary.named[-1])
