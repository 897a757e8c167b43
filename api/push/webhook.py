"""Webhook channel: CloudEvents in signed POST requests after Standard Webhooks 1.0."""

import httpx

from api.cloudevents import encode, event_of
from api.push.channel import Consumer, Delivery
from api.push.http_call import Request
from api.push.http_channel import HttpChannel
from api.push.keys import Keys
from api.push.signature import sign
from api.push.wording import with_mark


class Webhook(HttpChannel):
    """2xx is accepted."""

    def request(self, consumer: Consumer, keys: Keys, url: httpx.URL, delivery: Delivery) -> Request:
        """A CloudEvent in JSON; of the type ganzhi.test for a test, ganzhi.heartbeat for a heartbeat."""
        picture = delivery.picture
        if "title" in picture:
            picture = {**picture, "title": with_mark(delivery, picture["title"])}
        body = encode(event_of(delivery.id, delivery.kind, delivery.at, picture))
        timestamp = int(self._clock())
        headers = {
            "content-type": "application/cloudevents+json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(keys.secret, delivery.id, timestamp, body),
        }
        return Request(url, body, headers, keys.login)
