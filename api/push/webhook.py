"""Webhook channel: CloudEvents in signed POST requests after Standard Webhooks 1.0."""

from collections.abc import Mapping
from typing import Any

import httpx

from api.cloudevents import encode, event_of, summary_event
from api.push.channel import Consumer, Delivery, Summary
from api.push.http_call import Request
from api.push.http_channel import HttpChannel
from api.push.keys import Keys
from api.push.signature import sign
from api.push.wording import counted, with_mark

FIRST = 10
"""Titles that stand at the top of a summary."""


class Webhook(HttpChannel):
    """2xx is accepted."""

    def request(self, consumer: Consumer, keys: Keys, url: httpx.URL, delivery: Delivery) -> Request:
        """A CloudEvent in JSON; of the type ganzhi.test for a test, ganzhi.heartbeat for a heartbeat."""
        about = delivery.subject, delivery.schema
        event = event_of(delivery.id, delivery.kind, delivery.at, _marked(delivery), *about)
        return self._signed(keys, url, delivery.id, event)

    def summary_request(self, consumer: Consumer, keys: Keys, url: httpx.URL, summary: Summary) -> Request:
        """A CloudEvent of the type ganzhi.alerts.summary, which names each change."""
        pictures = [_marked(each) for each in summary.named]
        data = {
            "count": len(pictures),
            "levels": counted(picture.get("level") for picture in pictures),
            "event_kinds": counted(picture.get("event_kind") or picture.get("metric") for picture in pictures),
            "regions": counted(picture.get("region") for picture in pictures),
            "titles": [picture["title"] for picture in pictures if "title" in picture][:FIRST],
            "drill": summary.drill,
            "alerts": [
                {"id": each.id, "kind": each.kind, "at": each.at, **picture}
                for each, picture in zip(summary.named, pictures, strict=True)
            ],
        }
        return self._signed(keys, url, summary.id, summary_event(summary.id, summary.at, data))

    def _signed(self, keys: Keys, url: httpx.URL, id_: str, event: Mapping[str, Any]) -> Request:
        body, timestamp = encode(event), int(self._clock())
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": id_,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys.secret, id_, timestamp, body),
        }
        return Request(url, body, headers, keys.login)


def _marked(delivery: Delivery) -> Mapping[str, Any]:
    picture = delivery.picture
    return {**picture, "title": with_mark(delivery, picture["title"])} if "title" in picture else picture
